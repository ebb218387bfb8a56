"""Tier tables that ship with the package, found by venue, symbol and day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from liqatlas.base.errors import TiersUnknownError
from liqatlas.base.symbols import near_names
from liqatlas.rules.distance import minimum_distance
from liqatlas.rules.positions import LONG, SHORT
from liqatlas.rules.registry import day_of
from liqatlas.rules.stored import Snapshot, table_from, tier_file

if TYPE_CHECKING:
    from liqatlas.base.instruments import ContractKind
    from liqatlas.rules.tier_table import TierTable

#: How long after the day it was seen a table is used without a warning.
FRESH = timedelta(days=31)


def tiers(venue: str, symbol: str, on: date | datetime, *, causal: bool = False) -> TierTable:
    """Return the maintenance schedule of a symbol at a day.

    Parameters
    ----------
    venue
        Key of ``base.instruments.VENUES``.
    symbol
        The venue's own name; ``BTC-USDT-SWAP`` is looked up as its family ``BTC-USDT`` on OKX.
    on
        The day (UTC).
    causal
        True refuses tables seen after the day, so that nothing younger than the day enters a result.

    Returns
    -------
    TierTable
        The one dated nearest. Where its day differs, or only part of it is sourced, ``warning`` says so; it was seen after
        the day asked for (look-ahead) where ``valid_from > on``.

    Raises
    ------
    TiersUnknownError
        If no sourced table exists; never replaced by a default.

    Examples
    --------
    >>> tiers("binance", "BTCUSDT", date(2026, 9, 29)).leverage_cap
    150.0
    >>> tiers("binance", "BTCUSDT", date(2024, 11, 1), causal=True).valid_from
    datetime.date(2024, 10, 24)
    """
    day, name = day_of(on), _lookup_name(venue, symbol)
    file = tier_file(venue)
    if file is None:
        raise TiersUnknownError(
            venue,
            symbol,
            "none ship for this venue; load its own answer with rules.loaders and pass the table",
        )
    dated = [s for s in file.snapshots if s.schedule_of(name) is not None]
    if not dated:
        near = near_names(name, shipped_symbols(venue))
        hint = f"similar: {', '.join(near)}" if near else f"shipped are {len(shipped_symbols(venue))} others"
        raise TiersUnknownError(
            venue, symbol, f"none ship for this symbol ({hint}); load the venue's own answer instead"
        )
    if causal:
        dated = [s for s in dated if s.valid_from <= day]
        if not dated:
            raise TiersUnknownError(venue, symbol, f"none had been seen by {day} (causal=True)")
    nearest = min(dated, key=lambda s: (abs(s.valid_from - day), s.valid_from > day))
    table = table_from(venue, name, nearest)
    assert table is not None
    warnings = [w for w in (_age_warning(venue, symbol, nearest, day), table.warning) if w]
    return table.with_warning("; ".join(warnings))


def _age_warning(venue: str, symbol: str, snapshot: Snapshot, day: date) -> str:
    """Say where a table is of another day."""
    if snapshot.valid_from <= day <= snapshot.valid_from + FRESH:
        return ""
    when = "later" if snapshot.valid_from > day else "earlier"
    days = abs((snapshot.valid_from - day).days)
    return f"tiers of {symbol} on {venue} are of {snapshot.valid_from}, {days} days {when} than {day}"


def _lookup_name(venue: str, symbol: str) -> str:
    """Return the name that tables are kept under."""
    return symbol.removesuffix("-SWAP") if venue == "okx" else symbol


def shipped_symbols(venue: str) -> list[str]:
    """Return the symbols with at least one shipped table, sorted; empty for a venue without any."""
    file = tier_file(venue)
    if file is None:
        return []
    return sorted({name for s in file.snapshots for members in s.symbols.values() for name in members})


def leverage_cap(venue: str, symbol: str, on: date | datetime, *, causal: bool = False) -> float:
    """Return the highest leverage any position may choose (the smallest tier's); raises as ``tiers``."""
    return tiers(venue, symbol, on, causal=causal).leverage_cap


def representative_maintenance(
    venue: str, symbol: str, on: date | datetime, *, causal: bool = False
) -> float:
    """Return the maintenance rate (fraction) of the SMALLEST tier, where most positions are; raises as ``tiers``.

    It is a lower bound: a larger position owes more, so its level is nearer than this rate says.
    """
    return float(tiers(venue, symbol, on, causal=causal).rates[0])


@dataclass(frozen=True, slots=True)
class OpeningLimits:
    """How near to its entry a new position's level can lie on one venue, symbol and day.

    Attributes
    ----------
    leverage_cap, maintenance_rate
        Of the smallest tier.
    nearest_long, nearest_short
        Smallest liquidation distance (fraction of entry) of an isolated position at that leverage.
    table
        Where both come from; its ``warning``, ``valid_from`` and ``source`` belong to every result built on it.
    """

    leverage_cap: float
    maintenance_rate: float
    nearest_long: float
    nearest_short: float
    table: TierTable


def opening_limits(
    venue: str, symbol: str, on: date | datetime, *, kind: ContractKind = "linear", causal: bool = False
) -> OpeningLimits:
    """Return how near new levels can lie: ``(1/L_max - m) / (1 - s m)`` for linear contracts; raises as ``tiers``.

    Examples
    --------
    >>> limits = opening_limits("hyperliquid", "ETH", date(2026, 1, 20))
    >>> round(limits.nearest_long, 4), round(limits.nearest_short, 4)
    (0.0204, 0.0196)
    """
    table = tiers(venue, symbol, on, causal=causal)
    cap, rate = table.leverage_cap, float(table.rates[0])
    near = minimum_distance(cap, rate, direction=[LONG, SHORT], kind=kind)
    return OpeningLimits(cap, rate, float(near[0]), float(near[1]), table)
