"""Bitget position tiers: ``GET /api/v2/mix/market/query-position-lever``.

``startUnit`` and ``endUnit`` are the position's VALUE (the Chinese page says so; the English one says minimum and maximum value).
No deduction is published: whether a rate holds for the whole position or by steps is not said, and the table warns of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders.reading import Origin, Payload, Terms, Tier, build_table, decoded, number, rows_of

if TYPE_CHECKING:
    from liqatlas.rules.tier_table import TierTable

_UNSAID = "whether a rate holds for the whole position or by steps is not published; steps (continuous maintenance) are assumed"


def load_bitget_tiers(payload: Payload, origin: Origin) -> dict[str, TierTable]:
    """Return tables by symbol, such as ``BTCUSDT``.

    Raises
    ------
    FormatError
        If the answer is an error, a field is missing, or tiers do not join.
    """
    answer = decoded(payload, origin)
    if isinstance(answer, dict):
        if str(answer.get("code", "00000")) != "00000":
            raise FormatError(
                origin.source, f"the venue answered code {answer.get('code')}: {answer.get('msg')}"
            )
        answer = answer.get("data")
    by_symbol: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(answer, origin, "field 'data'"):
        by_symbol.setdefault(str(row.get("symbol", "")), []).append(row)
    return {symbol: _table(symbol, rows, origin) for symbol, rows in by_symbol.items()}


def _table(symbol: str, rows: list[dict[str, Any]], origin: Origin) -> TierTable:
    """Build one symbol's table after checking that each tier starts where the last one ends."""
    end, tiers = 0.0, []
    for row in sorted(rows, key=lambda r: number(r, "endUnit", origin)):
        start = number(row, "startUnit", origin)
        if start != end:
            raise FormatError(
                origin.source, f"{symbol}: a tier starts at {start:g}, the one below ends at {end:g}"
            )
        end = number(row, "endUnit", origin)
        tiers.append(
            Tier(
                cap=end,
                rate=number(row, "keepMarginRate", origin),
                max_leverage=number(row, "leverage", origin),
            )
        )
    return build_table("bitget", symbol, tiers, origin, Terms(floor_unit="usd", warning=_UNSAID))
