"""dYdX v4: generic linear equation at the oracle price, one maintenance fraction per market, and the chain's own auction prices.

    isolated   p' = (e - s p) / (|s| MMF - s)      cross: less the other positions' maintenance in the numerator

The chain spreads a subaccount's collateral over its positions by their maintenance when it names bankruptcy and fillable
prices; both are integer tests of the protocol.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.rules.margin_rule import LiquidationSteps, MarginRule, RuleVersion
from liqatlas.rules.positions import Floats, as_floats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

READ_ON = date(2026, 11, 22)
CHAIN = "dydxprotocol/v4-chain protocol/x/clob/keeper/liquidations.go at 84d4664b"

STEPS = LiquidationSteps(
    first_target="whole position",
    first_share=1.0,
    order="protocol order on the book at the fillable price, capped per block by notional and by insurance-fund loss",
    takeover="insurance fund pays down to the bankruptcy price; liquidation fee at most 0.5 % (default genesis) to 1.5 % (docs)",
    deleveraging="against randomly chosen offsetting subaccounts, at the bankruptcy price",
    backstop_below=0.0,
    sources=(
        CHAIN,
        "dydxprotocol/v4-documentation docs/pages/concepts/trading/contract-loss-mechanism.mdx at 3e475b73",
    ),
    read_on=READ_ON,
)

VERSIONS = (
    MarginRule(
        venue="dydx",
        kind="linear",
        version=RuleVersion(
            name="oracle-value maintenance",
            in_force_from=None,
            source="dydxprotocol/v4-documentation docs/pages/concepts/trading/liquidations.mdx at 3e475b73",
            read_on=READ_ON,
        ),
        basis="mark",
        fee="none",
        trigger="oracle",
        tick_rounding="unknown",
        steps=STEPS,
    ),
)


def subaccount_bankruptcy_price(
    oracle_price: ArrayLike,
    *,
    direction: ArrayLike,
    maintenance_fraction: ArrayLike,
    collateral: ArrayLike,
    total_maintenance: ArrayLike,
) -> Floats:
    """Return the price [USD] at which closing the position spends its share of the subaccount's collateral.

    ``P (1 - s MMF * TNC / TMMR)``; for a single position this is the generic bankruptcy price.

    Parameters
    ----------
    oracle_price
        float64 [USD].
    maintenance_fraction
        MMF of the market, a fraction.
    collateral, total_maintenance
        TNC and TMMR of the whole subaccount at oracle prices [USD].
    """
    share = as_floats(maintenance_fraction) * as_floats(collateral) / as_floats(total_maintenance)
    return np.asarray(as_floats(oracle_price) * (1.0 - as_floats(direction) * share))


def fillable_price(
    oracle_price: ArrayLike,
    *,
    direction: ArrayLike,
    maintenance_fraction: ArrayLike,
    collateral_ratio: ArrayLike,
    spread_to_maintenance: float,
    bankruptcy_adjustment: float = 1.0,
) -> Floats:
    """Return the worst price [USD] the protocol's liquidation order accepts.

    ``P (1 - s * ABR * SMMR * MMF)`` with ``ABR = clip(BA (1 - TNC / TMMR), 0, 1)``.

    Parameters
    ----------
    collateral_ratio
        TNC / TMMR of the subaccount; below 1 it may be liquidated, below 0 it is bankrupt.
    spread_to_maintenance, bankruptcy_adjustment
        SMMR and BA of the chain's liquidations config, as fractions (ppm / 1e6).
    """
    rating = np.clip(bankruptcy_adjustment * (1.0 - as_floats(collateral_ratio)), 0.0, 1.0)
    spread = rating * spread_to_maintenance * as_floats(maintenance_fraction)
    return np.asarray(as_floats(oracle_price) * (1.0 - as_floats(direction) * spread))
