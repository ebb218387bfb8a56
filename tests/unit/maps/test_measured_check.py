"""The self-test: leave one out, three kinds of margin, and classes that each catch what they are for."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.clock import parse_time
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording
from liqatlas.maps.measured_check import self_test
from liqatlas.maps.measured_equity import account_equity, others_equity
from liqatlas.maps.measured_holdings import holdings_of
from liqatlas.rules import tiers

if TYPE_CHECKING:
    from liqatlas.maps.measured_holdings import Holdings

MOMENT = parse_time("2026-02-01")
MARKS = {"BTC": 70_000.0, "ETH": 2_000.0, "SOL": 85.0, "WIF": 0.3, "HYPE": 30.0}


def level_of(coin: str, signed: float, free: float, rate: float | None = None) -> float:
    """The plain one-tier formula: mark - side x margin available / size / (1 - l side)."""
    side, mark = np.sign(signed), MARKS[coin]
    l = float(tiers("hyperliquid", coin, date(2026, 2, 1)).rates[0]) if rate is None else rate  # noqa: E741
    return float(mark - side * free / abs(signed) / (1 - l * side))


def row(account: str, coin: str, signed: float, **more: Any) -> dict[str, Any]:
    return {
        "ts_event_ns": MOMENT, "account": account, "position": "long" if signed > 0 else "short", "qty_native": abs(signed),
        "entry_price": MARKS[coin], "mark_price": MARKS[coin], "leverage": 10.0, "symbol": coin,
    } | more  # fmt: skip


def holdings(rows: list[dict[str, Any]]) -> Holdings:
    recordings = []
    for coin in sorted({r["symbol"] for r in rows}):
        mine = [{k: v for k, v in r.items() if k != "symbol"} for r in rows if r["symbol"] == coin]
        frame = schemas.POSITIONS.conform(pl.DataFrame(mine, infer_schema_length=None))
        recordings.append(Recording(Instrument("hyperliquid", coin, coin, "USD", "USDC"), positions=frame))
    return holdings_of(recordings)


def account(free: float, **sizes: float) -> list[dict[str, Any]]:
    return [row("a", coin, q, liquidation_price=level_of(coin, q, free)) for coin, q in sizes.items()]


def kinds(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {d.name: d.count for d in self_test(holdings(rows)).disagreements}


def test_each_price_follows_from_the_others() -> None:
    test = self_test(holdings(account(40_000, BTC=1.0, ETH=-50.0, SOL=800.0)))
    assert (test.checked, test.within, test.disagreements) == (3, 3, ())
    assert test.error_quantiles["0.99"] < 1e-12


def test_a_price_never_tests_itself() -> None:
    """One wrong price of two makes both unverifiable: neither is within, as each is judged by the other."""
    rows = account(40_000, BTC=1.0, ETH=-50.0)
    rows[0]["liquidation_price"] *= 1.02
    test = self_test(holdings(rows))
    assert (test.checked, test.within) == (2, 0)


def test_single_positions_are_not_checked_but_counted() -> None:
    test = self_test(holdings(account(40_000, BTC=1.0)))
    assert (test.checked, test.apart["no_other_position"]) == (0, 1)
    assert np.isnan(test.share)


def test_stated_equity_makes_a_single_position_testable() -> None:
    rate = float(tiers("hyperliquid", "BTC", date(2026, 2, 1)).rates[0])
    rows = account(40_000, BTC=1.0)
    rows[0] |= {"account_value_usd": 40_000 + rate * MARKS["BTC"], "margin_mode": "cross"}
    assert self_test(holdings(rows)).within == 1
    rows[0]["account_value_usd"] += 500
    assert self_test(holdings(rows)).within == 0


def test_stated_equity_counts_positions_without_a_level_too() -> None:
    btc, sol = (float(tiers("hyperliquid", c, date(2026, 2, 1)).rates[0]) for c in ("BTC", "SOL"))
    equity = 40_000 + btc * MARKS["BTC"] + sol * 10 * MARKS["SOL"]
    rows = account(40_000, BTC=1.0)
    rows.append(row("a", "SOL", 10.0))
    rows = [r | {"account_value_usd": equity, "margin_mode": "cross"} for r in rows]
    test = self_test(holdings(rows))
    assert (test.checked, test.within) == (1, 1)


def test_isolated_margin_is_the_position_s_own() -> None:
    """Vector 13: the API documentation's isolated ETH long, liquidationPx 2866.26936529 (maximum leverage 50, Feb 2024)."""
    marks, when = 2985.9, parse_time("2024-02-01")
    size, raw = 0.0335, -95.059824
    rows = [row("a", "ETH", size) | {
        "ts_event_ns": when, "mark_price": marks, "entry_price": 2986.3, "leverage": 20.0, "margin_mode": "isolated",
        "margin_usd": size * marks + raw, "liquidation_price": 2866.26936529,
    }]  # fmt: skip
    test = self_test(holdings(rows))
    assert (test.checked, test.within) == (1, 1)
    assert test.error_quantiles["0.5"] < 1e-8  # rawUsd is given to six digits


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("another_margin_table", lambda: level_of("WIF", 300_000.0, 8_000, rate=0.05)),
        ("own_initial_margin", lambda: MARKS["WIF"] * 0.95),
        ("own_changed_margin", lambda: level_of("WIF", 300_000.0, 6_000)),
        ("unexplained", lambda: level_of("WIF", 300_000.0, 12_000)),
    ],
)
def test_classes_catch_what_they_are_for(name: str, change: Any) -> None:
    rows = account(8_000, BTC=1.0, ETH=-50.0, SOL=800.0, WIF=300_000.0)
    rows[-1]["liquidation_price"] = change()
    assert kinds(rows) == {name: 1}


