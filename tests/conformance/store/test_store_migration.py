"""A lake of an older layout is taken to the present one with everything in it; one of a newer layout is left alone."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import polars as pl
import pytest

from liqatlas.base.errors import LakeCorruptError, LakeLockedError, LakeVersionError, SourceUnavailableError
from liqatlas.store import Lake
from liqatlas.store.database import VERSION
from liqatlas.store.lock import Lock
from tests.conformance.store import layout0
from tests.conformance.store.rows import (
    BTC,
    DAY,
    HOUR,
    START,
    frame,
    identities,
    in_order,
    made_up,
    trade,
    trades,
)

if TYPE_CHECKING:
    from pathlib import Path

END = START + 10 * DAY
FILED = trades(20, step=HOUR)
HOT = pl.concat(
    [trades(10, start=START + DAY, first_id=100), trades(10, start=START + DAY, first_id=100), FILED[:3]]
)
TWINS = frame("trades", [trade(START + 2 * DAY), trade(START + 2 * DAY)])
PRINTS = made_up("liquidations", 20, 1)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    layout0.build(
        tmp_path / "lake", BTC, filed={START: FILED}, hot=pl.concat([HOT, TWINS]), liquidations=PRINTS
    )
    return tmp_path / "lake"


def test_everything_comes_over_and_is_counted_once(old: Path) -> None:
    with Lake.create(old) as lake:
        found = lake.read("trades", BTC.venue, BTC.symbol, START, END)
        wanted = pl.concat([FILED, trades(10, start=START + DAY, first_id=100), TWINS])
        assert found.equals(wanted)
        prints = lake.read("liquidations", BTC.venue, BTC.symbol, START, END)
        assert in_order(identities("liquidations", prints)) == in_order(identities("liquidations", PRINTS))
        assert lake.instruments() == [BTC]
        assert lake.checkpoint("btc") == "42"
        assert [(g.reason, g.filled, g.end_ns) for g in lake.list_gaps()] == [
            ("connection lost", False, None)
        ]
        assert {h.hour_ns for h in lake.touched_since(BTC.venue, BTC.symbol, 0)} >= {
            START + 3 * HOUR,
            START + 2 * DAY,
        }
        assert lake.verify(young_s=-1).ok
        lake.compact(at_ns=END)
        assert lake.read("trades", BTC.venue, BTC.symbol, START, END).equals(wanted)


def test_layout_1_gains_the_tables_it_lacked_and_keeps_the_rest(tmp_path: Path) -> None:
    rows = trades(50)
    with Lake.create(tmp_path / "lake") as lake, lake.writer() as writer:
        writer.wait(writer.append("trades", BTC, rows))
    connection = sqlite3.connect(tmp_path / "lake" / "catalogue.sqlite")
    for name in ("long_short_ratios", "insurance_fund"):
        connection.execute(f"DROP TABLE hot_{name}")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    with pytest.raises(LakeVersionError, match=f"layout 1, this program reads {VERSION}"):
        Lake.open(tmp_path / "lake")
    ratios = made_up("long_short_ratios", 9, 1)
    with Lake.create(tmp_path / "lake") as lake:
        assert lake.read("trades", BTC.venue, BTC.symbol, START, END).equals(rows)
        with lake.writer() as writer:
            writer.wait(writer.append("long_short_ratios", BTC, ratios))
        found = lake.read("long_short_ratios", BTC.venue, BTC.symbol, START, END)
        assert in_order(found.rows()) == in_order(list({(r[0], r[2]): r for r in ratios.rows()}.values()))
        assert lake.verify(young_s=-1).ok
    assert (tmp_path / "lake" / "catalogue.sqlite.layout-1").exists()


def test_the_old_catalogue_is_kept(old: Path) -> None:
    Lake.create(old).close()
    kept = sqlite3.connect(old / "catalogue.sqlite.layout-0")
    assert kept.execute("SELECT count(*) FROM hot_trades").fetchone() == (len(HOT) + 2,)
    kept.close()


def test_a_reader_does_not_migrate(old: Path) -> None:
    with pytest.raises(LakeVersionError, match=f"layout 0, this program reads {VERSION}") as caught:
        Lake.open(old)
    assert (caught.value.found, caught.value.known) == (0, VERSION)


def test_migration_waits_for_nobody(old: Path) -> None:
    with Lock(old, "recorder"), pytest.raises(LakeLockedError, match="exclusive access"):
        Lake.create(old)
    Lake.create(old).close()


def test_a_migration_that_fails_changes_nothing(old: Path) -> None:
    next(old.glob("trades-*.parquet")).unlink()
    with pytest.raises(LakeCorruptError, match="nothing was migrated"):
        Lake.create(old)
    connection = sqlite3.connect(old / "catalogue.sqlite")
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM hot_trades").fetchone() == (len(HOT) + 2,)
    connection.close()


def test_a_newer_lake_is_refused_by_all_and_left_alone(tmp_path: Path) -> None:
    Lake.create(tmp_path / "lake").close()
    connection = sqlite3.connect(tmp_path / "lake" / "catalogue.sqlite")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = (tmp_path / "lake" / "catalogue.sqlite").read_bytes()
    for act in (Lake.create, Lake.open, Lake.repair):
        with pytest.raises(LakeVersionError, match=rf"layout {VERSION + 1}\b"):
            act(tmp_path / "lake")
    assert (tmp_path / "lake" / "catalogue.sqlite").read_bytes() == before


def test_another_programs_database_is_not_taken_for_a_lake(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "catalogue.sqlite")
    connection.execute("CREATE TABLE photos (x)")
    connection.close()
    for act in (Lake.create, Lake.open):
        with pytest.raises(LakeCorruptError, match="not the catalogue of a lake"):
            act(tmp_path)


def test_no_lake_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match=r"no lake at .*run one of them"):
        Lake.open(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceUnavailableError, match="cannot be made"):
        Lake.create(tmp_path / "file" / "lake")
