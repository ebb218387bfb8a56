"""Gate's documented tier sample (ZTX_USDT, five tiers with their deductions), and the equation its rule uses.

Source: https://www.gate.com/docs/developers/apiv4/en/#query-risk-limit-tiers, read 22 Nov 2026.
"""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders import Origin, load_gate_tiers
from liqatlas.rules.positions import Positions
from liqatlas.rules.registry import margin_rule

ORIGIN = Origin(
    "GET /futures/usdt/risk_limit_tiers, documented sample", date(2026, 11, 22), date(2026, 11, 22)
)
#: risk_limit, maintenance_rate, leverage_max, deduction as printed.
PRINTED = [
    ("20000", "0.01", "50", "0"), ("30000", "0.013", "40", "60"), ("50000", "0.015", "35", "120"),
    ("70000", "0.02", "30", "370"), ("100000", "0.025", "25", "720"),
]  # fmt: skip


def _answer(deduction_of_third: str = "120") -> str:
    rows = [
        {"tier": i + 1, "risk_limit": cap, "maintenance_rate": rate, "leverage_max": leverage, "contract": "ZTX_USDT",
         "deduction": deduction_of_third if i == 2 else deduction}
        for i, (cap, rate, leverage, deduction) in enumerate(PRINTED)
    ]  # fmt: skip
    return json.dumps(rows)


def test_the_printed_deductions_are_the_continuous_ones() -> None:
    (table,) = load_gate_tiers(_answer(), ORIGIN).values()
    np.testing.assert_allclose(table.deductions, [0, 60, 120, 370, 720], rtol=1e-12)
    assert (table.venue, table.symbol, table.floor_unit, table.leverage_cap) == (
        "gate",
        "ZTX_USDT",
        "usd",
        50.0,
    )


def test_a_deduction_that_does_not_join_is_refused() -> None:
    with pytest.raises(FormatError, match="continuity wants 120"):
        load_gate_tiers(_answer("121"), ORIGIN)


def test_rows_without_a_contract_need_the_symbol_asked_for() -> None:
    rows = json.loads(_answer())
    for row in rows:
        del row["contract"]
    with pytest.raises(FormatError, match="no contract"):
        load_gate_tiers(rows, ORIGIN)
    assert set(load_gate_tiers(rows, ORIGIN, symbol="ZTX_USDT")) == {"ZTX_USDT"}


@pytest.mark.parametrize("direction", [1, -1])
def test_the_level_leaves_exactly_maintenance_and_fee(direction: int) -> None:
    """At the level, margin plus profit equals maintenance of the tier the position is in there, plus the closing fee."""
    (table,) = load_gate_tiers(_answer(), ORIGIN).values()
    rule = margin_rule("gate", "linear", date(2026, 11, 1))
    held = Positions.of(direction, 40_000.0, entry=1.0, margin=4_000.0)
    level = rule.liquidation_price(held, table, taker_fee=0.0005).item()
    value = 40_000.0 * level
    rate, deduction = next((float(r), float(d)) for (cap, r, _, d) in PRINTED if value <= float(cap))
    equity = 4_000.0 + direction * 40_000.0 * (level - 1.0)
    assert equity == pytest.approx(rate * value - deduction + 0.0005 * value, rel=1e-9)
