"""The launcher on a small project of its own: real environments, real pip, one tiny package from a local folder."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """import json, os, sys
import tiny
print(json.dumps([tiny.VERSION, sys.argv[1:], os.getcwd()]))
sys.exit(int(sys.argv[-1]) if sys.argv[-1].isdigit() else 0)
"""


def build_wheel(folder: Path, version: str) -> str:
    """Write ``tiny-<version>`` as a wheel and return its hash."""
    folder.mkdir(exist_ok=True)
    path = folder / f"tiny-{version}-py3-none-any.whl"
    info = f"tiny-{version}.dist-info"
    files = {
        "tiny.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}\n"
        for name, text in files.items()
    )
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            wheel.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class Clone:
    """A clone with the real launcher and a program that prints what reached it."""

    root: Path
    wheels: Path

    def lock(self, version: str = "1.0", digest: str | None = None) -> None:
        digest = digest or build_wheel(self.wheels, version)
        (self.root / "requirements.lock").write_text(
            f"# a lock\ntiny=={version} \\\n    --hash=sha256:{digest}\n"
        )

    def environment(self, **changes: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PIP_", "LIQATLAS_", "PYTHON"))
        }
        local = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull}
        return {**kept, **local, "LIQATLAS_PYTHON": sys.executable, **changes}

    def start(
        self, *args: str, launcher: Path | None = None, cwd: Path | None = None, **changes: str
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(launcher or self.root / "liq"), *args],
            cwd=cwd, env=self.environment(**changes), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip

    def run(
        self, *args: str, launcher: Path | None = None, cwd: Path | None = None, **changes: str
    ) -> tuple[int, str, str]:
        with self.start(*args, launcher=launcher, cwd=cwd, **changes) as process:
            out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    root = tmp_path / "a clone with blanks"
    (root / "scripts").mkdir(parents=True)
    (root / "src" / "liqatlas").mkdir(parents=True)
    (root / "src" / "liqatlas" / "__main__.py").write_text(PROGRAM)
    for name in ("liq", "scripts/environment.sh", "scripts/environment.py"):
        shutil.copy2(ROOT / name, root / name)
    made = Clone(root, tmp_path / "wheels")
    made.lock()
    return made


def test_first_start_prepares_and_later_starts_are_silent(clone: Clone, tmp_path: Path) -> None:
    code, out, err = clone.run("map", "with blank", "7")
    assert (code, out.count("with blank")) == (7, 1)
    assert "the environment is ready" in err

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "tiny.py").write_text(
        "raise SystemExit('a file of the working folder stood in for a module')"
    )
    link = tmp_path / "link"
    link.symlink_to(Path("link2"))
    (tmp_path / "link2").symlink_to(clone.root / "liq")
    code, out, err = clone.run(launcher=link, cwd=elsewhere)
    assert (code, err) == (0, "")
    assert out == f'["1.0", [], "{elsewhere}"]\n'


def test_what_python_compiles_is_kept_even_where_the_environment_forbids_it(clone: Clone) -> None:
    assert clone.run(PYTHONDONTWRITEBYTECODE="1")[0] == 0
    assert [path.name.partition(".")[0] for path in (clone.root / ".venv").rglob("tiny*.pyc")] == ["tiny"]


def test_changed_lock_and_moved_clone_renew_the_environment(clone: Clone) -> None:
    clone.run()
    clone.lock("2.0")
    code, out, err = clone.run()
    assert (code, out[:6]) == (0, '["2.0"')
    assert "bringing the environment up to date" in err

    moved = clone.root.with_name("moved")
    clone.root.rename(moved)
    code, out, _ = Clone(moved, clone.wheels).run()
    assert (code, out[:6]) == (0, '["2.0"')


def test_two_first_starts_at_once(clone: Clone) -> None:
    processes = [clone.start("5"), clone.start("6")]
    ends = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [5, 6]
    words = "".join(err for _, err in ends)
    assert words.count("another start is preparing the environment") == 1
    assert words.count("the environment is ready") == 1


def test_start_after_a_killed_one(clone: Clone) -> None:
    venv = clone.root / ".venv"
    process = clone.start()
    deadline = time.monotonic() + 60
    while not (venv / "installing").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert (venv / "installing").exists()
    (venv / "left-over").touch()

    code, out, err = clone.run()
    assert (code, out[:6]) == (0, '["1.0"')
    assert "incomplete, making it anew" in err
    assert not (venv / "left-over").exists()


def test_a_folder_of_someone_else_is_left_alone(clone: Clone, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    code, out, err = clone.run(LIQATLAS_VENV=str(precious))
    assert (code, out) == (1, "")
    assert "was not made by this launcher" in err
    assert [path.name for path in precious.iterdir()] == ["thesis.txt"]


def test_without_network_one_sentence_and_then_it_recovers(clone: Clone) -> None:
    code, out, err = clone.run(PIP_NO_INDEX="0", PIP_FIND_LINKS="", PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert (code, out) == (3, "")
    assert "the package index cannot be reached" in err
    assert "Traceback" not in err
    assert clone.run()[0] == 0


def test_package_that_is_not_the_locked_one_is_refused(clone: Clone) -> None:
    clone.lock(digest="0" * 64)
    code, _, err = clone.run()
    assert code == 1
    assert "differs from its recorded hash and was refused" in err


def test_package_that_is_not_to_be_had(clone: Clone) -> None:
    shutil.rmtree(clone.wheels)
    clone.wheels.mkdir()
    code, _, err = clone.run()
    assert code == 3
    assert "offers no tiny==1.0" in err


@pytest.mark.parametrize(
    "shim",
    ["echo 'command not found: version not set' >&2; exit 127", "echo '3.9 at /usr/bin/python3'; exit 1"],
)
def test_no_usable_python_is_one_sentence(clone: Clone, tmp_path: Path, shim: str) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name in ("bash", "dirname", "env", "readlink"):
        (bin_folder / name).symlink_to(shutil.which(name) or name)
    for name in ("python3", "python3.12"):
        (bin_folder / name).write_text(f"#!/bin/bash\n{shim}\n")
        (bin_folder / name).chmod(0o755)
    code, out, err = clone.run(PATH=str(bin_folder), LIQATLAS_PYTHON="", HOME=str(tmp_path), PYENV_ROOT="")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "needs Python 3.11 or newer" in err


def test_failing_shim_is_passed_over(clone: Clone, tmp_path: Path) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    (bin_folder / "python3").write_text("#!/bin/bash\nexit 127\n")
    (bin_folder / "python3").chmod(0o755)
    (bin_folder / "python3.11").symlink_to(sys.executable)
    (bin_folder / "bash").symlink_to(shutil.which("bash") or "bash")
    code, out, _ = clone.run(PATH=f"{bin_folder}", LIQATLAS_PYTHON="", HOME=str(tmp_path))
    assert (code, out[:6]) == (0, '["1.0"')


def test_named_python_that_does_not_serve(clone: Clone) -> None:
    code, _, err = clone.run(LIQATLAS_PYTHON="/bin/false")
    assert code == 1
    assert err == (
        "liqatlas: LIQATLAS_PYTHON=/bin/false is not a CPython of version 3.11 or newer: name another one or unset it\n"
    )
