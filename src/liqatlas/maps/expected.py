"""The *expected* map: USD of published prints if the mark touched each level now, without further closing.

    expected(bin) = level · Σ_k weight_k · held_k(bin) · price(bin)

held is what was opened in the window and is still open, at unit weight; weights come from a calibration on realised prints, the
level from the prints of past hours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import format_window, isoformat, parse_time
from liqatlas.base.grid import LogGrid
from liqatlas.maps.head import LONG, SHORT, Head, ModelInfo, VenueInfo
from liqatlas.maps.liquidation_map import CumulativeBand, LiquidationMap
from liqatlas.maps.posterior import Posterior
from liqatlas.maps.readout import BANDS, band_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording
    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.forecast import Level
    from liqatlas.levels.responses import HeldMass

#: Mass of the posterior band of the cumulative curves, draws it is made from, and prices it is given at.
BAND_SHARE = 0.9
_BAND_DRAWS = 400
_BAND_PRICES = 120
#: Draws that a map carries for whoever goes on computing with it.
POSTERIOR_DRAWS = 64


@dataclass(frozen=True, slots=True)
class ExpectedInstrument:
    """One instrument with everything its expected map needs.

    Attributes
    ----------
    recording, calibration, held
        What is known, what was fitted, and what is open at unit weight.
    level
        Factor on the weights with its uncertainty: slow and fast level and hour of day, as the running read-out has them.
    mark, price_source
        Its own mark at the as-of moment.
    passed
        Lowest and highest mark after the last full hour, the as-of mark included: what they passed is gone.
    open_interest_usd, maintenance_rate, last_ts_ns
        One-sided; rate of the lowest tier, which labels leverage; its newest row.
    held_until_ns, begins_ns
        End of the last full hour, until which openings are in, and the first hour of the history.
    warnings
        One sentence each.
    level_from_prints
        Whether most hours of the last day say what was printed, so that the level is of now.
    """

    recording: Recording
    calibration: Calibration
    held: HeldMass
    level: Level
    mark: float
    price_source: str
    passed: tuple[float, float]
    open_interest_usd: float
    maintenance_rate: float
    last_ts_ns: int
    held_until_ns: int
    begins_ns: int
    warnings: tuple[str, ...] = ()
    level_from_prints: bool = True

    @property
    def info(self) -> VenueInfo:
        """What the result says about it."""
        instrument = self.recording.instrument
        return VenueInfo(
            venue=instrument.venue,
            symbol=instrument.symbol,
            price=self.mark,
            price_source=self.price_source,
            open_interest_usd=self.open_interest_usd,
            last_ts_ns=self.last_ts_ns,
            mark_source="five-minute samples and the hours' extremes",
            entry_source="turnover spread along the mark's path",
            quote=instrument.quote,
            settle=instrument.settle,
        )


def expected_map(several: Sequence[ExpectedInstrument], *, as_of_ns: int, window_ns: int) -> LiquidationMap:
    """Return the expected map of instruments of one asset, with the posterior band of its cumulative curves.

    Every venue is touched by its own mark; its levels are drawn at level / own mark x the mark of the one with the most open interest.
    """
    grid = LogGrid()
    reference = max(several, key=lambda one: one.open_interest_usd)
    shifts = [math.log(reference.mark / one.mark) for one in several]
    low = min(
        grid.bin(math.exp(float(one.held.edges[:, 0].min()) + s))
        for one, s in zip(several, shifts, strict=True)
    )
    high = 1 + max(
        grid.bin(math.exp(float(one.held.edges[:, -1].max()) + s))
        for one, s in zip(several, shifts, strict=True)
    )
    units = [_unit_usd(one, grid, (low, high), shift) for one, shift in zip(several, shifts, strict=True)]
    usd = np.stack([_split(one, unit) for one, unit in zip(several, units, strict=True)])
    held = np.flatnonzero(usd.any(axis=(0, 1, 2)))
    first, last = (int(held[0]), int(held[-1]) + 1) if len(held) else (0, 1)
    price_edges = grid.edges(low, high)
    return LiquidationMap(
        expected_head(several, as_of_ns=as_of_ns, window_ns=window_ns),
        price_edges[first : last + 1],
        BANDS,
        usd[..., first:last],
        _band(several, units, price_edges, reference.mark),
        _posterior(several[0], units[0][:, :, first:last]) if len(several) == 1 else None,
    )


def _posterior(one: ExpectedInstrument, unit: NDArray[np.float64]) -> Posterior:
    return Posterior(unit, one.calibration.draw_weights(POSTERIOR_DRAWS) * one.level.factor)


def _split(one: ExpectedInstrument, unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return expected prints by leverage band, ``(L, 2, B)`` [USD]."""
    edges = np.array(one.calibration.settings.bucket_edges)
    distance = np.broadcast_to(np.stack([edges[:-1], edges[1:]], axis=1), (2, len(edges) - 1, 2))
    bands = band_shares(distance, one.maintenance_rate, inverse=one.recording.instrument.is_inverse)
    weight = one.calibration.weight * one.level.factor
    return np.asarray(np.einsum("k,pkb,pkl->lpb", weight, unit, bands))


