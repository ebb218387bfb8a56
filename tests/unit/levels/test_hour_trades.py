from __future__ import annotations

import numpy as np
import polars as pl

from liqatlas.base.clock import HOUR_NS
from liqatlas.levels.hour_trades import trades_by_hour


def test_each_hour_with_trades_is_summed_up_and_an_hour_without_is_left_out() -> None:
    rng = np.random.default_rng(5)
    hours = np.sort(rng.choice((0, 1, 3), 500))
    trades = pl.DataFrame(
        {
            "ts_event_ns": np.sort(hours * HOUR_NS + rng.integers(0, HOUR_NS, 500)),
            "price_ticks": rng.integers(100, 200, 500),
            "qty_native": rng.random(500),
        }
    )
    got = trades_by_hour(trades, 0.5)
    assert got["hour"].to_list() == [0, HOUR_NS, 3 * HOUR_NS]
    for row in got.iter_rows(named=True):
        of_hour = trades.filter(pl.col("ts_event_ns") // HOUR_NS * HOUR_NS == row["hour"])
        prices = [0.5 * tick for tick in of_hour["price_ticks"].to_list()]
        assert (row["open"], row["close"]) == (prices[0], prices[-1])
        assert (row["high"], row["low"]) == (max(prices), min(prices))
        assert np.isclose(row["volume"], sum(of_hour["qty_native"].to_list()), rtol=1e-12)
