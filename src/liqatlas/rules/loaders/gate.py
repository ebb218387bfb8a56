"""Gate risk-limit tiers: ``GET /futures/{settle}/risk_limit_tiers``.

``risk_limit`` is the position's value in the settlement currency up to which the tier holds (USDT: taken as USD); ``deduction`` is
published and must be the continuous one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders.reading import (
    Origin,
    Payload,
    Terms,
    Tier,
    build_table,
    decoded,
    number,
    optional_number,
    rows_of,
)

if TYPE_CHECKING:
    from liqatlas.rules.tier_table import TierTable


def load_gate_tiers(payload: Payload, origin: Origin, *, symbol: str = "") -> dict[str, TierTable]:
    """Return tables by contract, such as ``BTC_USDT``.

    Parameters
    ----------
    payload
        The answer: a list of tiers.
    origin
        Where and when it was seen.
    symbol
        The contract asked for, for answers whose rows do not name theirs.

    Raises
    ------
    FormatError
        If a field is missing, no contract is named, tiers do not join, or a deduction is not the continuous one.
    """
    by_symbol: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(decoded(payload, origin), origin, "the tier answer"):
        name = row.get("contract") or symbol
        if not name:
            raise FormatError(
                origin.source, f"no contract in {row}: wanted field 'contract', or the symbol asked for"
            )
        by_symbol.setdefault(name, []).append(row)
    return {name: _table(name, rows, origin) for name, rows in by_symbol.items()}


def _table(name: str, rows: list[dict[str, Any]], origin: Origin) -> TierTable:
    """Build one contract's table; limits of coin-margined contracts are coins."""
    tiers = [
        Tier(
            cap=number(row, "risk_limit", origin),
            rate=number(row, "maintenance_rate", origin),
            max_leverage=number(row, "leverage_max", origin),
            deduction=optional_number(row, "deduction", origin),
        )
        for row in rows
    ]
    return build_table(
        "gate", name, tiers, origin, Terms(floor_unit="coin" if name.endswith("_USD") else "usd")
    )
