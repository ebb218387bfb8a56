"""Missing recordings are a skip at home and a failure under CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDS_DATA = "tests/unit/base/test_symbols.py::test_every_contract_that_binance_lists"


@pytest.mark.parametrize(("ci", "exit_code", "closing"), [("", 0, "1 skipped"), ("true", 1, "1 error")])
def test_missing_recordings(ci: str, exit_code: int, closing: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", NEEDS_DATA],
        cwd=ROOT,
        env={**os.environ, "CI": ci, "LIQATLAS_TEST_DATA": str(tmp_path / "absent")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == exit_code
    assert closing in done.stdout
    assert "set LIQATLAS_TEST_DATA" in done.stdout
