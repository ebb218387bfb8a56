"""Each venue's stated steps on cases worked out by hand: one position, a linear book of 1M USD per percent, one price move.

A level lies at 1 % from the start. The book has nothing hidden: depth to x is 100M · x, so a sale of 0.4M from 1 % ends at
1.4 % and fills at 1.2 % in the mean. Sources are those of ``rules.by_venue``; the sentence used stands over each case.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from liqatlas.cascade.kernels_state import Market, Plan, Runs
from liqatlas.cascade.monte_carlo import run_many
from liqatlas.cascade.venue_rules import Exposure, venue_rule
from liqatlas.rules import liquidation_steps
from liqatlas.rules.by_venue.dydx import fillable_price

if TYPE_CHECKING:
    from liqatlas.base.instruments import ContractKind

pytestmark = pytest.mark.kernels

DEPTH = 100e6
LEVEL, SIZE = 0.010, 1e6
DAY = date(2026, 6, 1)


def close_one(
    venue: str,
    *,
    move: float = LEVEL,
    rounds: int = 1,
    buffer: float = 0.004,
    fund: float = 0.0,
    large: float = 0.0,
    first: float = 0.5,
    kind: ContractKind = "linear",
    depth: float = DEPTH,
    usd: float = SIZE,
) -> dict[str, float]:
    """Move the price at once by ``move``; return the venue's tally after ``rounds`` rounds of 5 s."""
    exposure = Exposure(buffer, 0.001, large, first, fund, 0.0)
    rule, _ = venue_rule(venue, kind, DAY, exposure, round_s=5.0)
    rules: Any = np.zeros(1, rule.dtype)
    rules[0] = rule
    at = np.array([0.0, 1.0])
    market = Market(
        np.array([LEVEL]), np.array([[[usd]]]), at, depth * at[None, :], np.ones((1, 1)), np.ones(1), rules,
        np.zeros(1, np.int64), np.zeros(1), np.ones(1), np.ones(1),
    )  # fmt: skip
    one = np.ones(1)
    # a hair beyond: adding and taking back the move must not fall short of the level by rounding
    runs = Runs(np.zeros((1, 1)), one * (move + 1e-12), one, one, one)
    out = run_many(market, runs, Plan(1, 1, rounds, 0))
    return {name: float(out.of(name)[0, 0]) for name in ("triggered", "book", "taken", "adl", "fund")}


def near(value: float) -> Any:
    return pytest.approx(value, rel=1e-6, abs=0.01)


def test_binance_sells_down_to_bankruptcy_and_the_fund_takes_the_rest_at_that_price() -> None:
    """One large IOC; what is left goes to the fund at the bankruptcy price (binance.com/pt-BR/support/faq/360033525271).

    Room to 1.4 %: 0.4M. It fills at 1.2 %, 0.2 % better than bankruptcy: the fund earns 0.4M · 0.2 % = 800.
    """
    out = close_one("binance")
    assert out == {
        "triggered": near(1e6),
        "book": near(0.4e6),
        "taken": near(0.6e6),
        "adl": 0.0,
        "fund": near(800),
    }


def test_binance_reduces_a_large_position_until_its_margin_is_met() -> None:
    """Half first; the rest, held to a rate 0.1 % lower, is touched at 1.1 % one round later.

    First half: room 0.4M, 0.1M taken over. The mark is then at 1.4 %. Rest: bankruptcy 1.5 %, room 0.1M, 0.4M taken over.
    """
    assert close_one("binance", large=1.0)["triggered"] == near(0.5e6)
    out = close_one("binance", large=1.0, rounds=3)
    assert out["triggered"] == near(1e6)
    assert (out["book"], out["taken"]) == (near(0.5e6), near(0.5e6))


def test_binance_deleverages_when_the_fund_cannot_take_it() -> None:
    """ADL at the bankruptcy price when the fund cannot take the position (binance.com faq 360033525471).

    The price gaps to 2 %: 0.6 % beyond bankruptcy, a loss of 6,000 on 1M.
    """
    assert close_one("binance", move=0.02, fund=5_999)["adl"] == near(1e6)
    out = close_one("binance", move=0.02, fund=6_001)
    assert (out["adl"], out["taken"], out["fund"], out["book"]) == (0.0, near(1e6), near(-6_000), 0.0)


