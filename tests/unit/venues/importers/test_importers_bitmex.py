"""BitMEX's daily files: written here in their documented form, since none could be fetched."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import FormatError
from liqatlas.venues.importers import read_paths

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional,trdType"
ROWS = [
    "2024-11-24D08:15:38.704000000,XBTUSD,Sell,100,98570.9,ZeroPlusTick,a1,101450,0.0010145,100,Regular",
    "2024-11-24D08:15:39.001000000,XBTUSD,Buy,300,98571.0,PlusTick,a2,304350,0.0030435,300,Regular",
    "2024-11-24D08:15:40.000000000,XBTUSD,Buy,300,98571.0,PlusTick,a3,304350,0.0030435,300,Settlement",
]


def _file(folder: Path, rows: list[str]) -> Path:
    path = folder / "20241124.csv.gz"
    path.write_bytes(gzip.compress("\n".join([HEADER, *rows, ""]).encode()))
    return path


def test_contracts_are_dollars_and_the_taker_has_the_side(tmp_path: Path) -> None:
    (recording,) = read_paths([_file(tmp_path, ROWS)])
    assert recording.instrument.key == "bitmex:XBTUSD"
    assert recording.instrument.is_inverse
    trades = recording.trades
    assert trades["qty_native"].to_list() == [100.0, 300.0]  # the settlement is not a trade of the book
    assert trades["taker_buy"].to_list() == [False, True]
    assert trades["ts_event_ns"][0] == 1732436138704 * 10**6
    tick = float(recording.instrument.tick_size)
    assert [round(t * tick, 1) for t in trades["price_ticks"]] == [98570.9, 98571.0]


def test_contracts_of_unknown_size_are_named_not_guessed(tmp_path: Path) -> None:
    only = ["2024-11-24D08:15:38.704000000,ETHUSD,Sell,100,3400.05,PlusTick,b1,340005,1,3400,Regular"]
    with pytest.raises(FormatError, match="no contract of known size: the file holds ETHUSD"):
        read_paths([_file(tmp_path, only)])


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    bad = [row.replace("98570.9", "no price") for row in ROWS[:1]] * 3
    with pytest.raises(FormatError):
        read_paths([_file(tmp_path, bad)])
