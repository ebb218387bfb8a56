"""Which part of a map is drawn, and how finely: the price range, round bar edges, the curves at those edges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError
from liqatlas.base.format import step_decimals
from liqatlas.base.units import decimals_step
from liqatlas.maps.head import LONG, SHORT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.maps.head import Head
    from liqatlas.maps.liquidation_map import LiquidationMap

#: The default range holds this share of each side's (identified) mass …
SHOWN_SHARE = 0.95
#: … and reaches at least this far from the price.
LEAST_REACH = 0.10
#: A measured map is drawn up to this many times the price, and down to as small a part.
MOST_REACH_MEASURED = 2.5
#: Even bins of the map's own are kept up to this many times the usual number of bars …
MOST_OWN = 1.5
#: … and a coarse map is still drawn on this many bars of a round width.
LEAST_BARS = 20
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
_FINER = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


@dataclass(frozen=True, slots=True)
class MapView:
    """A map cut to what is drawn.

    Attributes
    ----------
    shown
        The map on the drawn edges.
    step
        Width of a bar [quote].
    label_step
        To which decimals a drawn edge is written [quote].
    curve_long, curve_short
        float64, shape ``(B + 1,)``: the whole map's cumulative curves at the drawn edges [USD].
    left_out_long, left_out_short
        Mass outside the drawn range [USD].
    """

    shown: LiquidationMap
    step: float
    label_step: float
    curve_long: NDArray[np.float64]
    curve_short: NDArray[np.float64]
    left_out_long: float
    left_out_short: float

    @property
    def low(self) -> float:
        """Lowest drawn price."""
        return float(self.shown.price_edges[0])

    @property
    def high(self) -> float:
        """Highest drawn price."""
        return float(self.shown.price_edges[-1])


def view_of(
    whole: LiquidationMap, *, price_range: tuple[float, float] | None = None, bars: int = 170
) -> MapView:
    """Return the drawn part of a map, on about ``bars`` bars of a round width, never finer than the map's own bins.

    A map that somebody has already put on few even bins keeps them.

    Raises
    ------
    InputError
        If the map has no usable price, or the range is not two ascending positive prices.
    """
    low, high = price_range or default_range(whole)
    if not (0 < low < high and math.isfinite(high)):
        raise InputError(
            f"price range {low} to {high} cannot be drawn: wanted two positive prices, the lower first"
        )
    edges, step, label_step = bar_edges(whole, low, high, bars)
    shown = whole.rebin(edges)
    curves = whole.cumulative()
    at, known = np.log(edges), np.log(curves.price)
    return MapView(
        shown=shown,
        step=step,
        label_step=label_step,
        curve_long=np.interp(at, known, curves.long_usd),
        curve_short=np.interp(at, known, curves.short_usd),
        left_out_long=max(0.0, float(whole.long_usd.sum() - shown.long_usd.sum())),
        left_out_short=max(0.0, float(whole.short_usd.sum() - shown.short_usd.sum())),
    )


def bar_edges(
    whole: LiquidationMap, low: float, high: float, bars: int
) -> tuple[NDArray[np.float64], float, float]:
    """Return the edges of the bars, their width and the step of their labels."""
    own = own_edges(whole, low, high, round(MOST_OWN * bars))
    if own is not None:
        step = float(np.diff(own).mean())
        exact = float(decimals_step(own))
        return own, step, max(exact, 10.0 ** math.floor(math.log10(step) - 2))
    inside = int(np.count_nonzero((whole.price_edges > low) & (whole.price_edges < high))) + 1
    edges, step = round_edges(low, high, min(bars, max(LEAST_BARS, inside)))
    return edges, step, step


def own_edges(whole: LiquidationMap, low: float, high: float, most: int) -> NDArray[np.float64] | None:
    """Return the map's own edges that cover a range, where they are even and at most ``most`` bins, else None."""
    edges = whole.price_edges
    first = max(0, int(np.searchsorted(edges, low, side="right")) - 1)
    last = min(len(edges) - 1, int(np.searchsorted(edges, high, side="left")))
    own = edges[first : last + 1]
    if not 2 <= len(own) <= most + 1 or own[0] > low * (1 + 1e-9) or own[-1] < high * (1 - 1e-9):
        return None
    widths = np.diff(own)
    return own if np.allclose(widths, widths.mean(), rtol=1e-6, atol=0.0) else None


