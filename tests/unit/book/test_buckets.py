from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.base.clock import parse_time
from liqatlas.base.errors import FormatError, InputError, NotEnoughDataError
from liqatlas.base.instruments import Instrument
from liqatlas.book.buckets import book_from_buckets
from liqatlas.venues.importers.binance_book_depth import is_book_depth, read_book_depth

if TYPE_CHECKING:
    from pathlib import Path

BTC = Instrument("binance", "BTCUSDT", "BTC")


def samples(*rows: tuple[int, float, float]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"ts_event_ns": t, "percent": p, "qty_native": usd / 100, "notional_usd": usd}
            for t, p, usd in rows
        ],
        schema={
            "ts_event_ns": pl.Int64,
            "percent": pl.Float64,
            "qty_native": pl.Float64,
            "notional_usd": pl.Float64,
        },
    )


WHOLE = [(1, -2, 30.0), (1, -1, 10.0), (1, 1, 8.0), (1, 2, 40.0)]


def test_distances_are_logs_of_the_bucket_edges() -> None:
    book = book_from_buckets(samples(*WHOLE), BTC, 5)
    assert book.bids.distance == pytest.approx([-np.log(0.99), -np.log(0.98)])
    assert book.asks.distance == pytest.approx([np.log(1.01), np.log(1.02)])
    assert book.bids.cumulative(-np.log(0.98)) == pytest.approx(30.0)
    assert np.isnan(book.price)


def test_samples_that_cannot_be_used() -> None:
    with pytest.raises(NotEnoughDataError, match="no book"):
        book_from_buckets(samples(*WHOLE), BTC, 0)
    with pytest.raises(NotEnoughDataError, match="no bids"):
        book_from_buckets(samples(*WHOLE[2:]), BTC, 5)
    with pytest.raises(InputError, match="falls with distance"):
        book_from_buckets(samples((1, -2, 5.0), *WHOLE[1:]), BTC, 5)


def test_reading_refuses_another_file(tmp_path: Path) -> None:
    other = tmp_path / "trades.csv"
    other.write_text(
        "timestamp,price,amount,side\n2026-01-01T00:00:00Z,100,1,buy\n2026-01-01T00:00:01Z,100,1,sell\n"
    )
    assert not is_book_depth(other)
    with pytest.raises(FormatError, match="bookDepth"):
        read_book_depth(other)


@pytest.mark.data
def test_recorded_depth_and_its_stale_side(data_dir: Path) -> None:
    path = data_dir / "binance_vision" / "BTCUSDT-bookDepth-2025-10-10.csv.gz"
    assert is_book_depth(path)
    table, known, _ = read_book_depth(path)
    assert (known.venue, known.symbol) == ("binance", "BTCUSDT")
    assert table.height > 28_000
    calm = book_from_buckets(table, BTC, parse_time("2025-10-10T00:00:10Z"))
    # first sample of the file: 181.27M of bids within 1 %, 979.98M within 5 %
    assert calm.bids.usd[[0, -1]] == pytest.approx([181_266_014.3741, 979_983_314.2056])
    assert not calm.warnings
    stale = book_from_buckets(table, BTC, parse_time("2025-10-10T17:00Z"))
    assert any("stale or corrupt" in w for w in stale.warnings)
