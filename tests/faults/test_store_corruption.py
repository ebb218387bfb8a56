"""Damaged pages of the catalogue: seen, read as far as can be, the rest noted as gaps."""

from __future__ import annotations

import random
import shutil
import sqlite3
from typing import TYPE_CHECKING

import polars as pl
import pytest

from liqatlas.base.errors import LakeCorruptError
from liqatlas.store import Lake, StoredSegment
from tests.conformance.store.rows import BTC, DAY, ETH, HOUR, MINUTE, START, frame, trades

if TYPE_CHECKING:
    from pathlib import Path

END = START + 20 * DAY
PAGE = 4096
FILED = trades(300, step=15 * MINUTE)
HOT = trades(4_000, start=START + 4 * DAY, step=20 * 10**9, first_id=10_000)
MARKS = frame("marks", [{"ts_event_ns": START + i * MINUTE, "mark_price": float(i)} for i in range(6000)])


def build(root: Path) -> None:
    with Lake.create(root) as lake:
        lake.ingest("trades", BTC, FILED, covers=(START, START + 4 * DAY))
        with lake.writer() as writer:
            writer.append("trades", BTC, HOT, covers=(START + 4 * DAY, START + 5 * DAY))
            writer.append("marks", ETH, MARKS, checkpoint=("at", "7"))
        gap = lake.open_gap("trades", "binance", "BTCUSDT", START + 2 * HOUR, reason="known before")
        lake.close_gap(gap, START + 3 * HOUR)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound") / "lake"
    build(root)
    return root


def pages_of(path: Path, table: str, kind: str = "leaf") -> list[int]:
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute(
            "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ?", (table, kind)
        ).fetchall()
    except sqlite3.OperationalError:
        pytest.skip("this SQLite was built without dbstat, which finds a table's pages")
    finally:
        connection.close()
    return [row[0] for row in rows]


