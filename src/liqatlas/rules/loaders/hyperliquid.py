"""Hyperliquid margin tables: ``{"type": "meta"}``, ``metaAndAssetCtxs`` or ``allPerpMetas``.

Maintenance is half of the initial margin at a tier's highest leverage. A table id below 50 is one tier at that leverage and is
never listed; tables from 50 on stand in ``marginTables`` as ``[id, {marginTiers: [{lowerBound, maxLeverage}]}]``.

Source: https://hyperliquid.gitbook.io/hyperliquid-docs/trading/margin-tiers, read 22 Nov 2026.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders.reading import Origin, Payload, Terms, Tier, build_table, decoded, number, rows_of

if TYPE_CHECKING:
    from liqatlas.rules.tier_table import TierTable

#: Ids below this are flat tables at that leverage.
FIRST_LISTED_ID = 50


def load_hyperliquid_meta(payload: Payload, origin: Origin) -> dict[str, TierTable]:
    """Return tables by coin, such as ``BTC``, ``kPEPE`` or ``km:US500``.

    Parameters
    ----------
    payload
        The answer to ``meta``, to ``metaAndAssetCtxs`` (contexts are ignored) or to ``allPerpMetas`` (several universes).
    origin
        Where and when it was seen.

    Returns
    -------
    dict of TierTable
        A coin without ``marginTableId`` gets one tier at its ``maxLeverage`` and a warning that larger positions may pay more.

    Raises
    ------
    FormatError
        If a field is missing, or a coin names a table that is not listed.
    """
    answer = decoded(payload, origin)
    metas = [m for m in answer if isinstance(m, dict)] if isinstance(answer, list) else [answer]
    metas = [m for m in metas if isinstance(m, dict) and "universe" in m]
    if not metas:
        raise FormatError(
            origin.source, "no 'universe' found: wanted the answer to meta, metaAndAssetCtxs or allPerpMetas"
        )
    tables: dict[str, TierTable] = {}
    for meta in metas:
        listed = _listed_tables(meta.get("marginTables") or [], origin)
        for coin in rows_of(meta["universe"], origin, "field 'universe'"):
            table = _table(coin, listed, origin)
            tables[table.symbol] = table
    return tables


def _listed_tables(pairs: Any, origin: Origin) -> dict[int, list[Tier]]:
    """Return the listed tables by id."""
    listed: dict[int, list[Tier]] = {}
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[1], dict):
            raise FormatError(
                origin.source, f"a margin table is {pair!r}: wanted [id, {{marginTiers: [...]}}]"
            )
        rows = sorted(
            rows_of(pair[1].get("marginTiers"), origin, "field 'marginTiers'"),
            key=lambda row: number(row, "lowerBound", origin),
        )
        caps = [*(number(row, "lowerBound", origin) for row in rows[1:]), np.inf]
        listed[int(pair[0])] = [
            _tier(number(row, "maxLeverage", origin), cap) for row, cap in zip(rows, caps, strict=True)
        ]
    return listed


def _table(coin: dict[str, Any], listed: dict[int, list[Tier]], origin: Origin) -> TierTable:
    """Build one coin's table."""
    name = coin.get("name")
    if not isinstance(name, str):
        raise FormatError(origin.source, f"no name in {coin}")
    warning = ""
    if coin.get("marginTableId") is None:
        tiers = [_tier(number(coin, "maxLeverage", origin), np.inf)]
        warning = f"{name}: the answer names no margin table, only the highest leverage; larger positions may owe more"
    else:
        table_id = int(number(coin, "marginTableId", origin))
        if table_id < FIRST_LISTED_ID:
            tiers = [_tier(float(table_id), np.inf)]
        elif table_id in listed:
            tiers = listed[table_id]
        else:
            raise FormatError(origin.source, f"{name} names margin table {table_id}, which is not listed")
    terms = Terms(floor_unit="usd", cap_inclusive=False, warning=warning)
    return build_table("hyperliquid", name, tiers, origin, terms)


def _tier(max_leverage: float, cap: float) -> Tier:
    """Return a tier whose maintenance is half of its initial margin."""
    if not max_leverage > 0:
        return Tier(cap=cap, rate=np.nan, max_leverage=max_leverage)
    return Tier(cap=cap, rate=0.5 / max_leverage, max_leverage=max_leverage)
