"""Hyperliquid's tape as recorded: trades, open interest and books, with facts counted by other means.

Counts and sums were taken from the files with zcat, wc and awk, or stand in the data folder's README; not from this reader.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from liqatlas.base.clock import isoformat, parse_time
from liqatlas.base.units import prices_from_ticks
from liqatlas.venues.importers import audit_open_interest, inspect_paths, read_paths

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.base.recording import Recording

pytestmark = pytest.mark.data
MS = 1_000_000


@pytest.fixture(scope="module")
def eth_tape(data_dir: Path) -> Recording:
    (recording,) = read_paths([data_dir / "hyperliquid_tape"], asset="ETH")
    return recording


def _tape_rows(folder: Path, coin: str) -> list[tuple[int, float, float, str]]:
    """Read a tape the plain way, in file order."""
    rows = []
    for path in sorted(folder.glob(f"trades_{coin}_*.jsonl.gz")):
        with gzip.open(path, "rt") as file:
            for line in file:
                one = json.loads(line)
                rows.append((one["ts"], one["px"], one["sz"], one["side"]))
    return rows


def test_tape_reads_only_the_asset_asked_for(data_dir: Path, eth_tape: Recording) -> None:
    assert eth_tape.instrument.key == "hyperliquid:ETH"
    seen: list[str] = []
    read_paths(
        [data_dir / "hyperliquid_tape"], asset="WIF", progress=lambda known, _i, _n: seen.append(known.symbol)
    )
    assert set(seen) == {"WIF"}


def test_tape_trades_are_those_of_the_files(data_dir: Path, eth_tape: Recording) -> None:
    raw = _tape_rows(data_dir / "hyperliquid_tape", "ETH")
    assert len(raw) == 686_022  # zcat | wc -l
    trades = eth_tape.trades
    assert trades.height == 686_022 - 103
    assert "trades: 103 rows in 3 blocks were sent again" in " ".join(eth_tape.warnings)
    assert isoformat(int(trades["ts_event_ns"][0])) == "2026-06-11T20:34:17.609Z"
    assert isoformat(int(trades["ts_event_ns"][-1])) == "2026-06-16T23:59:55.065Z"
    assert trades["ts_event_ns"].is_sorted()
    # Sets of rows agree: nothing was invented, nothing distinct was lost, ticks are exact.
    ours = set(
        zip(
            (trades["ts_event_ns"] // MS).to_list(),
            prices_from_ticks(trades["price_ticks"].to_numpy(), Decimal("0.1")).tolist(),
            trades["qty_native"].to_list(),
            trades["taker_buy"].to_list(),
            strict=True,
        )
    )
    assert ours == {(ts, px, sz, side == "B") for ts, px, sz, side in raw}


def test_identical_fills_of_one_millisecond_are_kept(data_dir: Path, eth_tape: Recording) -> None:
    """The longest run of equal rows in the raw file has the same length after reading."""
    raw = Counter(_tape_rows(data_dir / "hyperliquid_tape", "ETH"))
    (ts, _px, _sz, _side), times = raw.most_common(1)[0]
    same = (
        eth_tape.trades.filter(pl.col("ts_event_ns") == ts * MS)
        .group_by("price_ticks", "qty_native", "taker_buy")
        .len()
    )
    assert same["len"].max() == times
    repeated = eth_tape.trades.height - eth_tape.trades.unique().height
    assert 33_500 < repeated < 33_712  # README: 33,611 identical rows


def test_replayed_block_fills_the_gap_and_counts_once(eth_tape: Recording) -> None:
    """Trades of 02:10 to 02:28 arrived 18 minutes late, overlapping what was already there."""
    inside = eth_tape.trades.filter(
        pl.col("ts_event_ns").is_between(parse_time("2026-06-12T02:10"), parse_time("2026-06-12T02:28"))
    )
    assert inside.height > 1_000
    assert "1,161 rows were out of order and are sorted" in " ".join(eth_tape.warnings)


def test_tape_open_interest_is_halved_and_the_raw_figure_kept(data_dir: Path, eth_tape: Recording) -> None:
    interest = eth_tape.open_interest
    with gzip.open(data_dir / "hyperliquid_tape" / "ctx_ETH_20260611.jsonl.gz", "rt") as file:
        first = json.loads(file.readline())
    assert interest["oi_published"][0] == first["oi"] == 713748.5676
    assert interest["oi_native"][0] == pytest.approx(first["oi"] / 2, rel=1e-15)
    assert interest["oi_usd"][0] == pytest.approx(first["oi"] / 2 * first["mark"], rel=1e-12)
    assert (interest.height, eth_tape.marks.height, eth_tape.funding.height) == (7342, 7342, 7342)
    assert eth_tape.marks.row(0) == (first["ts"] * MS, 1672.0, 1672.9)
    assert eth_tape.funding["interval_h"].unique().to_list() == [1.0]
    assert not eth_tape.funding["settled"].any()


def test_audit_passes_one_sided_and_warns_of_both_sides(eth_tape: Recording) -> None:
    from dataclasses import replace

    assert audit_open_interest(eth_tape) == []
    doubled = eth_tape.open_interest.with_columns(pl.col("oi_published").alias("oi_native"))
    (warning,) = audit_open_interest(replace(eth_tape, open_interest=doubled))
    assert "changes by more than the volume traded" in warning


def test_tape_gap_is_named(eth_tape: Recording) -> None:
    assert any("2026-06-13 09:00 UTC to 2026-06-13 09:04" in warning for warning in eth_tape.warnings)


def test_tape_books(data_dir: Path) -> None:
    (recording,) = read_paths(
        [data_dir / "hyperliquid_tape" / "l2_ETH_20260611.jsonl.gz"], tables=["book_levels"]
    )
    best = recording.book_levels.filter(pl.col("level") == 0).head(2)
    with gzip.open(data_dir / "hyperliquid_tape" / "l2_ETH_20260611.jsonl.gz", "rt") as file:
        books = {one["ts"]: len(one["bids"]) + len(one["asks"]) for one in map(json.loads, file)}
    assert recording.book_levels.height == sum(books.values())  # a snapshot sent twice counts once
    assert sorted(best["price"].to_list()) == [1671.9, 1672.0]


def test_report_on_a_tape_file(data_dir: Path) -> None:
    (report,) = inspect_paths([data_dir / "hyperliquid_tape" / "trades_WIF_20260612.jsonl.gz"])
    assert report.instruments == ("hyperliquid:WIF",)
    assert report.rows == 4_264
    assert report.duplicates == 4_264 - dict(report.tables)["trades"]
    assert report.span_ns is not None
    assert isoformat(report.span_ns[0]) == "2026-06-12T00:00:24.154Z"


def test_cut_off_tape_gives_what_is_there(data_dir: Path, tmp_path: Path) -> None:
    """A gzip cut in the middle: whole lines before the cut, and a warning with file and line."""
    whole = (data_dir / "hyperliquid_tape" / "trades_ETH_20260613.jsonl.gz").read_bytes()
    path = tmp_path / "trades_ETH_20260613.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    (recording,) = read_paths([path])
    full = _tape_rows(data_dir / "hyperliquid_tape", "ETH")
    start = 15_166 + 140_423
    rows = recording.trades.height
    assert 20_000 < rows < 73_767
    last = full[start + rows - 1]
    assert int(recording.trades["ts_event_ns"][-1]) == last[0] * MS
    assert recording.trades["qty_native"].sum() == pytest.approx(
        sum(row[2] for row in full[start : start + rows])
    )
    (cut,) = [warning for warning in recording.warnings if "cut off" in warning]
    assert f"{path}:{rows}" in cut
    assert f"{rows:,} rows before the cut read" in cut