def overwrite(path: Path, page: int, seed: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(random.Random(seed).randbytes(PAGE))


def damaged_copy(sound: Path, tmp_path: Path, table: str, *, which: list[float], kind: str = "leaf") -> Path:
    root = tmp_path / "lake"
    shutil.copytree(sound, root)
    pages = pages_of(root / "catalogue.sqlite", table, kind)
    for share in which:
        overwrite(root / "catalogue.sqlite", pages[int(share * (len(pages) - 1))])
    return root


def repaired(root: Path) -> tuple[str, ...]:
    actions = Lake.repair(root).actions
    with Lake.open(root) as lake:
        assert lake.verify(young_s=-1).ok
    assert Lake.repair(root).actions == ()
    return actions


@pytest.mark.parametrize("which", [[0.0], [0.5], [1.0], [0.2, 0.7], [0.0, 0.5, 1.0]])
def test_damaged_hot_rows_are_lost_page_by_page_and_become_gaps(
    sound: Path, tmp_path: Path, which: list[float]
) -> None:
    root = damaged_copy(sound, tmp_path, "hot_trades", which=which)
    with (
        pytest.raises(LakeCorruptError, match="see liqatlas lake verify, then liqatlas lake repair"),
        Lake.open(root) as lake,
    ):
        lake.read("trades", BTC.venue, BTC.symbol, START, END)
    with Lake.open(root) as lake:
        assert lake.verify().problems[0].kind == "database"
    actions = repaired(root)
    assert any("hot_trades" in action and "gaps were noted" in action for action in actions)
    with Lake.open(root) as lake:
        found = lake.read("trades", BTC.venue, BTC.symbol, START, END)
        assert found[: len(FILED)].equals(FILED)
        kept = found[len(FILED) :]
        missing = HOT.filter(~pl.col("trade_id").is_in(kept["trade_id"].to_list()))
        assert kept.equals(HOT.filter(pl.col("trade_id").is_in(kept["trade_id"].to_list())))
        assert 0 < missing.height <= 150 * len(which)  # a page holds some 90 of these rows
        gaps = [g for g in lake.list_gaps() if g.reason.startswith("repair")]
        for moment in missing["ts_event_ns"]:
            assert any(g.start_ns <= moment < (g.end_ns or END) for g in gaps), moment
        inside = [t for t in kept["ts_event_ns"] if any(g.start_ns < t < (g.end_ns or END) - 1 for g in gaps)]
        assert len(inside) <= 2 * len(which)
        assert lake.read("marks", ETH.venue, ETH.symbol, START, END).equals(MARKS)
        assert lake.checkpoint("at") == "7"
        assert any(g.reason == "known before" for g in lake.list_gaps())
        share = lake.coverage("trades", BTC.venue, BTC.symbol, START + 4 * DAY, START + 5 * DAY).share
        assert share < 1
    with Lake.create(root) as lake, lake.writer() as writer:  # what was lost can be fetched again
        writer.append("trades", BTC, HOT)
        writer.flush()
        assert lake.read("trades", BTC.venue, BTC.symbol, START, END).equals(pl.concat([FILED, HOT]))


def test_an_inner_page_takes_only_what_hangs_below_it(sound: Path, tmp_path: Path) -> None:
    root = damaged_copy(sound, tmp_path, "hot_trades", which=[0.0], kind="internal")
    repaired(root)
    with Lake.open(root) as lake:
        assert lake.read("trades", BTC.venue, BTC.symbol, START, START + 4 * DAY).equals(FILED)
        assert lake.read("marks", ETH.venue, ETH.symbol, START, END).equals(MARKS)
        assert any(g.reason.startswith("repair") for g in lake.list_gaps())


@pytest.mark.parametrize(
    "table", ["manifest", "series", "instrument", "hour", "recorded", "gap", "counter", "checkpoint"]
)
def test_a_damaged_small_table_loses_no_rows(sound: Path, tmp_path: Path, table: str) -> None:
    root = damaged_copy(sound, tmp_path, table, which=[0.0])
    repaired(root)
    with Lake.create(root) as lake:
        wanted = pl.concat([FILED, HOT])
        assert lake.read("trades", BTC.venue, BTC.symbol, START, END).equals(wanted)
        assert lake.read("marks", ETH.venue, ETH.symbol, START, END).equals(MARKS)
        assert {f.last_event_ns for f in lake.freshness()} == {
            HOT["ts_event_ns"][-1],
            MARKS["ts_event_ns"][-1],
        }
        before = max(t.seq for t in lake.touched_since(BTC.venue, BTC.symbol, -1))
        late = trades(1, start=START + 10 * DAY, first_id=77_000)
        with lake.writer() as writer:
            writer.append("trades", BTC, late)
        assert lake.touched_since(BTC.venue, BTC.symbol, before) != []
        lake.compact(at_ns=END)
        assert lake.read("trades", BTC.venue, BTC.symbol, START, END).equals(pl.concat([wanted, late]))


@pytest.mark.parametrize("what", ["first page", "empty file", "no file", "not a database"])
def test_without_any_catalogue_the_files_are_taken_in_again(sound: Path, tmp_path: Path, what: str) -> None:
    root = tmp_path / "lake"
    shutil.copytree(sound, root)
    path = root / "catalogue.sqlite"
    if what == "first page":
        overwrite(path, 1)
    elif what == "no file":
        path.unlink()
    else:
        path.write_bytes(b"" if what == "empty file" else b"not a database" * 999)
    actions = repaired(root)
    assert "manifest: 4 files taken in again from what they say of themselves" in actions
    with Lake.open(root) as lake:
        assert lake.read("trades", BTC.venue, BTC.symbol, START, END).equals(FILED)
        hot = (HOT["ts_event_ns"][0], HOT["ts_event_ns"][-1] + 1)
        assert any(
            g.dataset == "trades" and g.start_ns <= hot[0] and (g.end_ns or 0) >= hot[1]
            for g in lake.list_gaps()
        )


def test_damaged_segments_are_set_aside(sound: Path, tmp_path: Path) -> None:
    import numpy as np

    root = tmp_path / "lake"
    shutil.copytree(sound, root)
    cells = np.zeros(3000, np.uint8)
    items = [
        StoredSegment("hour", START + h * HOUR, START + (h + 1) * HOUR, 0, 1, np.ones((2, 16)), cells, cells,
            cells.astype(np.int32), cells.astype(np.float64))
        for h in range(20)
    ]  # fmt: skip
    with Lake.create(root) as lake:
        lake.write_segments("binance", "BTCUSDT", items, version="1")
    overwrite(root / "segments.sqlite", pages_of(root / "segments.sqlite", "segment", "internal")[0])
    assert repaired(root) == ("segments: damaged, set aside; they are derived and will be built again",)
    with Lake.open(root) as lake:
        assert lake.segment_entries("binance", "BTCUSDT", version="1") == []


def test_every_page_in_turn(sound: Path, tmp_path: Path) -> None:
    """Whatever page is hit: repair ends, what is read afterwards was written once, and nothing is there twice."""
    size = (sound / "catalogue.sqlite").stat().st_size // PAGE
    wanted = set(pl.concat([FILED, HOT])["trade_id"])
    for page in random.Random(5).sample(range(1, size + 1), 25):
        root = tmp_path / f"page-{page}"
        shutil.copytree(sound, root)
        overwrite(root / "catalogue.sqlite", page, seed=page)
        Lake.repair(root)
        with Lake.open(root) as lake:
            found = lake.read("trades", BTC.venue, BTC.symbol, START, END)["trade_id"].to_list()
            assert len(found) == len(set(found))
            assert set(found) <= wanted
            assert set(FILED["trade_id"]) <= set(found)
            lost = HOT.filter(~pl.col("trade_id").is_in(found))["ts_event_ns"]
            gaps = lake.list_gaps(dataset="trades", venue=BTC.venue, symbol=BTC.symbol)
            assert all(any(g.start_ns <= t < (g.end_ns or END) for g in gaps) for t in lost), page
        shutil.rmtree(root)
