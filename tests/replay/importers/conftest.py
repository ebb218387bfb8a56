"""Where the real recordings lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of real recordings beside the checkout; absent ones skip, under CI they fail."""
    root = Path(__file__).resolve().parents[3]
    path = Path(os.environ.get("LIQATLAS_TEST_DATA", root / ".." / "shared" / "data"))
    if not path.is_dir():
        reason = f"no recordings at {path}; set LIQATLAS_TEST_DATA"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
