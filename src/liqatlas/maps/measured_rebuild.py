"""Liquidated accounts rebuilt from their fills: each one is asked whether it was liquidated where our formula says.

Four tests per liquidation, each of something else:

* ``takeover_gap``: the positions are taken over at the price at which nothing is left, mark x (1 - s account value / notional); what
  the published value at the mark differs from that, as a share.
* ``overshoot``: the price of take-over is the bankruptcy price, which names the level exactly (level = p / (1 - s m)); the mark at
  the event must lie beyond the level, by what it moved between two looks of the engine.
* ``published_overshoot``: the same from the account value that the venue published.
* ``error``: the level from nothing but the user's own fills and deposits; what funding, fees and missing rows do, shows here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.clock import to_datetime
from liqatlas.rules import Positions, tiered_liquidation_price, tiers

if TYPE_CHECKING:
    from liqatlas.rules import TierTable

_VENUE = "hyperliquid"
#: Fees and funding move an account by this share of its turnover at most; more means that rows are missing.
_COSTS = 1e-3
#: Largest gap between the published value and what was taken over, as a share, for both to be of the same positions.
_SAME_ACCOUNT = 1e-3
#: A margin table this far [days] from the event says little of it.
_TIERS_DAYS = 200
#: Sizes below this are rounding.
_DUST = 1e-7

CLASSES = {
    "reproduced": "within 0.5 %",
    "quick_market": "the mark had moved more than 0.5 % beyond our level between two looks of the engine",
    "incomplete_account": "deposits, withdrawals or fills are missing: the rebuilt equity differs from the published one by more "
    "than fees and funding can make",
    "costs": "fees and funding, which the sample does not hold, ate less than 0.1 % of the turnover and moved the level",
    "isolated": "the sample does not say which margin the isolated position had: the published value is the whole account's",
    "tiers_not_known_then": "no margin table of that time is sourced for the coin; one of another year was used",
}


def rebuild(fills: pl.DataFrame, ledger: pl.DataFrame, liquidations: pl.DataFrame) -> pl.DataFrame:
    """Return one row per liquidation.

    Parameters
    ----------
    fills, ledger, liquidations
        As in ``venues.importers.positions_2023.UserSample``.

    Returns
    -------
    DataFrame
        ``ts_event_ns, account, margin_mode, symbol`` (the largest coin), ``coins, position, qty_native, mark`` (at the event),
        ``level_from_takeover, overshoot, takeover_gap,
        published_overshoot, level_rebuilt, error, equity_rebuilt, equity_published,
        tiers_days_off``; :func:`classified` adds ``class``.
        Overshoots are shares of the level, positive where the mark had passed it; ``error`` is level_rebuilt / mark - 1.
    """
    rows = [_one(event, fills, ledger) for event in liquidations.iter_rows(named=True)]
    return pl.DataFrame(rows, infer_schema_length=None)


def _one(event: dict[str, object], fills: pl.DataFrame, ledger: pl.DataFrame) -> dict[str, object]:
    """Rebuild the account of one liquidation just before it."""
    account, when = str(event["account"]), event["ts_event_ns"]
    assert isinstance(when, int)
    own = fills.filter(pl.col("account") == account)
    before = own.filter(pl.col("ts_event_ns") < when)
    held = (
        before.group_by("symbol").agg(pl.col("signed_qty").sum()).filter(pl.col("signed_qty").abs() > _DUST)
    )
    taken = _taken_over(own.filter(pl.col("ts_event_ns") == when), held)
    cash = float(
        ledger.filter((pl.col("account") == account) & (pl.col("ts_event_ns") < when))["delta_usd"].sum()
    )
    cash -= float((before["signed_qty"] * before["price"]).sum())
    out: dict[str, object] = {
        "ts_event_ns": when,
        "account": account,
        "margin_mode": event["margin_mode"],
        "coins": held.height,
        "equity_published": event["account_value_usd"],
        "turnover_usd": float((before["signed_qty"] * before["price"]).abs().sum()),
    }
    return out | _compared(event, taken, held, cash)


def _taken_over(fills_then: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Return the positions that were taken over at the event: fills that close exactly what was held."""
    closing = fills_then.group_by("symbol").agg(
        pl.col("signed_qty").sum().alias("closed"),
        ((pl.col("signed_qty") * pl.col("price")).sum() / pl.col("signed_qty").sum()).alias("takeover"),
    )
    return held.join(closing, on="symbol", how="inner").filter(
        (pl.col("signed_qty") + pl.col("closed")).abs() < 1e-6
    )


