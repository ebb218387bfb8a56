from __future__ import annotations

import pytest

from liqatlas.base.errors import InputError
from liqatlas.cascade.shock import Shock, parse_order, parse_shock


@pytest.mark.parametrize(
    ("text", "shock"),
    [
        ("-5%", Shock("move", -0.05)),
        ("+2.5 %", Shock("move", 0.025)),
        ("−2%", Shock("move", -0.02)),
        ("-200M", Shock("order", -200e6)),
        ("$1.5b", Shock("order", 1.5e9)),
        ("-2_000_000", Shock("order", -2e6)),
        ("level:60000", Shock("level", 60_000.0)),
        ("LEVEL:60,000.5", Shock("level", 60_000.5)),
    ],
)
def test_what_can_be_written(text: str, shock: Shock) -> None:
    assert parse_shock(text) == shock


@pytest.mark.parametrize(
    "text", ["", "0%", "0", "five", "-100%", "level:", "level:-5", "level:0", "5%%", "nan", "inf", "--5%"]
)
def test_what_cannot(text: str) -> None:
    with pytest.raises(InputError, match="shock"):
        parse_shock(text)


def test_direction_and_words() -> None:
    assert parse_shock("-5%").direction(100) == "down"
    assert parse_shock("50M").direction(100) == "up"
    assert parse_shock("level:90").direction(100) == "down"
    assert parse_shock("level:110").direction(100) == "up"
    assert parse_shock("-200M").describe(100) == "$200M sold at market"
    assert "(−10 %)" in parse_shock("level:90").describe(100)


def test_orders() -> None:
    assert parse_order("buy:20M") == Shock("order", 20e6)
    assert parse_order("sell:$5m") == Shock("order", -5e6)
    for wrong in (
        "20M",
        "sell:0",
        "buy:1e20",
        "buy:market:down",
        "hold:20M",
        "buy:-20M",
        "buy:",
        "sell:5%",
        "buy:level:5",
    ):
        with pytest.raises(InputError):
            parse_order(wrong)
