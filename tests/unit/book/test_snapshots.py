from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording
from liqatlas.book.snapshots import book_at

if TYPE_CHECKING:
    from pathlib import Path

Side = list[tuple[float, float]]
BIDS: Side = [(99.0, 2.0), (98.0, 1.0)]
ASKS: Side = [(101.0, 1.0), (102.0, 5.0)]


def recorded(*snapshots: tuple[int, Side, Side], **instrument: str) -> Recording:
    rows = [
        {"ts_event_ns": ts, "book_side": side, "level": i, "price": price, "qty_native": qty}
        for ts, bids, asks in snapshots
        for side, levels in (("bid", bids), ("ask", asks))
        for i, (price, qty) in enumerate(levels)
    ]
    kind = Instrument("okx", "BTC-USDT-SWAP", "BTC", **instrument)  # type: ignore[arg-type]
    frame = schemas.BOOK_LEVELS.conform(pl.DataFrame(rows)) if rows else schemas.BOOK_LEVELS.empty()
    return Recording(kind, book_levels=frame)


def test_the_newest_book_not_later_than_the_moment() -> None:
    recording = recorded((10, BIDS, ASKS), (20, [(89.0, 4.0)], [(91.0, 4.0)]), (30, BIDS, ASKS))
    book = book_at(recording, 29, tail_exponent=1.0)
    assert (book.as_of_ns, book.price) == (20, 90.0)
    assert book.bids.cumulative(np.log(90 / 89)) == pytest.approx(4 * 90.0)


def test_depth_in_usd_at_the_one_price_of_the_snapshot() -> None:
    book = book_at(recorded((10, BIDS, ASKS)), 10, tail_exponent=0.7)
    assert book.bids.usd == pytest.approx([200.0, 300.0])
    assert book.asks.usd == pytest.approx([100.0, 600.0])
    assert book.bids.distance == pytest.approx(np.log(100 / np.array([99.0, 98.0])))
    assert book.bids.tail_exponent == 0.7
    assert any("power law" in w for w in book.warnings)


def test_an_inverse_contract_is_its_face() -> None:
    book = book_at(recorded((10, BIDS, ASKS), kind="inverse"), 10, tail_exponent=1.0)
    assert book.bids.usd == pytest.approx([2.0, 3.0])


def test_books_that_cannot_be_used() -> None:
    with pytest.raises(NotEnoughDataError, match="no book at or before"):
        book_at(recorded(), 5, tail_exponent=1.0)
    with pytest.raises(NotEnoughDataError, match="no book at or before"):
        book_at(recorded((10, BIDS, ASKS)), 9, tail_exponent=1.0)
    with pytest.raises(NotEnoughDataError, match="no bids"):
        book_at(recorded((10, [], ASKS)), 10, tail_exponent=1.0)
    with pytest.raises(NotEnoughDataError, match="no asks"):
        book_at(recorded((10, BIDS, [])), 10, tail_exponent=1.0)
    with pytest.raises(InputError, match="crossed"):
        book_at(recorded((10, [(101.0, 1.0)], [(101.0, 1.0)])), 10, tail_exponent=1.0)
    with pytest.raises(InputError, match="without positive"):
        book_at(recorded((10, [(99.0, 0.0)], ASKS)), 10, tail_exponent=1.0)


@pytest.mark.data
def test_a_recorded_hyperliquid_book(data_dir: Path) -> None:
    from liqatlas.venues.importers import read_paths

    tape = data_dir / "hyperliquid_tape" / "l2_ETH_20260611.jsonl.gz"
    (recording,) = read_paths([tape], tables={"book_levels"})
    first = int(recording.book_levels["ts_event_ns"].min())  # type: ignore[arg-type]
    book = book_at(recording, first, tail_exponent=0.76)
    # first line of the file: best bid 1671.9 x 269.944, best ask 1672.0 x 354.3575
    assert book.price == pytest.approx(1671.95)
    assert book.bids.usd[0] == pytest.approx(269.944 * 1671.95)
    assert len(book.bids.usd) == len(book.asks.usd) == 20