def _unit_usd(
    one: ExpectedInstrument, grid: LogGrid, bins: tuple[int, int], shift: float
) -> NDArray[np.float64]:
    """Return the held mass on bins of the common grid, ``(2, K, B)`` [USD at the own level, unit weight]; ``shift`` is from the own axis."""
    held, (low, high) = one.held, bins
    price_edges = grid.edges(low, high)
    log_edges = np.log(price_edges) - shift
    out = np.empty((2, held.coins.shape[1], high - low))
    for k in range(held.coins.shape[1]):
        used = int(held.count[k])
        own = held.edges[k, : used + 1]
        for p in (LONG, SHORT):
            running = np.concatenate([[0.0], np.cumsum(held.coins[p, k, :used])])
            out[p, k] = np.diff(np.interp(log_edges, own, running))
    moved = math.exp(shift)
    out[LONG][:, max(grid.bin(one.passed[0] * moved) - low, 0) :] = 0.0
    out[SHORT][:, : max(grid.bin(one.passed[1] * moved) + 1 - low, 0)] = 0.0
    return out * np.sqrt(price_edges[:-1] * price_edges[1:]) / moved


def _band(
    several: Sequence[ExpectedInstrument],
    units: Sequence[NDArray[np.float64]],
    price_edges: NDArray[np.float64],
    mark: float,
) -> CumulativeBand:
    """Return the band of the cumulative curves over draws of the weights and of the level, those of venues drawn alike."""
    reach = max(float(one.calibration.settings.bucket_edges[-1]) for one in several)
    price = np.geomspace(mark * (1 - reach), mark * (1 + reach), _BAND_PRICES)
    at, edges = np.log(price), np.log(price_edges)
    curves = np.zeros((2, _BAND_DRAWS, _BAND_PRICES))
    for one, unit in zip(several, units, strict=True):
        weights = one.calibration.draw_weights(_BAND_DRAWS) * _draw_level(one.level, _BAND_DRAWS)[:, None]
        zero = np.zeros((unit.shape[1], 1))
        below = np.concatenate([zero, np.cumsum(unit[LONG], axis=1)], axis=1)
        above = np.concatenate([zero, np.cumsum(unit[SHORT], axis=1)], axis=1)
        curves[LONG] += weights @ np.stack([row[-1] - np.interp(at, edges, row) for row in below])
        curves[SHORT] += weights @ np.stack([np.interp(at, edges, row) for row in above])
    tail = (1 - BAND_SHARE) / 2
    low, high = np.quantile(curves, [tail, 1 - tail], axis=1)
    return CumulativeBand(BAND_SHARE, price, low[LONG], high[LONG], low[SHORT], high[SHORT])


def _draw_level(level: Level, draws: int) -> NDArray[np.float64]:
    """Return draws of the level, ``(draws,)``."""
    # the median of the draws is the level: a band is of quantiles, not of means
    return np.asarray(level.factor * np.exp(level.log_sd * np.random.default_rng(2).standard_normal(draws)))


def expected_head(several: Sequence[ExpectedInstrument], *, as_of_ns: int, window_ns: int) -> Head:
    """Return the head of an expected map or heatmap."""
    reference = max(several, key=lambda one: one.open_interest_usd)
    calibration = reference.calibration
    warnings = [text for one in several for text in one.warnings]
    ahead = False
    for one in several:
        if one.begins_ns > as_of_ns - window_ns:
            warnings.append(
                f"{one.recording.instrument.key}: the window reaches back {format_window(window_ns)} but data begin {isoformat(one.begins_ns)}"
            )
        if parse_time(one.calibration.trained_until) > as_of_ns:
            ahead = True
            warnings.append(
                f"calibration {one.calibration.name} read prints until {one.calibration.trained_until}, after this map's moment"
            )
    used = list(dict.fromkeys(_calibration_name(one.calibration) for one in several))
    scopes = list(dict.fromkeys(one.calibration.prints_scope for one in several))
    if len(several) > 1 and any("+" in scope for scope in scopes):
        warnings.append(
            f"prints of {'; '.join(scopes)} are of several venues in one: what is drawn for each venue adds up to more than they print"
        )
    return Head(
        asset=reference.recording.instrument.asset,
        kind="modelled",
        quantity="expected",
        as_of_ns=as_of_ns,
        window_ns=window_ns,
        price=reference.mark,
        reference=f"{reference.recording.instrument.key} {reference.price_source}",
        open_interest_usd=sum(one.open_interest_usd for one in several),
        venues=tuple(one.info for one in several),
        model=ModelInfo(
            name=calibration.settings.name,
            version=calibration.settings.version,
            calibration="; ".join(used),
            parameters={
                "level": reference.level.factor,
                "level_log_sd": reference.level.log_sd,
                "level_from_prints": reference.level_from_prints,
                "instrument": reference.recording.instrument.key,
                "calibration_name": calibration.name,
                "calibration_instrument": calibration.instrument,
                "dispersion": calibration.running.dispersion,
                "hazard_scale": calibration.hazard_scale,
                "bucket_edges": list(calibration.settings.bucket_edges),
                "weight": calibration.weight.tolist(),
                "log_weight_sd": calibration.log_weight_sd.tolist(),
                "identified": calibration.identified.tolist(),
                "openings_until": isoformat(min(one.held_until_ns for one in several)),
                "trained_from": calibration.trained_from,
                "trained_until": calibration.trained_until,
            },
        ),
        simulated=any(one.recording.simulated for one in several),
        lookahead=ahead,
        prints_scope=f"{'; '.join(scopes)}; thinned as published",
        identified_distance=min(one.calibration.identified_distance for one in several),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _calibration_name(calibration: Calibration) -> str:
    pooled = f", pooled with {calibration.pooled_with}" if calibration.pooled_with else ""
    return f"{calibration.name} (of {calibration.instrument}, made {calibration.made_on}{pooled})"
