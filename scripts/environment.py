"""Make or renew the environment that ``./liq`` and ``./dev`` run in, and say on stderr what happens.

Started by ``scripts/environment.sh`` with the interpreter it found, only when the environment's stamp does not fit.
Needs the standard library alone. Safe against a second start at the same moment (a file lock that ends with its process)
and against being killed half-way (a mark that makes the next start begin again).
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Left in a folder that this script made; any other folder is never removed.
OWNED = "made-by-liqatlas"
#: Stands while packages are written; found at a start, the last one was killed.
INSTALLING = "installing"
LOG = "install.log"
#: Bytes that an environment takes, and what counts as a full disk.
NEEDED, LITTLE = 1_000_000_000, 10_000_000
EXIT_ENVIRONMENT, EXIT_NETWORK = 1, 3
#: The lock of each kind.
LOCKS = {"dev": "requirements-dev.lock", "user": "requirements.lock", "ccxt": "requirements-ccxt.lock"}
#: The kinds whose every package an environment of a kind holds; ``ccxt`` pins other versions and vouches for itself alone.
HOLDS = {"dev": ("dev", "user"), "user": ("user",), "ccxt": ("ccxt",)}

_STARTED = time.monotonic()


class PreparationError(Exception):
    """The environment cannot be made; one sentence for the user and an exit code."""

    def __init__(self, message: str, exit_code: int = EXIT_ENVIRONMENT) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def say(message: str, *, passing: bool = False) -> None:
    """Write one line with the time since the start; a passing line is overwritten by the next, on terminals only."""
    terminal = sys.stderr.isatty()
    if passing and not terminal:
        return
    line = f"liqatlas: {message} ({time.monotonic() - _STARTED:.0f} s)"
    width = shutil.get_terminal_size().columns - 1
    clear = "\r\x1b[K" if terminal else ""
    sys.stderr.write(clear + (line[:width] if passing else line + "\n"))
    sys.stderr.flush()


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold a file lock; the system frees it when this process ends, however it ends."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another start is preparing the environment, waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def stamp_text(root: Path, lock: Path) -> str:
    """Return what a ready environment's stamp holds; ``environment.sh`` compares the same text."""
    return f"{root}\n{lock.read_text(encoding='utf-8')}"


def is_ready(root: Path, venv: Path, kind: str) -> bool:
    """Return whether the environment fits the lock."""
    stamp = venv / f"stamp-{kind}"
    return (
        (venv / "bin" / "python").exists()
        and stamp.is_file()
        and stamp.read_text(encoding="utf-8") == stamp_text(root, root / LOCKS[kind])
    )


def clear_unusable(venv: Path) -> None:
    """Remove an environment that was killed half-way, has lost its Python or belongs to another Python."""
    if not venv.exists() or not any(venv.iterdir()):
        return
    if not (venv / OWNED).exists():
        raise PreparationError(
            f"{venv} exists and was not made by this launcher: move it away, or set LIQATLAS_VENV to another folder"
        )
    works = (
        _run([str(venv / "bin" / "python"), "-I", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"])
        == 0
    )
    if works and not (venv / INSTALLING).exists():
        return
    say("the environment is incomplete, making it anew")
    shutil.rmtree(venv)


def _run(command: Sequence[str], log: Path | None = None) -> int:
    """Run a program quietly, its output added to a log; 127 where it is not there."""
    try:
        with (log or Path(os.devnull)).open("ab") as out:
            return subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False
            ).returncode
    except (FileNotFoundError, PermissionError):
        return 127


def create(venv: Path) -> None:
    """Make an environment with pip in it, or without where only an outer pip can be had."""
    if shutil.disk_usage(venv.parent).free < NEEDED:
        raise no_room(venv)
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"first start: making an environment in {venv} with Python {version}, about a minute")
    venv.mkdir(parents=True, exist_ok=True)
    (venv / OWNED).touch()
    (venv / INSTALLING).touch()
    log = venv / LOG
    if _run([sys.executable, "-I", "-m", "venv", str(venv)], log) == 0:
        return
    # Debian and others cut ensurepip out of the standard library: an outer pip or virtualenv serves as well
    if _run([sys.executable, "-I", "-m", "venv", "--without-pip", str(venv)], log) == 0 and outer_pip(venv):
        return
    if _run([sys.executable, "-m", "virtualenv", str(venv)], log) == 0:
        return
    if shutil.disk_usage(venv).free < LITTLE:
        raise no_room(venv)
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    raise PreparationError(
        f"Python {version} at {sys.executable} has neither ensurepip nor pip nor virtualenv: install its venv package "
        f"(Debian and Ubuntu: apt install {package}) and start again"
    )


def no_room(venv: Path) -> PreparationError:
    """Return what a full disk means to the user."""
    return PreparationError(
        f"no room left for {venv} or in the temporary folder {tempfile.gettempdir()}: "
        f"about {NEEDED / 1e9:.0f} GB is wanted; make room and start again"
    )


