"""What the next hours may bring by themselves: a drawn excursion, and whether its shares of runs may be read as probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import DAY_NS, NS_PER_S, parse_time
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.base.format import format_duration
from liqatlas.cascade.forecast_calibration import load_forecast_calibrations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.book.depth import Direction
    from liqatlas.cascade.exceedance import Exceedance
    from liqatlas.cascade.forecast_calibration import ForecastCalibration
    from liqatlas.cascade.sequence import Step
    from liqatlas.maps.head import Head

#: A shorter window leaves out positions that the calibrated forecasts counted.
_LEAST_WINDOW_NS = 14 * DAY_NS


@dataclass(frozen=True, slots=True)
class Outlook:
    """The law of what comes, the scale it has now, and why its shares are no probabilities.

    Attributes
    ----------
    calibration
        The instrument's own, or the one that is lent.
    scale
        Of the excursion now [log price].
    reasons
        Why nothing is calibrated here, one sentence each; empty where it is.
    """

    calibration: ForecastCalibration
    scale: float
    reasons: tuple[str, ...]

    @property
    def calibrated(self) -> bool:
        """Whether shares may be read as probabilities inside the ranges the calibration saw."""
        return not self.reasons

    def draw(self, count: int, seed: int) -> NDArray[np.float64]:
        """Return one excursion for each run, every part of the law as often as it weighs, ``(count,)`` [log distance]."""
        order = np.random.Generator(np.random.Philox(key=seed ^ 0x5EED)).permutation(count)
        return self.calibration.law.draw(self.scale, (order + 0.5) / count)

    def with_chances(self, steps: Sequence[Step]) -> tuple[Step, ...]:
        """Return the steps with probabilities in place of shares of runs, where those are known."""
        if not self.calibrated or not steps:
            return tuple(steps)
        low, high = self.calibration.distance
        chances = self.calibration.chance_reached(np.array([s.distance for s in steps]), self.scale)
        out = []
        for i, (step, chance) in enumerate(zip(steps, chances, strict=True)):
            if not low <= step.distance <= high:
                out.append(step)
                continue
            following = steps[i + 1].distance if i + 1 < len(steps) else np.inf
            then = float(chances[i + 1] / chance) if following <= high and chance > 0 else float("nan")
            out.append(replace(step, share=float(chance), then_share=then, calibrated=True))
        return tuple(out)

    def with_amounts(self, amounts: Sequence[Exceedance], mean_usd: float) -> tuple[Exceedance, ...]:
        """Return the amounts with probabilities in place of shares of runs, where those are known."""
        if not self.calibrated or not amounts:
            return tuple(amounts)
        low, high = self.calibration.usd
        chances = self.calibration.chance_liquidated(np.array([a.usd for a in amounts]), mean_usd, self.scale)
        return tuple(
            replace(a, share=float(c), calibrated=True) if low <= a.usd <= high else a
            for a, c in zip(amounts, chances, strict=True)
        )


@dataclass(frozen=True, slots=True)
class LevelChance:
    """How likely the mark gets to a level by itself within the horizon.

    Attributes
    ----------
    probability
        Calibrated; None where nothing is calibrated, or the level lies further than the calibration saw.
    at_most
        Calibrated bound of a level further away: it is reached no more often than the furthest distance seen. None otherwise.
    reasons
        Why there is no probability, one sentence each.
    """

    probability: float | None
    at_most: float | None
    reasons: tuple[str, ...]


def level_chance(outlook: Outlook, distance: float) -> LevelChance:
    """Return how likely a level at a distance [log price] is reached by itself."""
    if not outlook.calibrated:
        return LevelChance(None, None, outlook.reasons)
    near, far = outlook.calibration.distance
    inside = float(outlook.calibration.chance_reached(np.array([min(distance, far)]), outlook.scale)[0])
    if distance > far:
        return LevelChance(
            None, inside, (f"the level lies further away than the {far:.1%} that were judged",)
        )
    if distance < near:
        return LevelChance(None, None, (f"the level lies nearer than the {near:.1%} that were judged",))
    return LevelChance(inside, None, ())


def find_calibration(
    instrument: str, direction: Direction, horizon_s: float
) -> tuple[ForecastCalibration, tuple[str, ...]]:
    """Return the instrument's own calibration, else one that is lent, and what is wrong with it.

    Raises
    ------
    NotEnoughDataError
        If none has this horizon.
    """
    liquidated = "long" if direction == "down" else "short"
    fit = [c for c in load_forecast_calibrations() if c.liquidated == liquidated and c.horizon_s == horizon_s]
    if not fit:
        known = ", ".join(sorted({_span(c.horizon_s) for c in load_forecast_calibrations()}))
        raise NotEnoughDataError(
            f"no law of what {_span(horizon_s)} may bring is known (there are {known}): choose --within one of them, "
            "or name a shock such as -5%"
        )
    own = [c for c in fit if c.instrument == instrument]
    if own:
        return max(own, key=lambda c: c.data_until), ()
    lent = fit[0]
    return lent, (
        f"the law of excursions is lent by {lent.instrument}: nothing is calibrated for {instrument}",
    )


def scope_reasons(calibration: ForecastCalibration, head: Head, *, print_thinning: float) -> tuple[str, ...]:
    """Return why a calibration does not speak about a map; none where it does."""
    known = head.model.parameters
    said = []
    if head.simulated:
        said.append("the market is simulated; what is calibrated is a real one")
    if head.quantity != "expected":
        said.append(f"the map is of {head.quantity} amounts; what is calibrated needs one of expected prints")
    elif f"{head.model.name} {head.model.version}" != calibration.model:
        said.append(f"the map's estimator is not the one that was calibrated ({calibration.model})")
    elif known.get("calibration_instrument") != calibration.instrument:
        said.append(f"the map's weights are not those of {calibration.instrument}")
    elif not known.get("level_from_prints", False):
        said.append("no liquidation prints of the last day are in the data, so the map's level is not known")
    if head.window_ns < _LEAST_WINDOW_NS:
        said.append("the window is shorter than two weeks; what is calibrated counts older positions too")
    if print_thinning != 1.0:
        said.append("amounts are scaled to what was not printed; what is calibrated are published prints")
    if parse_time(calibration.data_until) > head.as_of_ns:
        said.append(f"the calibration read hours until {calibration.data_until}, after this moment")
    if not calibration.better_than_climatology:
        said.append("on unseen hours such forecasts were not better than the base rate beyond doubt")
    return tuple(said)


def make_outlook(
    head: Head,
    instrument: str,
    direction: Direction,
    features: NDArray[np.float64],
    *,
    horizon_s: float,
    print_thinning: float = 1.0,
) -> Outlook:
    """Return what the next hours may bring.

    Parameters
    ----------
    features
        float64 ``(F,)``: :data:`excursions.FEATURES` of this moment.

    Raises
    ------
    NotEnoughDataError
        If no calibration has this horizon.
    InputError
        If the features are not finite.
    """
    if not np.isfinite(features).all():
        raise InputError(
            "volatility of the past hours is not finite: give marks or bars of two days at least"
        )
    calibration, lent = find_calibration(instrument, direction, horizon_s)
    scale = float(calibration.law.scale(features)[0])
    reasons = [*lent, *scope_reasons(calibration, head, print_thinning=print_thinning)]
    low, high = calibration.scales
    if not low <= scale <= high:
        usual = f"{low:.2%} to {high:.2%}"
        reasons.append(
            f"volatility is outside that of all judged hours (a usual excursion of {scale:.2%}; judged were {usual})"
        )
    return Outlook(calibration, scale, tuple(reasons))


def _span(seconds: float) -> str:
    return format_duration(int(seconds * NS_PER_S))
