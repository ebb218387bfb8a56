"""Tiers as ccxt unifies them (``fetchMarketLeverageTiers``): floors and rates, without what decides how to use them.

ccxt drops Binance's ``cum``, calls OKX's contracts ``notional``, and does not say whether a tier's rate holds for the whole position.
So both must be said by whoever knows the exchange; there is no default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.rules.loaders.reading import (
    Origin,
    Payload,
    Terms,
    Tier,
    build_table,
    decoded,
    number,
    rows_of,
)

if TYPE_CHECKING:
    from liqatlas.rules.tier_table import FloorUnit, TierTable


def load_ccxt_tiers(
    payload: Payload,
    origin: Origin,
    *,
    venue: str,
    symbol: str,
    floor_unit: FloorUnit,
    whole_position: bool,
    contract_value: float = np.nan,
) -> TierTable:
    """Return the table of one contract.

    Parameters
    ----------
    payload
        A list of ccxt's leverage-tier structures.
    origin
        Where and when it was seen.
    venue, symbol
        Such as ``ccxt:krakenfutures`` and the exchange's own name of the contract.
    floor_unit
        What ``maxNotional`` truly counts at this exchange.
    whole_position
        True where the tier's rate holds for the whole position, false where maintenance is counted tier by tier.
    contract_value
        Native quantity of one contract, for floors in contracts.

    Raises
    ------
    FormatError
        If a field is missing or tiers do not join.
    """
    tiers = [
        Tier(
            cap=number(row, "maxNotional", origin),
            rate=number(row, "maintenanceMarginRate", origin),
            max_leverage=number(row, "maxLeverage", origin),
        )
        for row in rows_of(decoded(payload, origin), origin, "ccxt's tiers")
    ]
    terms = Terms(
        floor_unit=floor_unit,
        whole_position=whole_position,
        contract_value=contract_value,
        warning="tiers as ccxt unifies them: deductions are not the exchange's own",
    )
    return build_table(venue, symbol, tiers, origin, terms)