def test_snapshot_read_at_two_moments() -> None:
    rows = account(40_000, BTC=1.0, ETH=-50.0, SOL=800.0, HYPE=2_000.0)
    rows[1]["liquidation_price"] *= 1.004
    assert kinds(rows) == {"moved_within_snapshot": 1}


def test_no_two_others_agree() -> None:
    rows = [
        row("a", coin, q, liquidation_price=level_of(coin, q, free))
        for coin, q, free in (("BTC", 1.0, 20_000), ("ETH", -50.0, 31_000), ("SOL", 900.0, 47_000))
    ]
    assert sum(kinds(rows).values()) == 3
    assert "others_disagree" in kinds(rows)


def test_counts_of_classes_sum_to_the_disagreements() -> None:
    rows = account(40_000, BTC=1.0, ETH=-50.0, SOL=800.0, HYPE=300.0)
    rows[0]["liquidation_price"] *= 1.3
    rows[1]["liquidation_price"] *= 0.8
    test = self_test(holdings(rows))
    assert sum(d.count for d in test.disagreements) == test.checked - test.within > 0


def test_bad_rows_are_counted_by_kind() -> None:
    rows = account(40_000, BTC=1.0, ETH=-50.0)
    rows += [
        row("b", "SOL", 10.0, liquidation_price=0.0),
        row("c", "SOL", 10.0, liquidation_price=None),
        row("d", "SOL", 10.0, liquidation_price=95.0),
        row("e", "BTC", 1.0, liquidation_price=60_000.0, mark_price=None),
    ]
    rows.append(row("f", "SOL", 5.0, liquidation_price=60.0) | {"symbol": "NOTACOIN"})
    held = holdings(rows)
    flaws = held.flaws
    assert (flaws.no_level, flaws.wrong_side, flaws.unknown_tiers) == (2, 1, 1)
    assert flaws.unknown_coins == ("NOTACOIN",)
    assert self_test(held).apart["unknown_tiers"] == 1


def test_without_a_level_we_find_none_either() -> None:
    rows = account(400_000, BTC=-1.0, ETH=-50.0)
    rows.append(row("a", "SOL", 10.0))
    test = self_test(holdings(rows))
    assert (test.no_level_checked, test.no_level_agreed) == (0, 0)
    rows = account(400_000, BTC=-1.0, ETH=-50.0, HYPE=-300.0)
    rows.append(row("a", "SOL", 10.0))
    test = self_test(holdings(rows))
    assert (test.no_level_checked, test.no_level_agreed) == (1, 1)


def test_no_mark_at_all_is_said() -> None:
    with pytest.raises(NotEnoughDataError, match="mark price"):
        holdings([row("a", "BTC", 1.0, mark_price=None)])


def naive_others(values: list[float]) -> list[float]:
    """What the largest group within a millionth among the rest agrees on; the rest's median where no two agree."""
    out = []
    for i in range(len(values)):
        rest = sorted(values[:i] + values[i + 1 :])
        best: list[float] = []
        group: list[float] = []
        for value in rest:
            group = (
                [*group, value] if group and value - group[-1] <= 1e-6 * abs(group[-1]) + 1e-3 else [value]
            )
            best = group if len(group) > len(best) else best
        out.append(float(np.mean(best)) if len(best) > 1 else float(np.median(rest)))
    return out


def test_others_equity_is_the_plain_loop_s() -> None:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame(
        {"venue": ["v"] * 400, "ts_event_ns": [0] * 400, "account": np.repeat(np.arange(80), 5).astype(str)}
    )
    named = np.round(rng.choice([100.0, 5e4, 5e4, 3e6], 400) * (1 + 1e-9 * rng.random(400)), 9)
    found = others_equity(frame, named)
    for group in range(80):
        mine = slice(5 * group, 5 * group + 5)
        right = naive_others(named[mine].tolist())
        votes = found.votes[mine]
        for i, value in enumerate(right):
            rest = np.delete(named[mine], i)
            size = max(int(np.sum(np.abs(rest - v) <= 1e-6 * abs(v) + 1e-3)) for v in rest)
            assert votes[i] == size
            if size > 1 and int(np.sum(np.abs(rest - value) <= 1e-6 * abs(value) + 1e-3)) == size:
                group_of = rest[
                    np.abs(rest - found.equity[mine][i]) <= 1e-6 * abs(found.equity[mine][i]) + 1e-3
                ]
                assert len(group_of) == size


def test_account_equity_takes_the_largest_group() -> None:
    equity, votes = account_equity(np.array([5.0, 1e6, 1e6 + 1e-4, 3e7]))
    assert (round(equity), votes) == (1_000_000, 2)
    assert account_equity(np.array([]))[1] == 0
