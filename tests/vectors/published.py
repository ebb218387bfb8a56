"""How a published number is compared: as it was printed, digit by digit."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import SupportsFloat

import numpy as np


def assert_printed(value: SupportsFloat, printed: str, *, slack: float = 0.0, cut: bool = False) -> None:
    """Assert that a value prints as the source printed it.

    Parameters
    ----------
    value
        What we compute.
    printed
        The digits as published.
    slack
        Uncertainty that the printed resolution of the INPUTS brings into the value; 0 where inputs are exact.
    cut
        True where the source cut the number off instead of rounding it.
    """
    got, wanted = float(value), Decimal(printed)
    unit = Decimal(1).scaleb(int(wanted.as_tuple().exponent))
    as_printed = Decimal(got).quantize(unit, ROUND_DOWN if cut else ROUND_HALF_EVEN)
    # sixteen printed digits exceed a float: one step of it is the finest difference there is
    room = Decimal(max(slack, float(np.spacing(got)) if unit < Decimal("1e-12") else 0.0))
    near = room > 0 and abs(Decimal(got) - wanted) <= room + unit / 2
    assert as_printed == wanted or near, f"computed {got!r}, published {printed}"
