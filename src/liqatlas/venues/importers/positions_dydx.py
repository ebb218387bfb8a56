"""dYdX v4 subaccounts as the indexer answers ``/v4/addresses/{address}``.

The indexer publishes no liquidation price and no mark: the oracle price follows from entry and unrealised profit, the level is
computed from the subaccount's equity. Source: https://docs.dydx.xyz/indexer-client/http (mirrored API page), read 2026-11-22.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.clock import NS_PER_S, parse_time
from liqatlas.base.errors import FormatError, TimeError
from liqatlas.venues.importers.pieces import Counts, Piece
from liqatlas.venues.importers.recognition import Format, found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liqatlas.venues.importers.recognition import Head, Recognised
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_VENUE = "dydx"
_COLUMNS = (
    "ts_event_ns", "account", "position", "qty_native", "entry_price", "mark_price", "margin_mode", "account_value_usd",
    "unrealised_pnl_usd",
)  # fmt: skip
_SCHEMA = {name: schemas.POSITIONS.columns[name].dtype for name in _COLUMNS} | {
    "position": pl.String(),
    "margin_mode": pl.String(),
}


def _match(head: Head) -> Recognised | None:
    if not (b'"openPerpetualPositions"' in head.raw and b'"equity"' in head.raw):
        return None
    return found(
        head, format="dydx_subaccounts", title="dYdX subaccounts", venue=_VENUE, tables=("positions",), how="by fields",
        details={"several": True},
    )  # fmt: skip


def _read(source: Source, known: Recognised, wanted: Wanted) -> list[Piece]:
    if not wanted.takes_table("positions"):
        return []
    try:
        tree = msgspec.json.decode(source.read())
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError(source.label, f"not JSON ({error}); get the answer again") from None
    stated = _time_of(tree)
    when = stated if stated is not None else int(source.path.stat().st_mtime * NS_PER_S)
    by_market: dict[str, list[tuple[Any, ...]]] = {}
    bad = 0
    for account in _subaccounts(tree):
        for market, held in (account.get("openPerpetualPositions") or {}).items():
            try:
                row = _row(account, held, when)
            except (KeyError, TypeError, ValueError, ZeroDivisionError):
                bad += 1
                continue
            by_market.setdefault(market, []).append(row)
    if not by_market:
        raise FormatError(source.label, f"no open position could be read ({bad:,} unreadable ones)")
    told = [f"partial: {bad:,} positions cannot be read and are left out"] if bad else []
    if stated is None:
        told.append("the answer states no time; that of the file on disk is taken")
    return [
        Piece(
            _VENUE, market, "positions", pl.DataFrame(rows, schema=_SCHEMA, orient="row"), known.title, source.label,
            counts=Counts(rows=len(rows), bad=bad),
        ).warn(*told)
        for market, rows in sorted(by_market.items())
    ]  # fmt: skip


def _row(account: dict[str, Any], held: dict[str, Any], when: int) -> tuple[Any, ...]:
    """Return one position: the oracle price is entry + profit / signed size."""
    sign = {"LONG": 1.0, "SHORT": -1.0}[held["side"]]
    size, entry, profit = abs(float(held["size"])), float(held["entryPrice"]), float(held["unrealizedPnl"])
    oracle = entry + sign * profit / size
    if not (oracle > 0 and entry > 0):
        raise ValueError("price")
    number = int(account["subaccountNumber"])
    # Subaccounts from 128 on hold one isolated market; each subaccount is margined by itself, so it is an account here.
    return (
        when, f"{account['address']}/{number}", "long" if sign > 0 else "short", size, entry, oracle, "cross",
        float(account["equity"]), profit,
    )  # fmt: skip


def _subaccounts(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every subaccount in an answer, a list of answers or a saved envelope."""
    if isinstance(tree, dict):
        if "openPerpetualPositions" in tree and "address" in tree:
            yield tree
        else:
            for value in tree.values():
                yield from _subaccounts(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _subaccounts(value)


def _time_of(tree: Any) -> int | None:
    """Return the stated time [ns]: ``isoTimestamp`` of an envelope."""
    text = tree.get("isoTimestamp") if isinstance(tree, dict) else None
    if not isinstance(text, str):
        return None
    try:
        return parse_time(text)
    except TimeError:
        return None


FORMATS = (Format("dydx_subaccounts", "dYdX subaccounts", _match, _read),)
"""All formats, most telling first."""
