"""The compiled scanner against Python's own decimal arithmetic and csv reader."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liqatlas.venues.importers.kernels_fields import parse_decimal
from liqatlas.venues.importers.sources import Source
from liqatlas.venues.importers.trade_scan import Scan, TradeLayout, scan_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.kernels

T0 = 1_717_200_000_000


def number(text: str) -> tuple[int, int, bool]:
    raw = np.frombuffer(text.encode() + b",", np.uint8)
    mantissa, decimals, good = parse_decimal(raw, 0, len(text))
    return int(mantissa), int(decimals), bool(good)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=8).filter(lambda value: value.is_finite()))
@settings(deadline=None)
def test_decimals_are_read_exactly(value: Decimal) -> None:
    mantissa, decimals, good = number(f"{value:f}")
    assert good
    assert Decimal(mantissa).scaleb(-decimals) == value


@given(st.floats(min_value=1e-9, max_value=1e12))
@settings(deadline=None)
def test_floats_as_python_writes_them(value: float) -> None:
    mantissa, decimals, good = number(repr(value))
    assert good
    assert mantissa / 10**decimals == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "-",
        "1.2.3",
        "1e",
        "e5",
        "0x1",
        "1,5"[:2] + "x",
        "--1",
        "1e999",
        "9" * 20,
        "nan",
        "inf",
        "\u0661",
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert not number(text)[2]


@pytest.mark.parametrize(
    ("text", "want"),
    [("1e3", (1000, 0)), ("1.5E-2", (15, 3)), ("+7.", (7, 0)), (".5", (5, 1)), ("9" * 18, (10**18 - 1, 0))],
)
def test_odd_but_plain_numbers(text: str, want: tuple[int, int]) -> None:
    assert number(text) == (*want, True)


class Chunked(Source):
    """A source that hands out its bytes in pieces of a given size."""

    piece = 7

    def chunks(self, size: int = 0) -> Iterator[bytes]:
        del size
        data = self.path.read_bytes()
        for start in range(0, len(data), self.piece):
            yield data[start : start + self.piece]


LAYOUT = TradeLayout(columns=4, ts=0, price=1, qty=2, flag=3)


def scan(path: Path, *, piece: int = 0, header: bool = False) -> Scan:
    source = Source(path)
    if piece:
        source = Chunked(path)
        source.piece = piece
    return scan_source(source, LAYOUT, skip_lines=int(header), sample=path.read_bytes()[:2_000])


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64, 1_000])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_chunks_do_not_matter(tmp_path: Path, piece: int, ending: str) -> None:
    rng = np.random.default_rng(2)
    prices = np.round(100 + rng.normal(size=60).cumsum() / 10, 3)
    lines = ["t,p,q,side"] + [
        f"{T0 + i},{price},{(i % 5 + 1) / 8},{'buy' if i % 3 else 'sell'}" for i, price in enumerate(prices)
    ]
    path = tmp_path / "x.csv"
    path.write_bytes((ending.join(lines)).encode())  # no newline at the end
    made = scan(path, piece=piece, header=True)
    assert made.ts_ns.tolist() == [(T0 + i) * 1_000_000 for i in range(60)]
    assert (made.price / 10**made.decimals).tolist() == prices.tolist()
    assert made.decimals == 3
    assert made.qty.tolist() == [(i % 5 + 1) / 8 for i in range(60)]
    assert made.taker_buy.tolist() == [int(bool(i % 3)) for i in range(60)]
    assert (made.bad_rows, made.lot_decimals) == (0, 3)


def test_more_rows_than_the_head_promises(tmp_path: Path) -> None:
    """Long rows first, then short ones: the arrays grow."""
    lines = [f"{T0},100.0000000000,1.00000000000000,buy"] * 50 + [f"{T0},100,1,b"] * 9_000
    path = tmp_path / "x.csv"
    path.write_text("\n".join(lines) + "\n")
    source = Source(path, size_hint=1)
    made = scan_source(source, LAYOUT, skip_lines=0, sample=path.read_bytes()[:2_000])
    assert made.ts_ns.size == 9_050
    assert made.qty.sum() == 9_050
    assert (made.price == 100).all()


def test_quotes_and_blanks_around_fields(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f'"{T0}", "100.5" ,2,"buy"\n{T0},100.5,2,sell\n')
    made = scan(path)
    assert made.price.tolist() == [1005, 1005]
    assert made.taker_buy.tolist() == [1, 0]


def test_unstable_price_is_watched_across_chunks(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("".join(f"{T0 + i},{100 if i < 20 else 7000},1,buy\n" for i in range(40)))
    made = scan(path, piece=11)
    assert made.jump_line == 21
    assert made.jump == (100.0, 7000.0)
