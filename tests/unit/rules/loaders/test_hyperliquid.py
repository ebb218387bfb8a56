"""Hyperliquid margin tables: flat ids, listed ids, missing ids, several universes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders import Origin, load_hyperliquid_meta

ORIGIN = Origin("sample", date(2026, 1, 20), date(2026, 11, 22))
TABLE_56 = [56, {"description": "tiered 40x", "marginTiers": [{"lowerBound": "0.0", "maxLeverage": 40}, {"lowerBound": "150000000.0", "maxLeverage": 20}]}]  # fmt: skip


def meta(*coins: dict[str, Any]) -> dict[str, Any]:
    return {"universe": list(coins), "marginTables": [TABLE_56], "collateralToken": 0}


BTC = {"szDecimals": 5, "name": "BTC", "maxLeverage": 40, "marginTableId": 56}
ATOM = {"szDecimals": 2, "name": "ATOM", "maxLeverage": 5, "marginTableId": 5}


def test_listed_and_flat_tables() -> None:
    tables = load_hyperliquid_meta(meta(BTC, ATOM), ORIGIN)
    assert tables["BTC"].rates.tolist() == [0.0125, 0.025]
    assert tables["BTC"].deductions.tolist() == pytest.approx([0.0, 1_875_000.0])
    assert tables["ATOM"].rates.tolist() == [0.1]
    assert tables["ATOM"].size_limit == float("inf")


def test_a_size_on_the_bound_is_in_the_upper_tier() -> None:
    table = load_hyperliquid_meta(meta(BTC), ORIGIN)["BTC"]
    assert table.max_leverage_at([150e6 - 1, 150e6]).tolist() == [40.0, 20.0]


def test_with_contexts_and_with_several_universes() -> None:
    assert set(load_hyperliquid_meta([meta(BTC), [{"markPx": "1"}]], ORIGIN)) == {"BTC"}
    other = {"universe": [{"name": "km:US500", "maxLeverage": 20, "szDecimals": 3}], "marginTables": []}
    tables = load_hyperliquid_meta([meta(BTC), other], ORIGIN)
    assert tables["km:US500"].rates.tolist() == [0.025]


def test_a_coin_without_a_table_id_carries_a_warning() -> None:
    table = load_hyperliquid_meta(meta({"name": "BTC", "maxLeverage": 40}), ORIGIN)["BTC"]
    assert "no margin table" in table.warning
    assert load_hyperliquid_meta(meta(BTC), ORIGIN)["BTC"].warning == ""


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (meta({**BTC, "marginTableId": 77}), "77"),
        (meta({**BTC, "name": None}), "no name"),
        (meta({"name": "X"}), "maxLeverage"),
        (meta({"name": "X", "maxLeverage": 0}), "finite"),
        ({"marginTables": []}, "universe"),
        ([], "universe"),
        ({"universe": [BTC], "marginTables": [56]}, "margin table is 56"),
    ],
)
def test_what_does_not_fit_is_refused(payload: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        load_hyperliquid_meta(payload, ORIGIN)
