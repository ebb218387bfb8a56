"""One answer to ``clearinghouseState``: positions, none, or a failure. Pure: bytes in, rows out.

A soft limit answers HTTP 200 with a body that lacks ``marginSummary``: that is a failure, never an empty account.

Source: https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/info-endpoint/perpetuals, read 2026-11-22.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from liqatlas.base.clock import NS_PER_MS


class Outcome(StrEnum):
    """What an answer says of an account."""

    HOLDS = "holds positions"
    EMPTY = "holds no position"
    FAILED = "failed"


class PositionRow(NamedTuple):
    """One position; columns as in ``schemas.POSITIONS``, ``None`` where the venue does not say."""

    coin: str
    ts_event_ns: int
    account: str
    position: str
    qty_native: float
    entry_price: float
    mark_price: float
    leverage: float
    margin_mode: str
    margin_usd: float
    account_value_usd: float | None
    liquidation_price: float | None
    max_leverage: float | None
    unrealised_pnl_usd: float


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account at a moment.

    Attributes
    ----------
    reason
        Why it failed; empty otherwise.
    other_dex
        Positions of another perp dex than the main one (``dex:COIN``): they have a margin of their own and are left out.
    """

    account: str
    ts_event_ns: int
    outcome: Outcome
    rows: tuple[PositionRow, ...] = ()
    reason: str = ""
    other_dex: int = 0
    flaws: dict[str, int] = field(default_factory=dict)

    @property
    def notional_usd(self) -> float:
        """Value of all positions [USD]."""
        return sum(row.qty_native * row.mark_price for row in self.rows)

    @property
    def distance(self) -> float:
        """Distance of the nearest liquidation price as a share of the mark; infinite where none is reachable."""
        away = [
            abs(row.liquidation_price / row.mark_price - 1)
            for row in self.rows
            if row.liquidation_price is not None
        ]
        return min(away, default=math.inf)


def read_state(body: bytes | dict[str, Any], account: str, received_ns: int) -> AccountState:
    """Return what an answer says; whatever cannot be read is a failure with its reason, never an exception.

    Parameters
    ----------
    body
        The answer, as bytes or decoded.
    received_ns
        Moment of receipt [ns], for answers without a time.
    """
    try:
        tree = msgspec.json.decode(body) if isinstance(body, bytes) else body
        return _state(tree, account, received_ns)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return failed(account, received_ns, "the body is no JSON")
    except (KeyError, TypeError, ValueError) as error:
        return failed(account, received_ns, f"unreadable field: {type(error).__name__} {error}")


def failed(account: str, when_ns: int, reason: str) -> AccountState:
    """Return a failure."""
    return AccountState(account, when_ns, Outcome.FAILED, reason=reason)


def _state(tree: Any, account: str, received_ns: int) -> AccountState:
    if not isinstance(tree, dict):
        return failed(account, received_ns, f"the body is {type(tree).__name__}, not an object")
    missing = [name for name in ("marginSummary", "crossMarginSummary", "assetPositions") if name not in tree]
    if missing:
        return failed(account, received_ns, f"no {missing[0]} in the body")
    when = int(tree["time"]) * NS_PER_MS if tree.get("time") else received_ns
    equity = _number(tree["crossMarginSummary"]["accountValue"])
    rows: list[PositionRow] = []
    other, flaws = 0, dict[str, int]()
    for held in tree["assetPositions"]:
        position = held["position"]
        if ":" in position["coin"]:
            other += 1
            continue
        if _number(position["szi"]) == 0:
            continue
        row = _row(position, account, when, equity)
        if row.liquidation_price is not None and _wrong_side(row):
            flaws["level_on_the_wrong_side"] = flaws.get("level_on_the_wrong_side", 0) + 1
        rows.append(row)
    outcome = Outcome.HOLDS if rows else Outcome.EMPTY
    return AccountState(account, when, outcome, tuple(rows), other_dex=other, flaws=flaws)


def _row(position: dict[str, Any], account: str, when: int, equity: float) -> PositionRow:
    size, leverage = _number(position["szi"]), position["leverage"]
    mode = leverage["type"]
    if mode not in {"cross", "isolated"}:
        raise ValueError(f"margin mode {mode!r}")
    entry, value = _number(position["entryPx"]), _number(position["positionValue"])
    if entry <= 0 or value <= 0:
        raise ValueError(f"entry {entry:g} and value {value:g} must be positive")
    level = position.get("liquidationPx")
    reachable = None if level is None else _number(level)
    cap = position.get("maxLeverage")
    return PositionRow(
        position["coin"], when, account, "long" if size > 0 else "short", abs(size), entry, value / abs(size),
        _number(leverage["value"]), mode, _number(position["marginUsed"]), equity if mode == "cross" else None,
        reachable if reachable is not None and reachable > 0 else None, None if cap is None else float(cap),
        _number(position["unrealizedPnl"]),
    )  # fmt: skip


def _wrong_side(row: PositionRow) -> bool:
    assert row.liquidation_price is not None
    sign = 1 if row.position == "long" else -1
    return sign * (row.mark_price - row.liquidation_price) <= 0


def _number(value: object) -> float:
    number = float(str(value))
    if not math.isfinite(number):
        raise ValueError(f"number {value!r}")
    return number
