"""Six minutes of the real Binance stream of 2024-08-08: every message read, ids whole, the kept book equals the venue's own."""

from __future__ import annotations

import gzip
from bisect import bisect_right
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import pytest

from liqatlas.base.instruments import Instrument
from liqatlas.venues.binance import parse, parse_rest
from liqatlas.venues.continuity import Sequence
from liqatlas.venues.frames import Listing
from liqatlas.venues.ladder import Ladder

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.venues.frames import BookChange, Frame

LISTINGS = {
    "BTCUSDT": Listing(
        Instrument("binance", "BTCUSDT", "BTC", tick_size=Decimal("0.1")), funding_interval_h=8.0
    )
}


@pytest.fixture(scope="module")
def recording(data_dir: Path) -> tuple[list[tuple[int, Frame]], list[BookChange]]:
    """Return the stream's messages with their moments of receipt, and the REST snapshots between them."""
    messages, snapshots = [], []
    with gzip.open(data_dir / "binance_raw_stream" / "btcusdt_20240808.gz") as file:
        for line in file:
            moment, _, payload = line.partition(b" ")
            if payload.startswith(b'{"stream"'):
                messages.append((int(moment), parse.parse_frame(payload, LISTINGS)))
            else:
                snapshots.append(parse_rest.parse_book(payload, LISTINGS["BTCUSDT"]))
    return messages, snapshots


def test_every_message_is_read(recording: tuple[list[tuple[int, Frame]], list[BookChange]]) -> None:
    messages, snapshots = recording
    assert len(messages) == 93_953
    assert len(snapshots) == 1
    assert sum(len(f.books) for _, f in messages) == 6_551
    trades = sum(len(f.batch.of("trades")) for _, f in messages)
    skipped = sum(sum(f.skipped.values()) for _, f in messages)
    assert trades + skipped == 21_313
    assert sum(len(f.batch.of("book_levels")) for _, f in messages) == 2 * 66_089


def test_trade_ids_count_one_by_one(recording: tuple[list[tuple[int, Frame]], list[BookChange]]) -> None:
    """All ids together, those of trades off the book included, leave no hole; times never run back."""
    sequence = Sequence()
    rows = [row for _, f in recording[0] for row in f.batch.of("trades")]
    skipped = sum(sum(f.skipped.values()) for _, f in recording[0])
    for row in rows:
        assert sequence.offer(row[4], row[4])  # type: ignore[arg-type]
    assert sum(high - low + 1 for low, high in sequence.missing) == skipped
    assert all(a[0] <= b[0] for a, b in pairwise(rows))  # type: ignore[operator]


def test_the_kept_book_is_the_venues_own(
    recording: tuple[list[tuple[int, Frame]], list[BookChange]],
    best_by_update: list[tuple[int, float, float]],
) -> None:
    """Snapshot and changes, joined by our ladder, give the best bid and ask that the venue itself pushes.

    ``bookTicker`` carries the update id at which its best prices held: after the change that ends at id u, the last ticker up
    to u says what the top of the book must be.
    """
    messages, (snapshot,) = recording
    ids = [u for u, _, _ in best_by_update]
    ladder, compared, gaps = Ladder(), 0, 0
    for _, frame in messages:
        for change in frame.books:
            if change.last_id >= snapshot.last_id and not ladder.in_step:
                ladder.apply(snapshot)
            gaps += ladder.apply(change) == "gap"
            place = bisect_right(ids, ladder.last_id)
            if not ladder.in_step or not 0 < place < len(ids):
                continue
            _, bid, ask = best_by_update[place - 1]
            assert (max(ladder.bids), min(ladder.asks)) == (bid, ask)
            compared += 1
    assert gaps == 0
    assert compared > 6_000
    assert not ladder.crossed


@pytest.fixture(scope="module")
def best_by_update(data_dir: Path) -> list[tuple[int, float, float]]:
    """Return update id, best bid and best ask of every bookTicker."""
    decoder = msgspec.json.Decoder(_Ticker)
    out = []
    with gzip.open(data_dir / "binance_raw_stream" / "btcusdt_20240808.gz") as file:
        for line in file:
            if b"@bookTicker" in line[:80]:
                data = decoder.decode(line.partition(b" ")[2]).data
                out.append((data.u, float(data.b), float(data.a)))
    return sorted(out)


class _Best(msgspec.Struct):
    u: int
    b: str
    a: str


class _Ticker(msgspec.Struct):
    data: _Best
