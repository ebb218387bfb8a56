"""Run the checks of ``./dev test`` and ``./dev lint`` one after the other, all of them, and sum up.

Usage: ``checks.py lint|test …`` inside the development environment, from the project's root.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

BIN = Path(sys.executable).parent


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


# one worker a core; a file stays with one worker, so that what its tests share is made once
PYTEST = (sys.executable, "-m", "pytest", "-n", "auto", "--dist", "loadfile")
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
        Check("pytest, browser", (*PYTEST, "-m", "browser")),
        Check("kernels, not compiled", (*PYTEST, "-m", "kernels"), {"NUMBA_DISABLE_JIT": "1"}),
    ),
}


def run(check: Check) -> Outcome:
    """Run one check, its output shown as it comes."""
    print(f"\n── {check.name}", flush=True)
    started, closing_line = time.perf_counter(), ""
    with subprocess.Popen(
        check.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        env={**os.environ, **check.environment, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            closing_line = line.strip() or closing_line
    return Outcome(check, process.returncode, time.perf_counter() - started, closing_line)


def main() -> int:
    """Run the groups named on the command line; return 0 only if every check passed."""
    groups = sys.argv[1:]
    if not groups or not set(groups) <= CHECKS.keys():
        print(
            f"wanted one or more of {', '.join(CHECKS)}; got {' '.join(groups) or 'nothing'}", file=sys.stderr
        )
        return 2
    outcomes = [run(check) for group in groups for check in CHECKS[group]]
    print(f"\n── summary, Python {sys.version.split()[0]}")
    for outcome in outcomes:
        verdict = "passed" if outcome.exit_code == 0 else f"FAILED ({outcome.exit_code})"
        print(f"{verdict:11} {outcome.duration_s:7.1f} s  {outcome.check.name:22} {outcome.closing_line}")
    return int(any(outcome.exit_code for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
