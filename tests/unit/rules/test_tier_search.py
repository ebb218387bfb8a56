"""The self-consistent tier, by unit of the floors."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from liqatlas.base.errors import RuleError
from liqatlas.rules import (
    Maintenance,
    Positions,
    TierTable,
    continuous_deductions,
    liquidation_price,
    self_consistent,
    tiered_liquidation_price,
)
from liqatlas.rules.catalogue import tiers

DAY = date(2024, 10, 24)
#: freqtrade tests/exchange/test_okx.py at c9ae5e1e: ETH-USDT, contracts of 0.1 ETH.
OKX_ETH = TierTable(
    "okx", "ETH-USDT", np.array([0.0, 2000.0, 4000.0]), np.array([0.01, 0.015, 0.02]), np.zeros(3),
    np.array([75.0, 50.0, 20.0]), "contracts", DAY, "freqtrade", DAY, size_limit=8000.0, whole_position=True,
    contract_value=0.1,
)  # fmt: skip


def test_dropping_the_deduction_is_material() -> None:
    """20 M USDT of BTCUSDT, long at 20x: 62,574 exact, 63,010 without ``cum`` (+0.70 %)."""
    table = tiers("binance", "BTCUSDT", DAY)
    held = Positions.isolated(1, 20e6 / 65_000, entry=65_000.0, leverage=20.0)
    assert round(tiered_liquidation_price(held, table).item()) == 62_574
    assert round(liquidation_price(held, Maintenance.of(0.02)).item()) == 63_010


def test_the_tier_is_that_of_the_level_not_of_the_entry() -> None:
    """A short that opens in one tier and is liquidated in the next owes the next one's rate."""
    table = tiers("binance", "BTCUSDT", DAY)
    held = Positions.isolated(-1, 590e3 / 65_000, entry=65_000.0, leverage=10.0)
    terms = self_consistent(held, table)
    assert table.maintenance_rate(590e3) == 0.005
    assert terms.rate == 0.0065
    level = liquidation_price(held, terms).item()
    assert held.equity_at(level) == pytest.approx(
        table.maintenance_amount(held.notional_at(level)).item(), rel=1e-12
    )


def test_tiers_in_contracts_do_not_move_with_the_price() -> None:
    held = Positions.isolated([1, 1, -1], [150.0, 250.0, 450.0], entry=2000.0, leverage=10.0)
    terms = self_consistent(held, OKX_ETH, close_fee=0.0005)
    assert terms.rate.tolist() == [0.01, 0.015, 0.02]
    assert terms.deduction.tolist() == [0.0, 0.0, 0.0]


def test_tiers_in_contracts_of_unknown_value_are_refused() -> None:
    held = Positions.isolated(1, 1.0, entry=2000.0, leverage=10.0)
    with pytest.raises(RuleError, match="contract"):
        self_consistent(held, replace(OKX_ETH, contract_value=np.nan))


def test_usd_floors_of_an_inverse_contract_are_its_face() -> None:
    table = tiers("binance", "BTCUSDT", DAY)
    held = Positions.isolated(1, [40e3, 700e3], entry=50_000.0, leverage=10.0, kind="inverse")
    assert self_consistent(held, table).rate.tolist() == [0.004, 0.0065]


def test_coin_floors_move_with_the_price_of_an_inverse_contract() -> None:
    floors, rates = np.array([0.0, 5.0, 10.0]), np.array([0.004, 0.005, 0.01])
    table = TierTable(
        "binance_coinm", "BTCUSD_PERP", floors, rates, continuous_deductions(floors, rates), 0.5 / rates, "coin",
        DAY, "made up", DAY,
    )  # fmt: skip
    held = Positions.isolated(1, 4.8 * 50_000, entry=50_000.0, leverage=5.0, kind="inverse")
    level = tiered_liquidation_price(held, table).item()
    at = held.notional_at(level).item()
    assert 5.0 < at < 10.0
    assert held.equity_at(level) == pytest.approx(table.maintenance_amount(at).item(), rel=1e-12)
    with pytest.raises(RuleError, match="inverse contracts only"):
        self_consistent(Positions.isolated(1, 1.0, entry=50_000.0, leverage=5.0), table)


def test_entry_basis_looks_the_tier_up_at_the_entry() -> None:
    table = tiers("binance", "BTCUSDT", DAY)
    held = Positions.isolated(-1, 590e3 / 65_000, entry=65_000.0, leverage=10.0)
    assert self_consistent(held, table, basis="entry").rate == 0.005


def test_a_growing_position_is_liquidated_on_the_jump_itself() -> None:
    """Whole-position rates of 1 % to 1000 USD and 50 % above: a short is solvent below the floor and far from it above."""
    table = replace(
        OKX_ETH, floors=np.array([0.0, 1000.0]), rates=np.array([0.01, 0.5]), deductions=np.zeros(2),
        max_leverages=np.array([50.0, 1.0]), floor_unit="usd", size_limit=1e6,
    )  # fmt: skip
    held = Positions.isolated(-1, 1.0, entry=900.0, leverage=3.0)
    assert tiered_liquidation_price(held, table) == pytest.approx(1000.0, rel=1e-12)
    assert tiered_liquidation_price(Positions.isolated(-1, 1.0, entry=900.0, leverage=20.0), table) < 1000.0


def test_a_schedule_that_jumps_despite_its_deductions_is_refused() -> None:
    broken = replace(tiers("binance", "BTCUSDT", DAY), deductions=np.zeros(12))
    with pytest.raises(RuleError, match="jumps"):
        tiered_liquidation_price(Positions.isolated(1, 1.0, entry=65_000.0, leverage=10.0), broken)


def test_rate_and_fee_that_reach_one_are_refused() -> None:
    table = tiers("binance", "BTCUSDT", DAY)
    with pytest.raises(RuleError, match="reaches 1"):
        tiered_liquidation_price(
            Positions.isolated(1, 1.0, entry=65_000.0, leverage=1.5), table, close_fee=0.5
        )