def outer_pip(venv: Path) -> list[str] | None:
    """Return the command of a pip outside that installs into the environment, or ``None`` (before pip 22.3)."""
    command = [sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python")]
    return command if _run([*command, "--version"]) == 0 else None


def pip_command(venv: Path) -> list[str]:
    """Return the command of the pip that serves this environment."""
    inner = [str(venv / "bin" / "python"), "-I", "-m", "pip"]
    if _run([*inner, "--version"]) == 0:
        return inner
    command = outer_pip(venv)
    if command is None:
        raise PreparationError(
            f"the environment in {venv} has lost its pip: remove that folder and start again"
        )
    return command


def install(venv: Path, lock: Path) -> None:
    """Install what a lock names, every file checked against its hash.

    Raises
    ------
    PreparationError
        If pip cannot; the message says why in one sentence, the log holds pip's own words.
    """
    names = set(re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text(encoding="utf-8"), flags=re.MULTILINE))
    say(f"fetching {len(names)} packages, each checked against its hash")
    command = [
        *pip_command(venv), "install", "--require-hashes", "--only-binary", ":all:", "--no-deps", "--no-user",
        "--no-compile", "--no-input", "--no-warn-script-location", "--disable-pip-version-check", "--retries", "2",
        "--progress-bar", "off", "--requirement", str(lock),
    ]  # fmt: skip
    (venv / INSTALLING).touch()
    installing, seen = False, 0
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with (
        (venv / LOG).open("w", encoding="utf-8") as log,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", env=environment,
        ) as pip,
    ):  # fmt: skip
        assert pip.stdout is not None
        for line in pip.stdout:
            log.write(line)
            if collecting := re.match(
                r"(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9._-]+)", line
            ):
                seen += 1
                say(f"fetching {seen}/{len(names)} {collecting[1]}", passing=True)
            elif "Retrying (" in line:
                say("the package index does not answer, trying again", passing=True)
            elif line.startswith("Installing collected packages"):
                installing = True
                say("installing", passing=True)
    if pip.returncode == 0:
        (venv / INSTALLING).unlink()
        return
    if not installing:  # pip fetches everything before it writes anything: what was there is whole
        (venv / INSTALLING).unlink()
    raise explain(venv / LOG)


def explain(log: Path) -> PreparationError:
    """Return pip's failure as one sentence."""
    text = log.read_text(encoding="utf-8", errors="replace")
    if "No space left on device" in text:
        return no_room(log.parent)
    if "DO NOT MATCH THE HASHES" in text:
        return PreparationError(
            f"a package differs from its recorded hash and was refused; pip's words are in {log}"
        )
    if re.search(r"Retrying \(|Connection|name resolution|Network is unreachable|ProxyError|SSLError", text):
        return PreparationError(
            f"the package index cannot be reached: check the network or pip's settings and start again; "
            f"pip's words are in {log}",
            EXIT_NETWORK,
        )
    if missing := re.search(r"No matching distribution found for ([^\s;]+)", text):
        version = ".".join(map(str, sys.version_info[:2]))
        return PreparationError(
            f"the package index offers no {missing[1]} made for Python {version} on {sysconfig.get_platform()}: "
            "name another Python (3.11 to 3.14) with LIQATLAS_PYTHON",
            EXIT_NETWORK,
        )
    errors = [line for line in text.splitlines() if line.startswith("ERROR:")]
    return PreparationError(f"pip failed: {errors[-1][7:] if errors else 'without a word'}; its log is {log}")


def packages_folder(venv: Path) -> Path:
    """Return the environment's site-packages, as its own Python names it (ours can be of another version)."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    answer = subprocess.run(
        [str(venv / "bin" / "python"), "-I", "-c", ask], capture_output=True, text=True, check=True
    )
    return Path(answer.stdout.strip())


def prepare(root: Path, venv: Path, kind: str) -> None:
    """Bring the environment to the state that the lock describes."""
    if (venv / OWNED).exists() and any(venv.glob("stamp-*")) and not (venv / INSTALLING).exists():
        say("the list of packages has changed or grown, bringing the environment up to date")
    clear_unusable(venv)
    if not (venv / "bin" / "python").exists():
        create(venv)
    for stamp in venv.glob("stamp-*"):
        stamp.unlink()
    install(venv, root / LOCKS[kind])
    # the project itself: its source folder on the path, so that an edit or a pull holds at once
    (packages_folder(venv) / "liqatlas.pth").write_text(f"{root / 'src'}\n", encoding="utf-8")
    for held in HOLDS[kind]:
        (venv / f"stamp-{held}").write_text(stamp_text(root, root / LOCKS[held]), encoding="utf-8")
    say("the environment is ready")


def main() -> int:
    """Prepare the environment named on the command line and return an exit code."""
    parser = argparse.ArgumentParser(description="Make or renew the environment of ./liq and ./dev.")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--venv", type=Path, required=True)
    parser.add_argument("--kind", choices=list(LOCKS), required=True)
    options = parser.parse_args()
    root, venv, kind = options.root, options.venv, options.kind
    try:
        venv.parent.mkdir(parents=True, exist_ok=True)
        with only_one(venv.with_name(venv.name + ".lock")):
            if not is_ready(root, venv, kind):
                prepare(root, venv, kind)
    except PreparationError as failure:
        say(str(failure))
        return failure.exit_code
    except KeyboardInterrupt:
        say("stopped; the next start begins anew")
        return 130
    except OSError as error:
        if error.errno == errno.ENOSPC:
            say(str(no_room(venv)))
            return EXIT_ENVIRONMENT
        say(
            f"the environment cannot be written: {error.strerror or error} ({error.filename}): mend that, "
            "or set LIQATLAS_VENV to a folder that can be written"
        )
        return EXIT_ENVIRONMENT
    return 0


if __name__ == "__main__":
    sys.exit(main())
