"""Binance brackets in the venue's own forms; samples follow the published documentation."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders import Origin, load_binance_brackets

ORIGIN = Origin("sample", date(2026, 1, 1), date(2026, 1, 2))


def usdm() -> list[dict[str, Any]]:
    rows = [
        (0, 50_000, 0.004, 125, 0.0),
        (50_000, 600_000, 0.005, 100, 50.0),
        (600_000, 3_000_000, 0.0065, 75, 950.0),
    ]
    return [
        {
            "symbol": "BTCUSDT",
            "brackets": [
                {
                    "bracket": i, "initialLeverage": lever, "notionalFloor": floor, "notionalCap": cap,
                    "maintMarginRatio": rate, "cum": cum,
                }
                for i, (floor, cap, rate, lever, cum) in enumerate(rows, 1)
            ],
        }
    ]  # fmt: skip


def test_usd_margined() -> None:
    table = load_binance_brackets(msgspec.json.encode(usdm()), ORIGIN)["BTCUSDT"]
    assert (table.venue, table.floor_unit, table.size_limit) == ("binance", "usd", 3e6)
    assert table.deductions.tolist() == pytest.approx([0.0, 50.0, 950.0])
    assert (table.source, table.valid_from, table.read_on) == ("sample", date(2026, 1, 1), date(2026, 1, 2))


def test_one_symbol_and_rows_in_any_order() -> None:
    answer = usdm()[0]
    answer["brackets"].reverse()
    assert load_binance_brackets(answer, ORIGIN)["BTCUSDT"].floors.tolist() == [0.0, 50e3, 600e3]


def test_coin_margined_with_the_venue_s_spelling() -> None:
    answer = [
        {
            "symbol": "BTCUSD_PERP",
            "notionalCoef": 1.50,
            "brackets": [
                {"bracket": 1, "initialLeverage": 125, "qtyCap": 50, "qtylFloor": 0, "maintMarginRatio": 0.004, "cum": 0.0},
                {"bracket": 2, "initialLeverage": 100, "qtyCap": 100, "qtylFloor": 50, "maintMarginRatio": 0.005},
            ],
        }
    ]  # fmt: skip
    table = load_binance_brackets(answer, ORIGIN)["BTCUSD_PERP"]
    assert (table.venue, table.floor_unit) == ("binance_coinm", "coin")
    assert table.deductions.tolist() == pytest.approx([0.0, 0.05])
    assert "multiplier 1.5" in table.warning


def test_coin_margined_first_version_keys_by_pair() -> None:
    answer = [
        {
            "pair": "BTCUSD",
            "brackets": [
                {"bracket": 1, "initialLeverage": 125, "qtyCap": 50, "qtyFloor": 0, "maintMarginRatio": 0.004}
            ],
        }
    ]
    assert list(load_binance_brackets(answer, ORIGIN)) == ["BTCUSD"]


def test_ccxt_form() -> None:
    rows = [{"tier": row["bracket"], "info": row} for row in usdm()[0]["brackets"]]
    tables = load_binance_brackets({"BTC/USDT:USDT": rows, "BTC/USDT:USDT-261225": rows}, ORIGIN)
    assert list(tables) == ["BTCUSDT", "BTCUSDT_261225"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cum": 51.0}, "continuity wants 50"),
        ({"notionalFloor": 60_000}, "starts at 60000"),
        ({"maintMarginRatio": "n/a"}, "'n/a'"),
        ({"maintMarginRatio": None}, "None"),
        ({"maintMarginRatio": 0.5, "cum": None}, "not fall"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    answer = usdm()
    answer[0]["brackets"][1].update(change)
    with pytest.raises(FormatError, match=message) as caught:
        load_binance_brackets(answer, ORIGIN)
    assert caught.value.path == "sample"


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"{", "not JSON"),
        (b"[1]", "list of objects"),
        ([{"brackets": []}], "no symbol"),
        ([{"symbol": "X", "brackets": []}], "at least one row"),
        ([{"symbol": "X"}], "'brackets'"),
        ({"BTCUSDT": []}, "ccxt symbol"),
    ],
)
def test_other_answers_are_refused(payload: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        load_binance_brackets(payload, ORIGIN)
