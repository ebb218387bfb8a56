"""The project keeps the promises that no single room can keep."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import liqatlas

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "liqatlas"
ROOMS = (
    "base", "rules", "venues", "store", "levels", "maps", "book", "signals", "cascade", "evaluate", "simulate", "plot",
    "report", "flows", "backfill", "server", "cli",
)  # fmt: skip


def project() -> dict[str, object]:
    table: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listing.returncode != 0:
        pytest.skip("not a git checkout: there is no list of tracked files")
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


# Spelled so that this file does not hold what it forbids.
FORBIDDEN = {
    "a package registry's address": r"pypi\.(?:org|python)|pythonhosted\.(?:org)|registry\.npm(?:js)|files\.python(?:hosted)",
    "a path of one machine": r"/work/(?:main|shared|\.)|/tmp/w(?:/)|/root/\.(?:pyenv)|/opt/(?:pypi|wheels)",
    "the tools of one workplace": r"\b(?:cl[a]ude|anthr[o]pic|cop[i]lot|chat[g]pt)\b|ag[e]nt session",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what].encode(), re.IGNORECASE)
    found = []
    for path in tracked_files():
        match = pattern.search(path.read_bytes())
        if match:
            found.append(f"{path.relative_to(ROOT)}: {match[0].decode()}")
    assert not found


def test_no_lock_that_names_a_registry() -> None:
    names = {path.name for path in tracked_files()}
    assert not names & {"uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock"}


def test_no_data_file_above_a_megabyte() -> None:
    assert not [path for path in tracked_files() if path.stat().st_size > 1_000_000]


def test_every_room_stands_with_its_readme_and_nothing_else_does() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ROOMS)
    for room in ROOMS:
        words = (PACKAGE / room / "README.md").read_text(encoding="utf-8")
        assert words.startswith(f"# {room} — "), room
        assert (PACKAGE / room / "__init__.py").is_file(), room


def test_import_contract_lists_every_room() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in table["contracts"] if contract["type"] == "layers")
    assert {room.strip() for layer in layers for room in layer.split("|")} == set(ROOMS)


def test_version_stands_once_and_the_changelog_agrees() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]
    assert project()["dynamic"] == ["version"]
    assert ROOT / build["version"]["path"] == PACKAGE / "__init__.py"
    headings = re.findall(
        r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert headings[0] == liqatlas.__version__


def pins(lock: str) -> dict[str, list[Requirement]]:
    """Return what a lock pins, by name; one package can have a pin per Python version."""
    lines = re.findall(
        r"^([A-Za-z0-9][^\\#\n]*==[^\\#\n]*)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE
    )
    found: dict[str, list[Requirement]] = {}
    for line in lines:
        pin = Requirement(line.strip())
        found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def asked(kind: str) -> list[Requirement]:
    table = project()
    texts = list(table["dependencies"])  # type: ignore[call-overload]
    for extra in {"user": [], "dev": ["dev"], "ccxt": ["ccxt", "ccxt-tests"]}[kind]:
        texts += table["optional-dependencies"][extra]  # type: ignore[index]
    return [Requirement(text) for text in texts]


LOCKS = {"user": "requirements.lock", "dev": "requirements-dev.lock", "ccxt": "requirements-ccxt.lock"}


@pytest.mark.parametrize(("kind", "lock"), LOCKS.items())
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_lock_satisfies_pyproject(lock: str, kind: str, python: str) -> None:
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    locked = pins(lock)
    for wanted in asked(kind):
        fitting = [
            pin for pin in locked.get(canonicalize_name(wanted.name), ())
            if pin.marker is None or pin.marker.evaluate(environment)
        ]  # fmt: skip
        assert len(fitting) == 1, f"{wanted.name} has {len(fitting)} pins in {lock} for Python {python}"
        (version,) = fitting[0].specifier
        assert wanted.specifier.contains(version.version), (
            f"{lock}: {fitting[0]} does not fit {wanted}: ./dev lock"
        )


def test_dev_lock_holds_the_user_lock() -> None:
    user, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    for name, wanted in user.items():
        # the development extra can widen a marker, never change a version
        assert {str(pin.specifier) for pin in dev[name]} == {str(pin.specifier) for pin in wanted}


def test_ccxt_is_in_its_own_lock_alone() -> None:
    assert [kind for kind, lock in LOCKS.items() if "ccxt" in pins(lock)] == ["ccxt"]


@pytest.mark.parametrize("lock", LOCKS.values())
def test_every_pin_has_a_hash_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(blocks) == sum(map(len, pins(lock).values()))
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
    assert "--index" not in text


def test_readme_holds_both_commands_and_ci_runs_the_second() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "cd liqatlas && ./liq demo" in readme
    assert "./dev test" in readme
    assert "./dev test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["liq", "dev", ".ci/run", ".ci/proof", "scripts/lock", ".ci/jobs/ccxt"])
def test_script_can_be_started(name: str) -> None:
    path = ROOT / name
    assert path.stat().st_mode & 0o111, f"{name} is not executable"
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0


def kernel_modules() -> list[Path]:
    return [path for path in PACKAGE.rglob("*.py") if "kernels" in path.stem]


@pytest.mark.parametrize("path", kernel_modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_kernels_import_only_what_their_cache_watches(path: Path) -> None:
    """A compiled kernel freezes what it calls; the cache is keyed by base and the kernels modules alone."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            watched = name.startswith("liqatlas.base") or "kernels" in name.rsplit(".", 1)[-1]
            assert not name.startswith("liqatlas") or watched, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", kernel_modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_kernels_run_once_more_without_compilation(path: Path) -> None:
    """Some test module that is marked ``kernels`` reaches every kernels module by name or through its room."""
    room = path.relative_to(PACKAGE).parts[0]
    marked = [
        text for file in (ROOT / "tests").rglob("test_*.py")
        if "mark.kernels" in (text := file.read_text(encoding="utf-8"))
    ]  # fmt: skip
    assert any(f"liqatlas.{room}" in text for text in marked), f"no test marked kernels reaches {path}"