def test_bybit_fills_the_excess_whole_or_not_at_all_then_takes_over() -> None:
    """FillOrKill of the excess over the lower tier, then takeover at bankruptcy price (bybit help 000001381).

    The excess of 0.5M does not fit into 0.4M of room: nothing fills. An excess of 0.3M fits, at a mean of 1.15 %.
    """
    killed = close_one("bybit", large=1.0)
    assert (killed["book"], killed["taken"]) == (0.0, near(0.5e6))
    filled = close_one("bybit", large=1.0, first=0.3)
    assert (filled["book"], filled["taken"]) == (near(0.3e6), 0.0)
    assert filled["fund"] == near(0.3e6 * 0.0025)


def test_okx_steps_once_a_minute_and_deleverages_at_a_fall_of_thirty_percent() -> None:
    """Tier steps in order cycles of about a minute (page 360020411711); ADL when the fund fell 30 % from its peak (ouchyi.rocks)."""
    early, late = (close_one("okx", large=1.0, first=0.3, move=0.0115, rounds=n) for n in (12, 13))
    assert early["triggered"] == near(0.3e6)
    assert late["triggered"] == near(1e6)
    # the gap to 2 % costs 6,000: more than 30 % of 19,000, less than 30 % of 21,000
    assert close_one("okx", move=0.02, fund=19_000)["adl"] == near(1e6)
    assert close_one("okx", move=0.02, fund=21_000)["taken"] == near(1e6)


def test_hyperliquid_sends_a_fifth_first_and_the_rest_after_thirty_seconds() -> None:
    """Above 100k USDC 20 % first, then 30 s cool-down, then the whole (docs.tings.xyz, docs.hyena.trade): six rounds of 5 s."""
    for rounds, closed in ((1, 0.2e6), (6, 0.2e6), (7, 1e6)):
        assert close_one("hyperliquid", large=1.0, rounds=rounds, buffer=0.03)["book"] == near(closed)
    assert close_one("hyperliquid", large=0.0)["book"] == near(1e6)


def test_hyperliquid_backstop_takes_over_below_two_thirds_of_maintenance() -> None:
    """Equity below 2/3 of maintenance → liquidator vault (gitbook liquidations).

    With a maintenance of 3 %, equity is at 2/3 of it once the mark is 1 % beyond the level, at 2 %.
    """
    before, after = (close_one("hyperliquid", buffer=0.03, move=m) for m in (0.0199, 0.0201))
    assert (before["book"], before["taken"]) == (near(1e6), 0.0)
    assert (after["book"], after["taken"]) == (0.0, near(1e6))
    # beyond bankruptcy at 4 %: account value below zero, no fund: deleveraged
    assert close_one("hyperliquid", buffer=0.03, move=0.0401)["adl"] == near(1e6)


def test_dydx_offers_near_the_oracle_price_block_by_block() -> None:
    """Fillable price P(1 - SMMR · MMF · BA(1 - Q)), SMMR 10 % (genesis); deleveraging when bankrupt and no fund is left.

    With the mark halfway to bankruptcy the order gives 0.1 · 0.4 % · 0.5 = 0.02 % beyond it: 20,000 USD of this book.
    """
    stated = fillable_price(
        1.0, direction=1, maintenance_fraction=0.004, collateral_ratio=0.5, spread_to_maintenance=0.1
    )
    assert 1.0 - float(stated) == pytest.approx(0.0002)
    assert close_one("dydx", move=0.012)["book"] == near(20_000)
    assert close_one("dydx", move=LEVEL)["book"] == near(0)
    assert close_one("dydx", move=0.02)["adl"] == near(1e6 - 0.0004 * DEPTH)
    assert close_one("dydx", move=0.02, fund=1e6)["adl"] == 0.0


def test_dydx_orders_at_most_a_hundred_million_a_block() -> None:
    """max_notional_liquidated of a subaccount and block: 1e14 quote quantums, 100M USDC (v4-chain default genesis at 84d4664b)."""
    deep = 1e13  # the book takes any of it at once
    for rounds, closed in ((1, 100e6), (2, 200e6), (3, 250e6)):
        out = close_one("dydx", usd=250e6, depth=deep, move=0.012, rounds=rounds)
        assert out["book"] == near(closed)


def test_okx_closes_the_venues_own_example_down_to_tier_one_first() -> None:
    """15,000 swaps in tier 3, tier 1 holds 2,000: 13,000 are closed, the rest a minute later if it must (page 360020411711)."""
    share = (15_000 - 2_000) / 15_000
    early, late = (
        close_one("okx", large=1.0, first=share, move=0.0115, rounds=n, buffer=0.05) for n in (12, 13)
    )
    assert early["book"] == near(share * SIZE)
    assert late["book"] == near(SIZE)


