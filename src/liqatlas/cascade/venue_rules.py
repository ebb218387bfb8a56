"""From a venue's stated liquidation steps to the numbers the engine needs.

The steps stand in ``rules`` with their sources; what they leave open (how much of a level lies in large positions, how large
the fund is) are beliefs, which come in from a dated file. One place says which form of closing a venue uses:

=============  =================================================================================================
limited        sold down to the bankruptcy price; the fund takes the rest at that price, or deleverages (Binance, Bybit, OKX, Gate,
               Bitfinex, BitMEX)
backstopped    market order; below a share of maintenance the backstop takes it (Hyperliquid), at the bankruptcy price (Bitget)
fillable       an order near the oracle price, each block again, until filled or deleveraged (dYdX)
whole          all to the book at once: every feature off, and venues whose steps no source read states
=============  =================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from liqatlas.base.errors import RuleError
from liqatlas.rules import liquidation_steps

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from liqatlas.base.instruments import ContractKind
    from liqatlas.rules import LiquidationSteps

ClosingForm = Literal["whole", "limited", "backstopped", "fillable"]
_FORMS: dict[str, ClosingForm] = {
    "binance": "limited",
    "binance_coinm": "limited",
    "bybit": "limited",
    "okx": "limited",
    "gate": "limited",
    "bitfinex": "limited",
    "bitmex": "limited",
    "bitget": "backstopped",
    "bitget_coinm": "backstopped",
    "hyperliquid": "backstopped",
    "dydx": "fillable",
}
#: Venues whose first order is filled whole or not at all; whose fund keeps what a fill beats the bankruptcy price by; whose
#: deleveraging starts at a fall of the fund rather than when it is empty. Sources: ``rules.by_venue``.
_FILL_OR_KILL = frozenset({"bybit", "bitmex"})
_FUND_KEEPS = frozenset(
    {"binance", "binance_coinm", "bybit", "okx", "dydx", "bitmex", "bitget", "bitget_coinm"}
)
_ADL_DROP = {"okx": 0.30}
#: OKX repeats its order cycle about once a minute (page 360020411711).
_WAIT_S = {"okx": 60.0}
#: dYdX: an order gives at most this share of maintenance beyond the oracle price; per block and account 100 M USD
#: (v4-chain protocol/app/testdata/default_genesis_state.json at 84d4664b: 100,000 ppm; 1e14 quote quantums).
_FILLABLE_SHARE = 0.10
_BLOCK_CAP_USD = 100e6


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the steps leave open for one venue.

    Attributes
    ----------
    maintenance_rate
        Of the lowest tier: a level lies this far before its bankruptcy price.
    step_down
        How much lower the maintenance rate of the next lower tier is, as a fraction.
    large_share
        Part of a level in positions above the size from which a venue closes in steps.
    first_share
        Part of such a position in the first order, where the venue states none.
    fund_usd
        Insurance fund.
    unwind_share
        Part of the most a fund held that it sells each round.
    """

    maintenance_rate: float
    step_down: float
    large_share: float
    first_share: float
    fund_usd: float
    unwind_share: float


def plain_rules(venues: int) -> NDArray[Any]:
    """Return rules with every feature off: all that is triggered goes to the book at once."""
    from liqatlas.cascade.kernels_state import RULE

    rows = np.zeros(venues, RULE)
    rows["cap"], rows["first_share"], rows["adl_drop"] = np.inf, 1.0, 1.0
    return rows


def venue_rule(
    venue: str, kind: ContractKind, on: date, exposure: Exposure, *, round_s: float
) -> tuple[Any, str]:
    """Return one venue's row of rules and what has to be said about it, or an empty text.

    Parameters
    ----------
    round_s
        Length of a round [s]; waiting times are rounded up to whole rounds.
    """
    row = plain_rules(1)[0]
    try:
        steps = liquidation_steps(venue, kind, on)
    except RuleError:
        return row, f"{venue}: no stated liquidation steps; all that is triggered is sold to its book at once"
    form = _FORMS.get(venue, "whole")
    row["kind"] = ("whole", "limited", "backstopped", "fillable").index(form)
    row["bankruptcy"] = exposure.maintenance_rate
    row["backstop"] = exposure.maintenance_rate * (1.0 - (steps.backstop_below or 0.0))
    row["fund"], row["unwind"] = exposure.fund_usd, exposure.unwind_share
    row["keeps_gain"] = venue in _FUND_KEEPS
    row["adl_drop"] = _ADL_DROP.get(venue, 1.0)
    if form == "fillable":
        row["cap"], row["spread"] = _BLOCK_CAP_USD, _FILLABLE_SHARE * exposure.maintenance_rate
    _steps(row, venue, steps, exposure, round_s)
    return row, ""


def _steps(row: Any, venue: str, steps: LiquidationSteps, exposure: Exposure, round_s: float) -> None:
    """Fill in how large positions are closed."""
    if steps.first_target == "whole position":
        return
    row["large_share"] = exposure.large_share
    row["first_share"] = steps.first_share if steps.first_share is not None else exposure.first_share
    wait = steps.cooldown_s if steps.cooldown_s is not None else _WAIT_S.get(venue, round_s)
    row["wait"] = int(np.ceil(wait / round_s))
    row["fill_or_kill"] = venue in _FILL_OR_KILL
    if steps.first_target in {"down to the next lower tier", "until margin is met"}:
        # what remains is held to the lower tier's rate: it is liquidated again that much further
        row["relief"] = exposure.step_down
