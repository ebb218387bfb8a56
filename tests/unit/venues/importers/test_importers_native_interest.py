from __future__ import annotations

import polars as pl

from liqatlas.base.clock import HOUR_NS
from liqatlas.venues.importers.native_interest import with_native

BARS = pl.DataFrame({"ts_close_ns": [10 * HOUR_NS], "close": [11.0]})


def test_samples_in_coins_and_in_usd_stand_together() -> None:
    interest = pl.DataFrame(
        {
            "ts_event_ns": [9 * HOUR_NS, 11 * HOUR_NS, 40 * HOUR_NS],
            "oi_native": [1000.0, None, None],
            "oi_published": [1000.0, None, None],
            "oi_usd": [None, 11110.0, 11110.0],
        }
    )
    tables = {"bars": BARS, "open_interest": interest}
    told = with_native(tables, sides=2)
    assert tables["open_interest"].rows() == [
        (9 * HOUR_NS, 1000.0, 1000.0, None),
        (11 * HOUR_NS, 1010.0, 2020.0, 11110.0),
    ]
    assert told[1:] == ["open_interest: 1 samples without a price near them are left out"]


def test_samples_in_usd_without_any_price_are_left_out_and_said() -> None:
    tables = {"open_interest": pl.DataFrame({"ts_event_ns": [0], "oi_usd": [5.0]})}
    assert with_native(tables) == [
        "open_interest: 1 samples in USD are left out, as no price turns them into coins"
    ]
    assert "open_interest" not in tables