def default_range(whole: LiquidationMap) -> tuple[float, float]:
    """Return the range that holds 95 % of each side's identified mass and at least ten percent either way [quote].

    It ends where the map ends.
    """
    head = whole.head
    if not (head.price > 0 and math.isfinite(head.price)):
        raise InputError(f"the map's price is {head.price}: a map is drawn around a positive price")
    low, high = head.price * (1 - LEAST_REACH), head.price * (1 + LEAST_REACH)
    inside = identified(head, whole.price_edges)
    for position in (LONG, SHORT):
        mass = np.where(inside, whole.usd[:, :, position].sum(axis=(0, 1)), 0.0)
        if float(mass.sum()) <= 0:
            continue
        if head.quantity == "liquidated":
            ends = _holding(whole.price_edges, mass, (1 - SHOWN_SHARE) / 2, (1 - SHOWN_SHARE) / 2)
        elif position == LONG:
            ends = (_holding(whole.price_edges, mass, 1 - SHOWN_SHARE, 0.0)[0], high)
        else:
            ends = (low, _holding(whole.price_edges, mass, 0.0, 1 - SHOWN_SHARE)[1])
        low, high = min(low, ends[0]), max(high, ends[1])
    if head.kind == "measured":  # a few levels lie many times away; the caption says how much is beyond
        low, high = max(low, head.price / MOST_REACH_MEASURED), min(high, head.price * MOST_REACH_MEASURED)
    # Beyond the map's own edges nothing is known; drawn, it would look like nothing is there.
    first, last = float(whole.price_edges[0]), float(whole.price_edges[-1])
    clipped = max(low, first), min(high, last)
    return clipped if clipped[0] < clipped[1] else (first, last)


def identified(head: Head, edges: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which bins, shape ``(B,)``, lie where the calibration can tell levels apart; all where none is stated."""
    low, high = identified_range(head)
    return np.asarray((edges[:-1] >= low * (1 - 1e-9)) & (edges[1:] <= high * (1 + 1e-9)))


def identified_range(head: Head) -> tuple[float, float]:
    """Return the prices between which levels are identified; zero and infinity where nothing is calibrated."""
    reach = head.identified_distance
    return (head.price * (1 - reach), head.price * (1 + reach)) if reach > 0 else (0.0, math.inf)


def round_edges(low: float, high: float, bars: int) -> tuple[NDArray[np.float64], float]:
    """Return ascending edges that are multiples of a round step and cover the range, and that step.

    Examples
    --------
    >>> edges, step = round_edges(1503.0, 1838.0, 170)
    >>> step, float(edges[0]), float(edges[-1])
    (2.0, 1502.0, 1838.0)
    """
    step = round_step((high - low) / max(1, bars))
    return _multiples(low, high, step), step


def fitting_edges(low: float, high: float, most: int) -> tuple[NDArray[np.float64], float]:
    """Return round edges as :func:`round_edges` does, the finest that make no more than ``most`` bins.

    Examples
    --------
    >>> edges, step = fitting_edges(1503.0, 1838.0, 30)
    >>> step, len(edges) - 1
    (12.0, 29)
    """
    exponent = math.floor(math.log10((high - low) / max(1, most)))
    steps = [float(f"{n:g}e{exponent + up}") for up in (0, 1, 2) for n in _FINER]
    fitting = (s for s in steps if math.ceil(high / s - 1e-9) - math.floor(low / s + 1e-9) <= max(1, most))
    step = next(fitting, steps[-1])
    return _multiples(low, high, step), step


def round_step(raw: float) -> float:
    """Return the round number 1, 2, 2.5 or 5 times a power of ten nearest to ``raw`` in ratio."""
    exponent = math.floor(math.log10(raw))
    best = min(_NICE, key=lambda n: abs(math.log(raw / (n * 10.0**exponent))))
    return float(f"{best:g}e{exponent}")


def _multiples(low: float, high: float, step: float) -> NDArray[np.float64]:
    """Return the positive multiples of a step that cover a range."""
    first, last = max(1, math.floor(low / step + 1e-9)), math.ceil(high / step - 1e-9)
    counts = np.arange(first, max(last, first + 1) + 1, dtype=np.float64)
    # A whole number divided by a power of ten is the float nearest to the decimal edge; multiplied by 2e-8 it is not.
    digits = step_decimals(step)
    whole = round(step * 10**digits)
    return np.asarray(counts * whole / 10.0**digits)


def _holding(
    edges: NDArray[np.float64], mass: NDArray[np.float64], low_tail: float, high_tail: float
) -> tuple[float, float]:
    """Return the prices that hold all but a share at the low and a share at the high end."""
    running = np.concatenate(([0.0], np.cumsum(mass))) / float(mass.sum())
    low = edges[int(np.searchsorted(running, low_tail, side="right")) - 1]
    high = edges[min(len(edges) - 1, int(np.searchsorted(running, 1 - high_tail, side="left")))]
    return float(low), float(high)
