"""dYdX v4 markets: the indexer's ``GET /v4/perpetualMarkets``.

One maintenance fraction per market, whatever the size. The initial fraction of a position, and with it the highest leverage,
also rises with the market's open interest between two caps; the table holds the base value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders.reading import Origin, Payload, Terms, Tier, build_table, decoded, number

if TYPE_CHECKING:
    from liqatlas.rules.tier_table import TierTable


def load_dydx_markets(payload: Payload, origin: Origin) -> dict[str, TierTable]:
    """Return tables by market, such as ``BTC-USD``.

    Parameters
    ----------
    payload
        The answer, plain or wrapped in ``result``, with ``markets`` by name.
    origin
        Where and when it was seen.

    Raises
    ------
    FormatError
        If there are no markets, or a field is missing.
    """
    answer = decoded(payload, origin)
    inner = answer.get("result", answer) if isinstance(answer, dict) else None
    markets = inner.get("markets") if isinstance(inner, dict) else None
    if not isinstance(markets, dict) or any(not isinstance(m, dict) for m in markets.values()):
        raise FormatError(
            origin.source, "no 'markets' by name found: wanted the answer to /v4/perpetualMarkets"
        )
    tables: dict[str, TierTable] = {}
    for name, market in markets.items():
        initial = number(market, "initialMarginFraction", origin)
        if initial <= 0:
            raise FormatError(
                origin.source, f"{name}: initialMarginFraction is {initial:g}: wanted a fraction > 0"
            )
        only = Tier(
            cap=np.inf, rate=number(market, "maintenanceMarginFraction", origin), max_leverage=1.0 / initial
        )
        tables[name] = build_table("dydx", name, [only], origin, Terms(floor_unit="usd"))
    return tables