def test_bitmex_fills_the_excess_whole_or_not_at_all_then_places_a_limit_at_bankruptcy() -> None:
    """FillOrKill of what is above a lower risk limit; otherwise the whole goes to the engine (bitmex.com/app/liquidationExamples).

    The page's own position: long one contract at 100, liquidation 99.50, bankruptcy 99.00; sold at 99.25 the fund earns 0.25. Here
    1M USD with half a percent between liquidation and bankruptcy, filled at a quarter percent beyond the level: 2,500.
    """
    killed = close_one("bitmex", large=1.0, kind="inverse")
    assert (killed["book"], killed["taken"]) == (0.0, near(0.5e6))
    # the book takes 1M over 0.5 %: the mean fill lies a quarter percent beyond the level
    example = close_one("bitmex", kind="inverse", buffer=0.005, depth=200e6)
    assert (example["book"], example["taken"], example["fund"]) == (near(1e6), near(0), near(2_500))


def test_gate_sells_at_the_bankruptcy_price_and_the_fund_takes_what_is_not_filled() -> None:
    """Orders at the bankruptcy price, the rest to the fund at that price, then ADL (gate.tv help futures-logic/22081).

    Room to 1.4 %: 0.4M. No page says that the fund keeps what fills beat bankruptcy by: nothing is booked. The gap to 2 % costs
    0.6 % of 1M.
    """
    out = close_one("gate")
    assert (out["book"], out["taken"], out["fund"]) == (near(0.4e6), near(0.6e6), 0.0)
    assert close_one("gate", move=0.02, fund=5_999)["adl"] == near(1e6)
    assert close_one("gate", move=0.02, fund=6_001)["taken"] == near(1e6)
    assert close_one("gate", large=1.0)["triggered"] == near(0.5e6)  # tier by tier


def test_bitget_sells_at_market_and_the_fund_earns_or_pays_the_difference() -> None:
    """Better than bankruptcy goes to the fund, worse is paid by it (bitget.com academy, insurance fund); at the bankruptcy price ADL
    (support 360052910712).

    A market order for 1M from 1 % ends at 2 %, 1.5 % in the mean, 0.1 % beyond bankruptcy: the fund pays 1,000. Half of it first ends
    at 1.5 %, 1.25 % in the mean: it earns 750.
    """
    out = close_one("bitget", fund=1e6)
    assert (out["book"], out["fund"]) == (near(1e6), near(-1_000))
    first = close_one("bitget", fund=1e6, large=1.0)
    assert (first["book"], first["fund"]) == (near(0.5e6), near(750))
    assert close_one("bitget", move=0.0141)["adl"] == near(1e6)


def test_bitfinex_places_a_limit_at_zero_equity_then_the_fund_then_termination() -> None:
    """Limit order at the zero-equity price (support 213895229); fund, then termination of the most profitable (360035477394)."""
    out = close_one("bitfinex", large=1.0)
    assert (out["book"], out["taken"]) == (near(0.4e6), near(0.6e6))
    assert close_one("bitfinex", move=0.02, fund=0.0)["adl"] == near(1e6)
    assert close_one("bitfinex", move=0.02, fund=6_001)["fund"] == near(-6_000)


def test_every_venue_names_its_sources() -> None:
    for venue, kind in (
        ("binance", "linear"), ("bybit", "linear"), ("okx", "linear"), ("hyperliquid", "linear"), ("dydx", "linear"),
        ("bitget", "linear"), ("gate", "linear"), ("bitfinex", "linear"), ("bitmex", "inverse"),
    ):  # fmt: skip
        steps = liquidation_steps(venue, cast("ContractKind", kind), DAY)
        assert steps.sources
        assert "unknown" not in (steps.order, steps.takeover, steps.deleveraging)


def test_a_venue_without_stated_steps_is_sold_whole_and_says_so() -> None:
    exposure = Exposure(0.004, 0.001, 0.5, 0.5, 1e6, 0.1)
    for venue, kind in (("kraken", "linear"), ("bitget", "inverse")):
        rule, said = venue_rule(venue, cast("ContractKind", kind), DAY, exposure, round_s=5.0)
        assert venue in said
        assert int(rule["kind"]) == 0
    assert close_one("kraken", large=1.0)["book"] == near(1e6)