def proof(tree: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tree / ".ci" / "proof", *args], capture_output=True, text=True, check=False)


def test_proofs_run_in_order_of_name_and_one_can_be_named(tmp_path: Path) -> None:
    """Of the copy of the script: a proof that breaks does not keep the others from running, and ends it with 1."""
    folder = tmp_path / ".ci" / "proof.d"
    folder.mkdir(parents=True)
    scripts = {
        folder.parent / "proof": (ROOT / ".ci" / "proof").read_text(encoding="utf-8"),
        folder / "b_breaks": "#!/usr/bin/env bash\necho b\nexit 3\n",
        folder / "a_holds": '#!/usr/bin/env bash\necho "a $*"\n',
        tmp_path / "dev": '#!/usr/bin/env bash\necho "dev $*"\n',
    }
    for path, text in scripts.items():
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    (folder / "notes.txt").write_text("no proof", encoding="utf-8")
    assert proof(tmp_path, "--list").stdout.split() == ["bench", "a_holds", "b_breaks"]
    every = proof(tmp_path)
    assert every.returncode == 1
    assert [line for line in every.stdout.splitlines() if line in {"dev bench", "a ", "b"}] == [
        "dev bench",
        "a ",
        "b",
    ]
    assert "b_breaks             BROKEN (exit code 3)" in every.stdout
    one = proof(tmp_path, "a_holds", "--", "--short")
    assert (one.returncode, "a --short" in one.stdout, "dev" in one.stdout) == (0, True, False)
    assert proof(tmp_path, "soak_that_is_none").returncode == 2


def test_every_proof_of_the_project_can_be_started() -> None:
    found = [path for path in (ROOT / ".ci" / "proof.d").iterdir() if path.is_file()]
    assert found
    for path in found:
        assert path.stat().st_mode & 0o111, f"{path.name} is not executable"
        assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
