"""What all tests share: the recordings beside the checkout, the command line as a process, reproducible random tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# Compiled kernels stay in the clone; scripts/checks.py compiles them to the same place before the tests.
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba"))

# A first call compiles a kernel inside an example: no deadline. CI tries the same examples every time.
settings.register_profile("local", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if IN_CI else "local")


#: Folders whose files take longest come first, so that no worker is left with a long one at the end.
SLOW_FIRST = ("e2e", "faults", "replay", "conformance")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slow folders first; within them the order stays random."""
    items.sort(key=lambda item: not set(SLOW_FIRST) & set(item.nodeid.split("/")[:2]))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of real recordings; skip where it is absent, fail where it is absent under CI."""
    folder = Path(os.environ.get("LIQATLAS_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        reason = f"no recordings at {folder}: put them there or set LIQATLAS_TEST_DATA"
        if IN_CI:
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


class RunLiqatlas(Protocol):
    """Run the command line with these arguments in a process of its own."""

    def __call__(
        self,
        *args: str | Path,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        timeout_s: float = 120,
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session")
def run_liqatlas() -> RunLiqatlas:
    """Return a function that runs ``python -m liqatlas`` and returns its exit code, stdout and stderr."""

    def run(
        *args: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None, timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "liqatlas", *map(str, args)],
            cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **(env or {})},
            capture_output=True, text=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return run
