"""The board of a recorder: it goes on from the lake, takes in what it hears, and says how long that took."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.base.clock import HOUR_NS, MINUTE_NS
from liqatlas.base.errors import NotEnoughDataError, UnknownSymbolError
from liqatlas.flows.build import build_map
from liqatlas.flows.ingest import keep
from liqatlas.flows.live_board import LiveBoard
from liqatlas.flows.request import Request
from liqatlas.store import Lake
from liqatlas.venues.rows import RowBatch
from tests.unit.flows.markets import START, X, trades_market

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.kernels
HOURS = 30
CUT = START + 28 * HOUR_NS


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake.create(tmp_path / "lake") as lake:
        yield lake


def hear_all(hear: Callable[[RowBatch, int], None], start_ns: int, end_ns: int) -> None:
    market = trades_market(HOURS, 7)
    for begin in range(start_ns, end_ns, MINUTE_NS):
        batch = RowBatch()
        for name in ("trades", "marks", "open_interest"):
            when = pl.col("ts_event_ns").is_between(begin, min(begin + MINUTE_NS, end_ns), closed="left")
            batch.extend(name, X.symbol, getattr(market, name).filter(when).rows())
        if len(batch):
            hear(batch, time.time_ns() - 2_000_000)


def test_what_is_heard_goes_on_from_the_lake(lake: Lake) -> None:
    market = trades_market(HOURS, 7)
    last = int(market.open_interest[-1, "ts_event_ns"])
    keep(lake, market.until(CUT))
    board = LiveBoard(lake)
    hear = board.ear(lambda: {X.symbol: X})
    hear_all(hear, CUT + 1, CUT + MINUTE_NS)
    board.close()  # the history is read
    hear_all(hear, CUT + 1 + MINUTE_NS, last + 1)
    tree = board.levels("btc")
    (one,) = tree["instruments"]
    for name in ("trades", "marks", "open_interest"):
        rows = getattr(market, name).filter(pl.col("ts_event_ns").is_between(CUT + 1, last))
        with lake.writer(bound_s=0.01) as writer:
            writer.wait(writer.append(name, X, rows))
    whole = build_map(Request(asset="BTC", lake=lake.root, window_ns=365 * 24 * HOUR_NS))
    assert one["price"] == whole.head.price
    assert len(one["price_edges"]) == len(one["long_usd"]) + 1
    # the flow between the last stored sample and the first heard one is not on the board, and its running bar is provisional
    assert sum(one["long_usd"]) == pytest.approx(whole.long_usd.sum(), rel=0.05)
    assert sum(one["short_usd"]) == pytest.approx(whole.short_usd.sum(), rel=0.05)
    assert max(one["price_edges"][: np.flatnonzero(one["long_usd"])[-1] + 1]) <= one["price"]
    text = board.metrics_text()
    assert 'liqatlas_live_map_ready{instrument="binance:BTCUSDT"} 1' in text
    median = next(line for line in text.splitlines() if 'quantile="0.5"' in line)
    assert float(median.rpartition(" ")[2]) >= 0.002


def test_what_is_not_there_is_said(lake: Lake) -> None:
    board = LiveBoard(lake)
    with pytest.raises(UnknownSymbolError):
        board.levels("BTC")
    hear = board.ear(lambda: {X.symbol: X})
    batch = RowBatch()
    batch.add("trades", X.symbol, (START, 600_000, 1.0, True, 1))
    hear(batch, 0)
    board.close()
    hear(batch, 0)
    with pytest.raises(NotEnoughDataError, match="no open interest"):
        board.levels("BTC")
    with pytest.raises(UnknownSymbolError, match="ETH"):
        board.levels("ETH")
    assert not board.spans
