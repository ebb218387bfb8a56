"""Bybit risk limits: percent or fraction, empty deductions, pages."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders import Origin, load_bybit_risk_limits

ORIGIN = Origin("sample", date(2026, 9, 25), date(2026, 11, 22))


def row(limit: str, rate: str, initial: str | None, lever: str, deduction: str = "") -> dict[str, Any]:
    fields = {
        "id": 1, "symbol": "BTCUSDT", "riskLimitValue": limit, "maintenanceMargin": rate, "initialMargin": initial,
        "isLowestRisk": 1, "maxLeverage": lever, "mmDeduction": deduction,
    }  # fmt: skip
    return {k: v for k, v in fields.items() if v is not None}


def answer(*rows: dict[str, Any], category: str = "linear") -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": {"category": category, "list": list(rows)}, "time": 1}


FIRST = row("300000", "0.0033", "0.0066", "150.00")
SECOND = row("2000000", "0.005", "0.01", "100.00", "510")


def test_live_fractions() -> None:
    table = load_bybit_risk_limits(answer(SECOND, FIRST), ORIGIN)["BTCUSDT"]
    assert table.rates.tolist() == [0.0033, 0.005]
    assert table.deductions.tolist() == pytest.approx([0.0, 510.0])
    assert table.floor_unit == "usd"


def test_percent_as_the_documentation_shows_it() -> None:
    shown = {**row("150", "0.5", "1", "100.00"), "symbol": "BTCUSD"}
    table = load_bybit_risk_limits(answer(shown, category="inverse"), ORIGIN)["BTCUSD"]
    assert table.rates.tolist() == [0.005]
    assert (table.floor_unit, table.size_limit) == ("coin", 150.0)


@pytest.mark.parametrize(("rate", "expected"), [("0.5", 0.005), ("0.005", 0.005)])
def test_unit_without_the_initial_margin(rate: str, expected: float) -> None:
    table = load_bybit_risk_limits(answer(row("2000000", rate, None, "100")), ORIGIN)["BTCUSDT"]
    assert table.rates.tolist() == [expected]


def test_a_symbol_over_two_pages() -> None:
    table = load_bybit_risk_limits([answer(FIRST), answer(SECOND)], ORIGIN)["BTCUSDT"]
    assert len(table) == 2


def test_missing_deductions_are_the_continuous_ones() -> None:
    table = load_bybit_risk_limits(answer(FIRST, row("2000000", "0.005", "0.01", "100")), ORIGIN)["BTCUSDT"]
    assert table.deductions[1] == pytest.approx(510.0)


def test_category_may_be_given() -> None:
    bare = {"list": [FIRST]}
    with pytest.raises(FormatError, match="category"):
        load_bybit_risk_limits(bare, ORIGIN)
    assert load_bybit_risk_limits(bare, ORIGIN, category="linear")["BTCUSDT"].leverage_cap == 150.0


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (row("2000000", "0.005", "0.01", "100", "500"), "continuity wants 510"),
        (row("2000000", "0.05", "0.1", "100"), "percent from fraction"),
        (row("2000000", "", "0.01", "100"), "maintenanceMargin"),
        (row("abc", "0.005", "0.01", "100"), "riskLimitValue"),
        ({**SECOND, "symbol": ""}, "no symbol"),
    ],
)
def test_what_does_not_fit_is_refused(bad: dict[str, Any], message: str) -> None:
    with pytest.raises(FormatError, match=message):
        load_bybit_risk_limits(answer(FIRST, bad), ORIGIN)
