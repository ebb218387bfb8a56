"""The frozen map over four hours and a day, against the same regressions and placebo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.evaluate.comparison import Gain, gain, or_nan
from liqatlas.evaluate.hours import Hours
from liqatlas.evaluate.scores import predicted_over_realised, rank_ic
from liqatlas.evaluate.window_baselines import window_baselines
from liqatlas.levels.horizons import forecast_windows, windows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.hour_market import HourMarket
    from liqatlas.levels.responses import HourResponses

#: Hours ahead beside the one hour that everything else is about.
HORIZONS_H = (4, 24)


@dataclass(frozen=True, slots=True)
class HorizonScores:
    """How the frozen map did over windows of so many hours.

    Attributes
    ----------
    gains
        Over B3, B3h and itself with the map of seven days before, in nats per window and position.
    rank_ic, predicted_over_realised
        NaN where they have no value.
    """

    hours: int
    rows: int
    gains: dict[str, Gain]
    rank_ic: float
    predicted_over_realised: float


def score_horizons(
    market: HourMarket,
    hours: Hours,
    modelled: tuple[HourResponses, Calibration],
    split: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> tuple[tuple[HorizonScores, ...], tuple[str, ...]]:
    """Return the scores of every horizon the data carry, and a sentence on each they do not; ``split`` is (train, test) of hours."""
    out, notes = [], []
    for length in HORIZONS_H:
        try:
            out.append(_score(market, hours, modelled, split, length))
        except NotEnoughDataError as error:
            notes.append(f"horizon of {length} hours is left out: {error}")
    return tuple(out), tuple(notes)


def _score(
    market: HourMarket,
    hours: Hours,
    modelled: tuple[HourResponses, Calibration],
    split: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    length: int,
) -> HorizonScores:
    windows = windows_of(market, length)
    rows = windows.market
    judged = Hours(
        rows.start_ns, rows.open, rows.high, rows.low, rows.close, rows.volume, rows.open_interest[:, 0] * rows.open,
        rows.path, rows.printed_usd, step_ns=length * HOUR_NS,
    )  # fmt: skip
    train, test = (windows.whole(mask) for mask in split)
    made = forecast_windows(market, modelled[0], modelled[1], windows, split[0])
    others = window_baselines(hours, judged, windows.first, train) | {"map of seven days before": made.older}
    known = np.isfinite(judged.amount) & test[:, None]
    y, mu = judged.amount[known], made.frozen[known]
    return HorizonScores(
        length,
        int(known.sum()),
        {name: gain(judged, made.frozen, other, train=train, test=test) for name, other in others.items()},
        or_nan(rank_ic, y, mu),
        or_nan(predicted_over_realised, y, mu),
    )