def _compared(
    event: dict[str, object], taken: pl.DataFrame, held: pl.DataFrame, cash: float
) -> dict[str, object]:
    """Return the three tests of one event."""
    nothing: dict[str, object] = {
        "symbol": None, "position": None, "qty_native": None, "mark": None, "level_from_takeover": None, "overshoot": None,
        "tiers_days_off": 0, "takeover_gap": None, "published_overshoot": None, "level_rebuilt": None, "error": None, "equity_rebuilt": None,
    }  # fmt: skip
    if taken.is_empty():
        return nothing
    notional, published = event["notional_usd"], event["account_value_usd"]
    assert isinstance(notional, float)
    assert isinstance(published, float)
    direction, quantity = np.sign(taken["signed_qty"].to_numpy()), taken["signed_qty"].abs().to_numpy()
    takeover = taken["takeover"].to_numpy()
    # An account taken over leaves each coin at mark x (1 - s r), r = account value / notional, so that nothing is left of it.
    single = taken.height == 1
    marks = np.array([notional]) / quantity if single else takeover / (1 - direction * published / notional)
    largest = int(np.argmax(quantity * marks))
    when = event["ts_event_ns"]
    assert isinstance(when, int)
    symbol = str(taken["symbol"][largest])
    table = tiers(_VENUE, symbol, to_datetime(when).date())
    s, q, mark = float(direction[largest]), float(quantity[largest]), float(marks[largest])
    level = float(takeover[largest]) / (1 - s * float(table.rates[0]))
    rate = float(table.rates[0])
    equity = cash + float((direction * quantity * marks).sum())
    rebuilt = _level(s, q, mark, equity - rate * float((quantity * marks).sum() - q * mark), table)
    complete = taken.height == held.height
    gap = float((quantity * takeover / (1 - direction * published / notional)).sum()) / notional - 1
    told = abs(gap) < _SAME_ACCOUNT  # else the published figures are of more than what was taken over
    out: dict[str, object] = {
        "symbol": symbol,
        "position": "long" if s > 0 else "short",
        "qty_native": q,
        "mark": mark if told else None,
        "level_from_takeover": level if told else None,
        "overshoot": s * (level / mark - 1) if told else None,
        "takeover_gap": gap,
        "published_overshoot": rate - published / notional,
        "tiers_days_off": abs((table.valid_from - to_datetime(when).date()).days),
        "level_rebuilt": rebuilt if complete else None,
        "error": rebuilt / mark - 1 if complete else None,
        "equity_rebuilt": equity if complete else None,
    }
    return out


def _level(s: float, q: float, mark: float, equity: float, table: TierTable) -> float:
    """Return the price of the largest coin at which the rebuilt account meets maintenance, other coins at their marks."""
    held = Positions.of(s, np.array([q]), entry=mark, margin=equity)
    return float(tiered_liquidation_price(held, table)[0])


def classified(rows: pl.DataFrame, *, tolerance: float = 5e-3) -> pl.DataFrame:
    """Fill in ``class`` (see :data:`CLASSES`)."""
    gap = pl.col("equity_rebuilt") - pl.col("equity_published")
    return rows.with_columns(
        pl.when(pl.col("symbol").is_null())
        .then(pl.lit("incomplete_account"))
        .when(pl.col("margin_mode") == "isolated")
        .then(pl.lit("isolated"))
        .when(pl.col("tiers_days_off") > _TIERS_DAYS)
        .then(pl.lit("tiers_not_known_then"))
        .when(pl.col("error").abs() <= tolerance)
        .then(pl.lit("reproduced"))
        .when(
            (pl.col("published_overshoot") > tolerance)
            & (pl.col("error").abs() - pl.col("published_overshoot") <= tolerance)
        )
        .then(pl.lit("quick_market"))
        .when((gap > _COSTS * pl.col("turnover_usd")) | (gap < -_COSTS * pl.col("equity_published").abs()))
        .then(pl.lit("incomplete_account"))
        .otherwise(pl.lit("costs"))
        .alias("class")
    )
