"""Public positions on Hyperliquid in the interface's shapes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from liqatlas.base.clock import DAY_NS, NS_PER_MS
from liqatlas.base.errors import InputError
from liqatlas.flows.positions import newest_moment
from liqatlas.flows.positions_report import TableRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liqatlas.flows.serving import Source

#: Positions and changes of at least this notional are a whale's [USD].
WHALE_USD = 1e6
MOST_ALERTS = 200
PAGE = 50
#: An account's snapshot is shown for so long.
_SHOWN_NS = 30 * DAY_NS


def _table(source: Source, coin: str = "") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return every public position of Hyperliquid, largest first, and what changed since the snapshot before."""
    moment = newest_moment(source.snapshot())
    report = source.positions(TableRequest(as_of_ns=moment, window_ns=_SHOWN_NS, asset=coin, top=0))
    rows = [row for row in report.table.iter_rows(named=True) if row["venue"] == "hyperliquid"]
    changed = [row for row in report.changed.iter_rows(named=True) if row["venue"] == "hyperliquid"]
    return rows, changed


def _signed(row: dict[str, Any]) -> float:
    return float(row["qty_native"]) * (1 if row["position"] == "long" else -1)


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    """Return a position as the interface lists it; what no snapshot tells is null."""
    moment = row["ts_event_ns"] // NS_PER_MS
    leverage = _finite(row["leverage"])
    return {
        "user": row["account"],
        "symbol": row["asset"],
        "position_size": _signed(row),
        "entry_price": _finite(row["entry_price"]),
        "mark_price": _finite(row["mark_price"]),
        "liq_price": _finite(row["liquidation_price"]),
        "leverage": None if leverage is None else int(leverage),
        "margin_balance": None if not leverage else round(row["notional_usd"] / leverage, 6),
        "position_value_usd": round(row["notional_usd"], 6),
        "unrealized_pnl": _finite(row["unrealised_pnl_usd"]),
        "funding_fee": None,
        "margin_mode": row["margin_mode"],
        "create_time": moment,
        "update_time": moment,
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def whale_positions(source: Source) -> list[dict[str, Any]]:
    """Return positions of a million USD and more, the largest first."""
    return [_entry(row) for row in _table(source)[0] if row["notional_usd"] >= WHALE_USD]


def positions_page(source: Source, coin: str, page: int) -> dict[str, Any]:
    """Return one page of a coin's positions, the largest first; pages count from 1."""
    rows = _table(source, coin)[0]
    start = (page - 1) * PAGE
    return {
        "total_pages": max(1, math.ceil(len(rows) / PAGE)),
        "current_page": page,
        "list": [_entry(row) for row in rows[start : start + PAGE]],
    }


def whale_alerts(source: Source) -> list[dict[str, Any]]:
    """Return positions of a million USD and more opened (1) or closed (2) between the last two snapshots of an account."""
    frame = source.snapshot().holdings.frame
    alerts = []
    for row in _table(source)[1]:
        action = {"opened": 1, "closed": 2}.get(str(row["change"]))
        usd = max(row["before_usd"], row["after_usd"])
        if action is None or usd < WHALE_USD:
            continue
        when = row["ts_after_ns"] if action == 1 else row["ts_before_ns"]
        same = (pl.col("account") == row["account"]) & (pl.col("symbol") == row["symbol"])
        held = frame.filter(same & (pl.col("ts_event_ns") == when)).row(0, named=True)
        alerts.append(
            {
                "user": row["account"],
                "symbol": held["asset"],
                "position_size": _signed(held),
                "entry_price": _finite(held["entry_price"]),
                "liq_price": _finite(row["level_after"] if action == 1 else row["level_before"]),
                "position_value_usd": round(usd, 6),
                "position_action": action,
                "create_time": row["ts_after_ns"] // NS_PER_MS,
            }
        )
    alerts.sort(key=lambda alert: -alert["create_time"])
    return alerts[:MOST_ALERTS]


def user_position(source: Source, address: str) -> dict[str, Any]:
    """Return one account's positions as ``clearinghouseState`` in snake case; it carries no liquidation price.

    Raises
    ------
    InputError
        If the address is none.
    """
    if not (len(address) == 42 and address.startswith("0x") and _is_hex(address[2:])):
        raise InputError(
            f"user_address={address[:60]!r} is not an address: wanted 0x and 40 hexadecimal digits"
        )
    rows = [row for row in _table(source)[0] if row["account"].lower() == address.lower()]
    crossed = [row for row in rows if row["margin_mode"] == "cross"]
    return {
        "margin_summary": _summary(rows),
        "cross_margin_summary": _summary(crossed),
        "cross_maintenance_margin_used": None,
        "withdrawable": None,
        "asset_positions": [{"type": "oneWay", "position": _asset_position(row)} for row in rows],
    }


def _is_hex(text: str) -> bool:
    return all(c in "0123456789abcdefABCDEF" for c in text)


def _summary(rows: Iterable[dict[str, Any]]) -> dict[str, str | None]:
    held = list(rows)
    margin = [row["notional_usd"] / row["leverage"] for row in held if row["leverage"]]
    raw = sum(-_signed(row) * (row["mark_price"] or 0.0) for row in held)
    return {
        "account_value": None,
        "total_ntl_pos": f"{sum(row['notional_usd'] for row in held):.6f}",
        "total_raw_usd": f"{raw:.6f}",
        "total_margin_used": f"{sum(margin):.6f}",
    }


def _asset_position(row: dict[str, Any]) -> dict[str, Any]:
    pnl, margin = _finite(row["unrealised_pnl_usd"]), row["notional_usd"] / (row["leverage"] or math.inf)
    return {
        "coin": row["asset"],
        "szi": f"{_signed(row):.10g}",
        "leverage": {
            "type": row["margin_mode"],
            "value": None if row["leverage"] is None else int(row["leverage"]),
        },
        "entry_px": _text(row["entry_price"]),
        "position_value": _text(row["notional_usd"]),
        "unrealized_pnl": _text(pnl),
        "return_on_equity": _text(pnl / margin if pnl is not None and margin > 0 else None),
        "max_leverage": None,
        "cum_funding": {"all_time": None, "since_open": None, "since_change": None},
    }


def _text(value: float | None) -> str | None:
    return None if value is None or not math.isfinite(value) else f"{value:.10g}"
