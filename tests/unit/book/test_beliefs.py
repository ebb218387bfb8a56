from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import ConfigError, InputError
from liqatlas.book.beliefs import load_book_beliefs

if TYPE_CHECKING:
    from pathlib import Path


def test_every_regime_says_what_it_is() -> None:
    beliefs = load_book_beliefs()
    assert beliefs.regime().basis == "fitted"
    assert {r.basis for r in beliefs.regimes.values()} == {"fitted", "assumption"}
    for regime in beliefs.regimes.values():
        assert regime.note
        assert regime.depth_factor_median > 0
    assert (
        beliefs.regime("october-2025").depth_factor_median < beliefs.regime("stress").depth_factor_median < 1
    )


def test_unknown_regime_and_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="known are calm"):
        load_book_beliefs().regime("mild")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_book_beliefs(tmp_path / "none.json")
