"""The recorded Binance stream through real sockets, inbox and feed: the same rows as read straight from the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from liqatlas.venues.binance import parse
from tests.conformance.venues.facts import perpetual
from tests.stub_exchange.faults import Schedule
from tests.stub_exchange.recorded import RecordedMarket, RecordedWire
from tests.stub_exchange.session import record

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = 30_000


async def test_rows_over_sockets_equal_rows_from_the_file(data_dir: Path) -> None:
    market = RecordedMarket(data_dir / "binance_raw_stream" / "btcusdt_20240808.gz", FRAMES)
    out = await record(
        "binance", Schedule(), market=cast("Any", market), wire=RecordedWire(), datasets=["trades", "book_levels"],
        pace_s=0.0,
    )  # fmt: skip
    listings = {"BTCUSDT": perpetual("binance", "BTCUSDT", "BTC", tick="0.1")}
    wanted = [
        row
        for text in market.frames
        if "@trade" in text[:60]
        for row in parse.parse_frame(text.encode(), listings).batch.of("trades")
    ]
    assert len(wanted) > 4_000
    assert out.rows.of("trades") == wanted
    assert out.gaps == []
    assert out.feed.stats.unreadable == 0
    assert out.feed.inbox.stats.dropped == 0
    assert out.feed.books.ladders["BTCUSDT"].in_step
    assert out.feed.books.stats.gaps <= 1  # the recorded snapshot may lie behind what already waits, once
