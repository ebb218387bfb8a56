from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqatlas.store import Lake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake.create(tmp_path / "lake") as opened:
        yield opened
