from __future__ import annotations

import re
from pathlib import Path

import pytest

from liqatlas.base.errors import InputError
from liqatlas.store import KEEP_DAYS, Lake
from liqatlas.store.keys import KEYINGS
from liqatlas.store.retention import MAKE_ROOM
from tests.conformance.store.rows import BTC, DAY, HOUR, START, made_up, trades

NOW = START + 120 * DAY


def days(lake: Lake, dataset: str = "trades") -> list[int]:
    found = lake.read(dataset, BTC.venue, BTC.symbol, START, NOW)
    return sorted({(ts - START) // DAY for ts in found[KEYINGS[dataset].time]})


def test_every_dataset_has_a_default_and_a_place_in_the_order() -> None:
    assert set(KEEP_DAYS) == set(KEYINGS) == set(MAKE_ROOM)
    assert MAKE_ROOM[-1] == "liquidations"


def test_the_documents_say_the_defaults() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference" / "store.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (\d+|for ever) \| (\d+) \|$", text, re.MULTILINE)
    told = {name: None if days == "for ever" else int(days) for name, days, _ in rows}
    assert told == KEEP_DAYS
    assert tuple(name for name, _, _ in sorted(rows, key=lambda row: int(row[2]))) == MAKE_ROOM
    keys = set(re.findall(r"^\| ([\w, ]+) \| [^|]+ \| the (?:first|last) stands \|$", text, re.MULTILINE))
    assert {name for names in keys for name in names.split(", ")} == set(KEYINGS)


def test_what_is_older_than_it_is_kept_goes_and_is_noted(lake: Lake) -> None:
    lake.ingest("trades", BTC, trades(100, step=DAY), covers=(START, START + 100 * DAY))
    done = lake.retain(at_ns=NOW, keep_days={"trades": 30})
    assert days(lake) == list(range(90, 100))
    assert (done.files, done.within_limit) == (90, True)
    assert done.removed[0] == "trades binance:BTCUSDT 2026-02-05T00:00:00Z: kept 30 days"
    assert lake.coverage("trades", BTC.venue, BTC.symbol, START, START + 100 * DAY).share == pytest.approx(
        0.1
    )
    gaps = lake.list_gaps(span=(START, START + DAY))
    assert [g.reason for g in gaps] == ["retention: kept 30 days"]
    assert lake.touched_since(BTC.venue, BTC.symbol, 0)[0].hour_ns == START + 90 * DAY
    assert len(list(lake.root.glob("dataset=*/**/*.parquet"))) == 100
    assert lake.sweep(grace_ns=-200 * DAY) == 90
    assert len(list(lake.root.glob("dataset=*/**/*.parquet"))) == 10
    assert lake.verify().ok


def test_the_limit_takes_books_first_and_prints_last(lake: Lake) -> None:
    for dataset in ("liquidations", "trades", "book_levels"):
        lake.ingest(dataset, BTC, made_up(dataset, 200, 1))
    used = lake.disk_use().used_bytes
    done = lake.retain(at_ns=START + 5 * DAY, max_bytes=used - 1)
    assert [line.split()[0] for line in done.removed] == ["book_levels"]
    done = lake.retain(at_ns=START + 5 * DAY, max_bytes=1)
    assert [line.split()[0] for line in done.removed] == [
        "book_levels",
        "trades",
        "trades",
        "liquidations",
        "liquidations",
    ]
    assert not done.within_limit  # the catalogue itself is larger


def test_today_stays(lake: Lake) -> None:
    lake.ingest("trades", BTC, trades(10))
    assert lake.retain(at_ns=START + HOUR, max_bytes=1, keep_days={"trades": 1}).files == 0


def test_disk_use_tells_growth_and_days_left(lake: Lake) -> None:
    assert lake.disk_use(at_ns=START).gb_per_day is None
    assert lake.disk_use(at_ns=START).days_left is None
    lake.ingest("trades", BTC, trades(40, step=6 * HOUR))
    use = lake.disk_use(at_ns=START + 9 * DAY)
    total = sum(p.stat().st_size for p in lake.root.rglob("*") if p.is_file())
    assert use.used_bytes == total
    assert (
        use.used_bytes
        == use.catalogue_bytes + use.files_bytes["trades"] + (lake.root / "series.json").stat().st_size
    )
    assert use.gb_per_day == pytest.approx(use.files_bytes["trades"] / 10 / 1e9, rel=0.1)
    limited = lake.disk_use(at_ns=START + 9 * DAY, max_bytes=use.used_bytes + use.files_bytes["trades"])
    assert limited.days_left == pytest.approx(10, rel=0.1)
    assert lake.disk_use(at_ns=START + 9 * DAY, max_bytes=1).days_left == 0


def test_policies_that_make_no_sense_are_refused(lake: Lake) -> None:
    for policy in ({"candles": 3}, {"trades": 0}):
        with pytest.raises(InputError, match="at least 1 day"):
            lake.retain(keep_days=policy)
