"""Fixed leverage tiers 10, 25, 50 and 100: the map most open tools draw, without and with our bookkeeping.

Every hour's turnover is laid at the four distances round its prices; nothing says how much of it there is beyond that, so one
factor and a background are fitted on the training prints. *Without* bookkeeping a level stays for ever: it is neither removed when
the price passes it nor closed by its owner. *With* bookkeeping the same four tiers go through the estimator's engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from liqatlas.levels.count_fit import Priors, fit_counts
from liqatlas.levels.responses import respond

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.evaluate.hours import Hours
    from liqatlas.levels.estimator_settings import EstimatorSettings
    from liqatlas.levels.hour_market import HourMarket

#: Distances of a 100x, 50x, 25x and 10x position at 0.4 % maintenance margin, a little wide; every second bucket is a tier.
TIER_EDGES = (0.0055, 0.0065, 0.015, 0.017, 0.034, 0.038, 0.092, 0.1)
_BINS_PER_TIER = 4
_PRIORS = Priors(smoothness=0.0, tie=1e-3, background=0.05, dispersion=0.1, slope=1.0)


def fixed_tiers(
    hours: Hours,
    market: HourMarket,
    settings: EstimatorSettings,
    train: NDArray[np.bool_],
    *,
    bookkeeping: bool,
) -> NDArray[np.float64]:
    """Return the means of the tier map read at the hours' own extremes, ``(n, 2)`` [10,000 USD].

    Raises
    ------
    NotEnoughDataError
        If the training hours hold too few prints.
    """
    tiers = msgspec.structs.replace(settings, bucket_edges=TIER_EDGES, bins_per_bucket=_BINS_PER_TIER)
    responses = respond(market, tiers, bookkeeping=bookkeeping)
    mass = responses.reach[:, :, ::2].sum(axis=2, keepdims=True) + 1e-6
    amount = np.where(train[:, None], hours.amount, np.nan)
    none = np.zeros((*amount.shape, 0))
    return fit_counts(amount, mass, none, priors=_PRIORS).mean(mass, none)
