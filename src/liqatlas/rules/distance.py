"""Leverage and liquidation distance of an isolated position without deduction and fee, both ways.

With m the maintenance rate, s = +1 long and -1 short, and delta = abs(level / entry - 1)::

    linear, quanto   1/L = m + delta (1 - s m)
    inverse          1/L = (m + delta) / (1 - s delta)

So a 2x inverse short with m = 0 lies at +100 %, with m = 0.5 % at +99 %; at 1x it is never liquidated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import RuleError
from liqatlas.rules.positions import Floats, as_floats, require_positive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from liqatlas.base.instruments import ContractKind


def distance_from_leverage(
    leverage: ArrayLike, maintenance_rate: ArrayLike, *, direction: ArrayLike, kind: ContractKind = "linear"
) -> Floats:
    """Return the liquidation distance delta, a fraction of the entry price.

    Parameters
    ----------
    leverage
        float64 > 0: notional at entry / margin.
    maintenance_rate
        float64 in [0, 1).
    direction
        +1 long, -1 short.

    Returns
    -------
    float64 > 0; ``inf`` where no price liquidates: an inverse short at 1x or less, a linear long below 1x.

    Raises
    ------
    RuleError
        If 1/L <= m: such a position is liquidated where it opens.

    Examples
    --------
    >>> distance_from_leverage(2.0, 0.005, direction=-1, kind="inverse").item()
    0.99
    """
    lever, rate, sign = _checked(leverage, maintenance_rate, direction)
    margin = 1.0 / lever
    if np.any(margin <= rate):
        raise RuleError(
            "leverage times maintenance rate reaches 1: the position would be liquidated where it opens; "
            "lower the leverage or take the tier's own rate"
        )
    if kind == "inverse":
        scale = 1.0 + sign * margin
        with np.errstate(divide="ignore"):
            return np.asarray(np.where(scale > 0, (margin - rate) / np.where(scale > 0, scale, 1.0), np.inf))
    delta = (margin - rate) / (1.0 - sign * rate)
    return np.asarray(np.where((sign > 0) & (margin > 1.0), np.inf, delta))


def leverage_from_distance(
    distance: ArrayLike, maintenance_rate: ArrayLike, *, direction: ArrayLike, kind: ContractKind = "linear"
) -> Floats:
    """Return the leverage whose isolated position is liquidated at a distance.

    Parameters
    ----------
    distance
        float64 > 0, a fraction of the entry price; at most 1 for longs, may be ``inf`` for inverse shorts (1x).

    Returns
    -------
    float64 > 0.

    Raises
    ------
    RuleError
        If a distance is not positive, or a long's exceeds 1 (a price below zero).
    """
    delta = as_floats(distance)
    _, rate, sign = _checked(1.0, maintenance_rate, direction)
    if not np.all(delta > 0):
        raise RuleError(
            "a liquidation distance is not positive: wanted a fraction of the entry price above 0"
        )
    if np.any((sign > 0) & (delta > 1)):
        raise RuleError("a long's liquidation distance exceeds 1: no price lies that far below the entry")
    if kind != "inverse":
        return np.asarray(1.0 / (rate + delta * (1.0 - sign * rate)))
    with np.errstate(invalid="ignore"):
        lever = (1.0 - sign * delta) / (rate + delta)
    return np.asarray(np.where(np.isinf(delta), 1.0, lever))


def minimum_distance(
    max_leverage: ArrayLike,
    maintenance_rate: ArrayLike,
    *,
    direction: ArrayLike,
    kind: ContractKind = "linear",
) -> Floats:
    """Return the nearest distance at which a position can open under a venue's leverage cap.

    ``(1/L_max - m) / (1 - s m)`` for linear contracts (25x ETH with m = 2 %: 2.04 % for longs, 1.96 % for shorts). The cap
    and the rate must be those of the SAME venue, symbol and date: use ``catalogue.leverage_cap`` and
    ``catalogue.representative_maintenance``.
    """
    return distance_from_leverage(max_leverage, maintenance_rate, direction=direction, kind=kind)


def _checked(
    leverage: ArrayLike, maintenance_rate: ArrayLike, direction: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Return the inputs as arrays, refused where they cannot be meant."""
    lever, rate, sign = as_floats(leverage), as_floats(maintenance_rate), as_floats(direction)
    require_positive("leverage", lever)
    if not np.all((rate >= 0) & (rate < 1)):
        raise RuleError("maintenance rate must lie in [0, 1); give fractions (0.005), not percent (0.5)")
    if not np.all(np.abs(sign) == 1):
        raise RuleError("direction holds values other than +1 (long) and -1 (short)")
    return lever, rate, sign
