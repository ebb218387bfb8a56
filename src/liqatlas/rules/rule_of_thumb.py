"""The formula most guides print, kept under its own name so that nobody takes it for the exact one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.rules.distance import distance_from_leverage
from liqatlas.rules.positions import Floats, as_floats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from liqatlas.base.instruments import ContractKind


def rule_of_thumb_price(
    entry: ArrayLike, leverage: ArrayLike, *, maintenance_rate: ArrayLike, direction: ArrayLike
) -> Floats:
    """Return ``entry (1 - s (1/L - m))``: long ``E (1 - 1/L + m)``, short ``E (1 + 1/L - m)``.

    Maintenance is charged on the value at ENTRY, as Bybit's legacy rule does, and deduction and fees are left out.

    Examples
    --------
    >>> rule_of_thumb_price(65_000.0, 10.0, maintenance_rate=0.005, direction=1).item()
    58825.0
    """
    price, sign = as_floats(entry), as_floats(direction)
    return np.asarray(price * (1.0 - sign * (1.0 / as_floats(leverage) - as_floats(maintenance_rate))))


def rule_of_thumb_error(
    entry: ArrayLike,
    leverage: ArrayLike,
    *,
    maintenance_rate: ArrayLike,
    direction: ArrayLike,
    kind: ContractKind = "linear",
) -> Floats:
    """Return rule of thumb minus exact isolated price [quote].

    For linear contracts this is ``+E m delta`` on BOTH sides, with delta the exact distance: longs too near, shorts too far,
    by the share m of their own distance. For inverse contracts it is far larger (``-inf`` for a 1x short).
    """
    price, sign = as_floats(entry), as_floats(direction)
    delta = distance_from_leverage(leverage, maintenance_rate, direction=sign, kind=kind)
    thumb = rule_of_thumb_price(price, leverage, maintenance_rate=maintenance_rate, direction=sign)
    return np.asarray(thumb - price * (1.0 - sign * delta))
