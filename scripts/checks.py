"""Run the checks of ``./dev test`` and ``./dev lint`` one after the other, all of them, and sum up.

Usage: ``checks.py lint|test …`` inside the development environment. What the tests need compiled is compiled beside the lint.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Check:
    """One program that must end with exit code 0."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How a check ended: its exit code, its duration [s] and the last line it printed."""

    check: Check
    exit_code: int
    duration_s: float
    closing_line: str


# One worker a core; a file stays with one worker, so that what its tests share is made once. Files come in the order of
# tests/conftest.py, the slow ones first: by default those with most tests would, and one worker would end long before the other.
PYTEST = (sys.executable, "-m", "pytest", "-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")


def marked(mark: str) -> tuple[str, ...]:
    """Return pytest's arguments for a mark: it, and the files that carry it, as collecting all takes longer than some runs."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return ("-m", mark, *(str(f) for f in files if f"mark.{mark}" in f.read_text(encoding="utf-8")))


COMPILE = Check("kernels, compiled", (sys.executable, "-m", "liqatlas", "warmup"))
CHECKS: dict[str, tuple[Check, ...]] = {
    "lint": (
        Check("ruff check", (sys.executable, "-m", "ruff", "check", ".")),
        Check("ruff format", (sys.executable, "-m", "ruff", "format", "--check", ".")),
        Check("mypy --strict", (sys.executable, "-m", "mypy")),
        Check("import rules", (str(BIN / "lint-imports"), "--no-logo")),
        Check("dependency audit", ("bash", ".ci/audit"), {"PYTHON": sys.executable}),
    ),
    "test": (
        Check("pytest", (*PYTEST, "-m", "not browser")),
        # apart: a browser's driver keeps an event loop running in its process, where no other test could start one
        Check("pytest, browser", (*PYTEST, *marked("browser"))),
        Check("kernels, not compiled", (*PYTEST, *marked("kernels")), {"NUMBA_DISABLE_JIT": "1"}),
    ),
}


def start(check: Check) -> subprocess.Popen[str]:
    """Start one check; what it prints can be read as it comes."""
    return subprocess.Popen(
        check.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=ROOT,
        env={**os.environ, **check.environment, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


def finish(check: Check, process: subprocess.Popen[str], started: float) -> Outcome:
    """Show what a check prints until it ends."""
    print(f"\n── {check.name}", flush=True)
    closing_line = ""
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            closing_line = line.strip() or closing_line
    return Outcome(check, process.returncode, time.perf_counter() - started, closing_line)


def run(groups: list[str]) -> list[Outcome]:
    """Run the checks of these groups in their order; the kernels are compiled while the lint keeps one core busy."""
    os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba"))  # where tests/conftest.py looks
    compiling, begun = (start(COMPILE) if "test" in groups else None), time.perf_counter()
    outcomes = []
    for group in sorted(groups):
        if group == "test" and compiling:
            outcomes.append(finish(COMPILE, compiling, begun))
        for check in CHECKS[group]:
            started = time.perf_counter()
            outcomes.append(finish(check, start(check), started))
    return outcomes


def main() -> int:
    """Run the groups named on the command line; return 0 only if every check passed."""
    groups = sys.argv[1:]
    if not groups or not set(groups) <= CHECKS.keys():
        print(
            f"wanted one or more of {', '.join(CHECKS)}; got {' '.join(groups) or 'nothing'}", file=sys.stderr
        )
        return 2
    outcomes = run(groups)
    print(f"\n── summary, Python {sys.version.split()[0]}")
    for outcome in outcomes:
        verdict = "passed" if outcome.exit_code == 0 else f"FAILED ({outcome.exit_code})"
        print(f"{verdict:11} {outcome.duration_s:7.1f} s  {outcome.check.name:22} {outcome.closing_line}")
    return int(any(outcome.exit_code for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
