"""Bitget position tiers: ``GET /api/v2/mix/market/query-position-lever``, and ``GET /api/v3/market/position-tier`` of the unified account.

``startUnit`` and ``endUnit`` are the position's VALUE (the Chinese page says so; the English one says minimum and maximum value);
``minTierValue`` and ``maxTierValue`` are in the quote coin (change log of 2025-07-24). No deduction is published. Positions opened since
2025-11-10 16:00 UTC+8 pay by steps (https://www.bitget.com/support/articles/12560603841843, of classic accounts); what held before, and
what holds in the unified account, is not said: the table warns of it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders.reading import Origin, Payload, Terms, Tier, build_table, decoded, number, rows_of

if TYPE_CHECKING:
    from liqatlas.rules.tier_table import TierTable

#: From this day on a position pays each rate on its own part, in classic accounts.
STEPS_SINCE = date(2025, 11, 10)
_UNSAID = "whether a rate holds for the whole position or by steps is not published {of}; steps (continuous maintenance) are assumed"


def load_bitget_tiers(payload: Payload, origin: Origin) -> dict[str, TierTable]:
    """Return tables by symbol, such as ``BTCUSDT``.

    Raises
    ------
    FormatError
        If the answer is an error, a field is missing, or tiers do not join.
    """
    by_symbol: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(payload, origin):
        by_symbol.setdefault(str(row.get("symbol", "")), []).append(row)
    warning = "" if origin.valid_from >= STEPS_SINCE else _UNSAID.format(of=f"before {STEPS_SINCE}")
    fields = ("startUnit", "endUnit", "keepMarginRate")
    return {
        symbol: _table("bitget", symbol, rows, fields, origin=origin, warning=warning)
        for symbol, rows in by_symbol.items()
    }


def load_bitget_unified_tiers(payload: Payload, origin: Origin, *, symbol: str) -> dict[str, TierTable]:
    """Return the table of a coin-margined contract such as ``BTCUSD_CM``; the rows do not name it, so ``symbol`` must.

    Raises
    ------
    FormatError
        If the answer is an error, a field is missing, or tiers do not join.
    """
    fields = ("minTierValue", "maxTierValue", "mmr")
    warning = _UNSAID.format(of="of the unified account")
    rows = _rows(payload, origin)
    return {symbol: _table("bitget_coinm", symbol, rows, fields, origin=origin, warning=warning)}


def _rows(payload: Payload, origin: Origin) -> list[dict[str, Any]]:
    """Return the rows of an answer, refused where it is an error."""
    answer = decoded(payload, origin)
    if isinstance(answer, dict):
        if str(answer.get("code", "00000")) != "00000":
            raise FormatError(
                origin.source, f"the venue answered code {answer.get('code')}: {answer.get('msg')}"
            )
        answer = answer.get("data")
    return rows_of(answer, origin, "field 'data'")


def _table(
    venue: str,
    symbol: str,
    rows: list[dict[str, Any]],
    fields: tuple[str, str, str],
    *,
    origin: Origin,
    warning: str,
) -> TierTable:
    """Build one symbol's table after checking that each tier starts where the last one ends."""
    (first, last, rate), end, tiers = fields, 0.0, []
    for row in sorted(rows, key=lambda r: number(r, last, origin)):
        start = number(row, first, origin)
        if start != end:
            raise FormatError(
                origin.source, f"{symbol}: a tier starts at {start:g}, the one below ends at {end:g}"
            )
        end = number(row, last, origin)
        found = Tier(cap=end, rate=number(row, rate, origin), max_leverage=number(row, "leverage", origin))
        tiers.append(found)
    return build_table(venue, symbol, tiers, origin, Terms(floor_unit="usd", warning=warning))
