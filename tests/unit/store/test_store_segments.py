from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from liqatlas.base.errors import InputError, LakeCorruptError, LakeVersionError
from liqatlas.store import Lake, StoredSegment
from tests.conformance.store.rows import DAY, HOUR, START

VERSION = "psi-1"


def segment(hour: int, cells: int = 50) -> StoredSegment:
    random = np.random.default_rng(hour)
    return StoredSegment(
        level="hour",
        start_ns=START + hour * HOUR,
        end_ns=START + (hour + 1) * HOUR,
        low_bin=-5,
        high_bin=hour,
        survival=random.random((2, 16)),
        position=random.integers(0, 2, cells).astype(np.uint8),
        bucket=random.integers(0, 16, cells).astype(np.uint8),
        bin=random.integers(-30_000, 30_000, cells).astype(np.int32),
        inflow=random.standard_normal(cells) * 1e-300,
        seq=hour,
        extra={"note": [1, None, "x"]},
    )


def same(one: StoredSegment, other: StoredSegment) -> bool:
    arrays = ("survival", "position", "bucket", "bin", "inflow")
    plain = ("level", "start_ns", "end_ns", "low_bin", "high_bin", "seq", "extra")
    exact = all(
        getattr(one, n).tobytes() == getattr(other, n).tobytes()
        and getattr(one, n).dtype == getattr(other, n).dtype
        for n in arrays
    )
    return exact and all(getattr(one, n) == getattr(other, n) for n in plain)


def test_segments_come_back_bit_for_bit_in_order(lake: Lake) -> None:
    items = [segment(h, cells=h * 7) for h in range(30)]
    lake.write_segments("binance", "BTCUSDT", items[::-1], version=VERSION)
    found = lake.read_segments(
        "binance", "BTCUSDT", START + 2 * HOUR, START + 20 * HOUR, level="hour", version=VERSION
    )
    assert len(found) == 18
    assert all(same(a, b) for a, b in zip(found, items[2:20], strict=True))
    assert found[0].survival.shape == (2, 16)
    assert found[0].inflow.flags.aligned


def test_only_whole_segments_of_that_level_version_and_symbol(lake: Lake) -> None:
    lake.write_segments("binance", "BTCUSDT", [segment(1)], version=VERSION)
    lake.write_segments(
        "binance", "BTCUSDT", [replace(segment(0), level="day", end_ns=START + DAY)], version=VERSION
    )
    lake.write_segments("binance", "BTCUSDT", [segment(2)], version="psi-2")
    lake.write_segments("binance", "ETHUSDT", [segment(3)], version=VERSION)
    window = ("binance", "BTCUSDT", START, START + DAY)
    assert [s.seq for s in lake.read_segments(*window, level="hour", version=VERSION)] == [1]
    assert [s.seq for s in lake.read_segments(*window, level="day", version=VERSION)] == [0]
    assert (
        lake.read_segments("binance", "BTCUSDT", START, START + 2 * HOUR - 1, level="hour", version=VERSION)
        == []
    )
    assert [(e.level, e.seq) for e in lake.segment_entries("binance", "BTCUSDT", version=VERSION)] == [
        ("day", 0),
        ("hour", 1),
    ]
    assert lake.delete_segments("binance", "BTCUSDT", version=VERSION) == 2
    assert lake.segment_entries("binance", "BTCUSDT", version=VERSION) == []
    assert len(lake.segment_entries("binance", "BTCUSDT", version="psi-2")) == 1


def test_a_rebuilt_segment_takes_the_place_of_the_old(lake: Lake) -> None:
    lake.write_segments("binance", "BTCUSDT", [segment(1)], version=VERSION)
    newer = replace(segment(1), inflow=np.ones(50), seq=9)
    lake.write_segments("binance", "BTCUSDT", [newer], version=VERSION)
    (found,) = lake.read_segments("binance", "BTCUSDT", START, START + DAY, level="hour", version=VERSION)
    assert same(found, newer)


@pytest.mark.parametrize(
    "change",
    [
        {"bucket": np.full(50, 300)},
        {"bin": np.full(50, 2**40)},
        {"position": np.full(50, 0.5)},
        {"inflow": np.ones(49)},
        {"inflow": np.ones((5, 10))},
        {"level": "week"},
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(lake: Lake, change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        lake.write_segments(
            "binance", "BTCUSDT", [segment(0), replace(segment(1), **change)], version=VERSION
        )
    assert lake.segment_entries("binance", "BTCUSDT", version=VERSION) == []


def test_a_reader_without_segments_sees_none(lake: Lake) -> None:
    with Lake.open(lake.root) as reader:
        assert (
            reader.read_segments("binance", "BTCUSDT", START, START + DAY, level="hour", version=VERSION)
            == []
        )
        with pytest.raises(InputError, match="opened for reading"):
            reader.write_segments("binance", "BTCUSDT", [], version=VERSION)


def test_damage_and_newer_layouts_are_seen(lake: Lake) -> None:
    import sqlite3

    lake.write_segments("binance", "BTCUSDT", [segment(0)], version=VERSION)
    other = sqlite3.connect(lake.root / "segments.sqlite")
    payload = bytearray(other.execute("SELECT payload FROM segment").fetchone()[0])
    payload[100] ^= 4
    other.execute("UPDATE segment SET payload = ?", (bytes(payload),))
    other.commit()
    with pytest.raises(LakeCorruptError, match="build it again"):
        lake.read_segments("binance", "BTCUSDT", START, START + DAY, level="hour", version=VERSION)
    other.execute("PRAGMA user_version = 9")
    other.close()
    with pytest.raises(LakeVersionError, match="layout 9"):
        lake.segment_entries("binance", "BTCUSDT", version=VERSION)
