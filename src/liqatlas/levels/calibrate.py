r"""Fit the estimator on realised prints: the map, its running and its frozen read-out.

    running  mean = e^(S + ρF + d·day) (c_s + Σ_k w_k touched_tsk)
    frozen   mean = e^(S + ρF + d·day) (c_s + a Σ_k w_k reach_tsk + b E_ts)

``touched`` is what the hour's path touched; ``reach`` is the map of the hour's start read at the hour's low and high; E is the
expected release of what opens within the hour, a regression on its extremes and on earlier volume that reads no prints. S and F
are the slow and the fast causal level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import DAY_NS, HOUR_NS, isoformat
from liqatlas.base.errors import ConfigError, NotEnoughDataError
from liqatlas.levels.calibration import Calibration, ReadOut
from liqatlas.levels.count_fit import CountFit, Priors, fit_counts, posterior_covariance
from liqatlas.levels.forecast import expected_inhour, levels_of
from liqatlas.levels.hour_covariates import (
    INHOUR_COVARIATES,
    READ_OUT_COVARIATES,
    inhour_covariates,
    read_out_covariates,
)
from liqatlas.levels.responses import UNIT_USD, respond

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels.estimator_settings import EstimatorSettings
    from liqatlas.levels.hour_market import HourMarket
    from liqatlas.levels.responses import HourResponses

#: Mean to which the in-hour release is scaled before its regression, so that dispersion has its usual prior.
_INHOUR_MEAN = 50.0


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who made a calibration, from what, when."""

    data_reference: str
    made_by: str
    made_on: str


def calibrate(
    market: HourMarket,
    settings: EstimatorSettings,
    train: NDArray[np.bool_],
    *,
    provenance: Provenance,
    hazard_scale: float | None = None,
    lender: Calibration | None = None,
) -> Calibration:
    """Fit everything on the training hours.

    Parameters
    ----------
    train
        bool ``(n,)``: hours whose prints may be read for fitting.
    hazard_scale
        Held at this value; by default where the training likelihood, tried at ``settings.hazard_scales``, peaks.
    lender
        Calibration of another market whose shape of weights and closing rate stand in where the own prints say little.

    Raises
    ------
    NotEnoughDataError
        If the training hours hold too few prints.
    ConfigError
        If the lender has other buckets.
    """
    train = _within_prints(market, train)
    profile = () if hazard_scale else profile_hazard(market, settings, train, lender)
    scale = hazard_scale or _peak(profile)
    return calibrate_responses(
        market,
        respond(market, settings, scale=scale),
        settings,
        train,
        provenance=provenance,
        profile=(scale, profile),
        lender=lender,
    )


def calibrate_responses(
    market: HourMarket,
    responses: HourResponses,
    settings: EstimatorSettings,
    train: NDArray[np.bool_],
    *,
    provenance: Provenance,
    profile: tuple[float, tuple[tuple[float, float], ...]],
    lender: Calibration | None = None,
) -> Calibration:
    """Fit everything on the training hours, given the responses at the hazard scale ``profile[0]``."""
    amount = _amount(market, train)
    priors = _map_priors(settings, lender)
    fitted = _fit_map(amount, responses, priors)
    weight = np.exp(fitted.log_weight)
    slow, fast = levels_of(market, responses, fitted, settings)
    covariates = read_out_covariates(fast.level[:-1], market.start_ns)
    offset = np.repeat(slow.level[:-1, None], 2, axis=1)
    running = fit_counts(amount, responses.touched, covariates, priors=priors, offset=offset)
    covariance = posterior_covariance(
        running,
        amount,
        responses.touched,
        np.exp(offset) * running.factor(covariates),
        priors,
        block=market.start_ns // DAY_NS,
    )
    covariance += market.prints_log_sd**2  # a common factor on all prints is one on all weights
    inhour, unit = _fit_inhour(market, responses.fresh @ weight, settings, train)
    parts = np.stack([responses.reach @ weight, expected_inhour(market, inhour, unit)], axis=2)
    frozen = fit_counts(amount, parts, covariates, priors=_frozen_priors(settings), offset=offset)
    hours = market.start_ns[train]
    known = np.isfinite(amount)
    return Calibration(
        name=f"{market.asset} {isoformat(int(hours[-1]) + HOUR_NS)[:10]}",
        asset=market.asset,
        instrument=market.key,
        prints_scope=market.prints_scope,
        data_reference=provenance.data_reference,
        made_by=provenance.made_by,
        made_on=provenance.made_on,
        pooled_with="" if lender is None else lender.name,
        trained_from=isoformat(int(hours[0])),
        trained_until=isoformat(int(hours[-1]) + HOUR_NS),
        rows=int(known.sum()),
        printed_usd=float(amount[known].sum()) * UNIT_USD,
        settings=settings,
        hazard_scale=profile[0],
        hazard_profile=profile[1],
        map=ReadOut.of(fitted, ()),
        running=ReadOut.of(running, READ_OUT_COVARIATES),
        frozen=ReadOut.of(frozen, READ_OUT_COVARIATES),
        inhour=ReadOut.of(inhour, INHOUR_COVARIATES),
        inhour_unit=unit,
        covariance=tuple(tuple(row) for row in covariance.tolist()),
        events=tuple(_events(amount, responses, running).tolist()),
    )


def profile_hazard(
    market: HourMarket,
    settings: EstimatorSettings,
    train: NDArray[np.bool_],
    lender: Calibration | None = None,
) -> tuple[tuple[float, float], ...]:
    """Return the log-posterior of each hazard scale on the training hours, map alone."""
    last = int(np.flatnonzero(train)[-1]) + 1
    seen, mask = market.first(last), train[:last]
    out = []
    for scale in settings.hazard_scales:
        responses = respond(seen, settings, scale=scale, with_profile=False)
        fitted = _fit_map(_amount(seen, mask), responses, _map_priors(settings, lender))
        usual = settings.hazard_scale if lender is None else lender.hazard_scale
        prior = -0.5 * (np.log(scale / usual) / settings.hazard_scale_sd) ** 2
        out.append((scale, fitted.log_posterior + float(prior)))
    return tuple(out)


def _peak(profile: tuple[tuple[float, float], ...]) -> float:
    """Return the scale where a parabola through the best entry and its neighbours peaks, in log scale."""
    scale, value = (np.array(column) for column in zip(*profile, strict=True))
    best = int(value.argmax())
    if not 0 < best < len(scale) - 1:
        return float(scale[best])
    around = slice(best - 1, best + 2)
    bend, slope, _ = np.polyfit(np.log(scale[around]), value[around], 2)
    return float(np.exp(-slope / (2 * bend)))


def frozen_with(
    market: HourMarket,
    calibration: Calibration,
    reach: NDArray[np.float64],
    train: NDArray[np.bool_],
    responses: HourResponses,
) -> NDArray[np.float64]:
    """Return the frozen predictions when another map's reach stands in for the own one, refit: what placebos need.

    Returns
    -------
    NDArray[np.float64]
        ``(n, 2)`` [10,000 USD].
    """
    settings, fitted = calibration.settings, calibration.map.fit()
    slow, fast = levels_of(market, responses, fitted, settings)
    covariates = read_out_covariates(fast.level[:-1], market.start_ns)
    offset = np.repeat(slow.level[:-1, None], 2, axis=1)
    inside = expected_inhour(market, calibration.inhour.fit(), calibration.inhour_unit)
    parts = np.stack([reach @ np.exp(fitted.log_weight), inside], axis=2)
    refit = fit_counts(
        _amount(market, train), parts, covariates, priors=_frozen_priors(settings), offset=offset
    )
    return refit.mean(parts, covariates) * np.exp(offset)


def _within_prints(market: HourMarket, train: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the training hours from the first with known prints to the last: what lies outside teaches nothing."""
    known = np.flatnonzero(train & np.isfinite(market.printed_usd).any(axis=1))
    if not len(known):
        raise NotEnoughDataError(
            f"{market.key}: no liquidation print is known in the training period; a calibration needs prints or hourly totals"
        )
    inside = train.copy()
    inside[: known[0]] = inside[known[-1] + 1 :] = False
    return inside


def _amount(market: HourMarket, train: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(train[:, None], market.printed_usd / UNIT_USD, np.nan)


def _map_priors(settings: EstimatorSettings, lender: Calibration | None) -> Priors:
    log_width = np.log(np.diff(np.log(settings.edges())))
    lent = None
    if lender is not None:
        if lender.settings.bucket_edges != settings.bucket_edges:
            raise ConfigError(
                f"calibration {lender.name!r} has other distance buckets than {settings.name!r}: make it again with these settings"
            )
        lent = np.array(lender.map.log_weight) - log_width
    return Priors(
        settings.smoothness,
        settings.tie if lender is None else settings.pooled_tie,
        settings.background_precision,
        settings.dispersion_precision,
        settings.covariate_precision,
        log_width,
        lent,
        settings.flatness,
    )


def _frozen_priors(settings: EstimatorSettings) -> Priors:
    # two weights of different things: nothing ties them but what keeps an absent one finite
    return Priors(
        0.0, 1e-3, settings.background_precision, settings.dispersion_precision, settings.covariate_precision
    )


def _fit_map(amount: NDArray[np.float64], responses: HourResponses, priors: Priors) -> CountFit:
    none = np.zeros((*amount.shape, 0))
    return fit_counts(amount, responses.touched, none, priors=priors)


def _fit_inhour(
    market: HourMarket, release: NDArray[np.float64], settings: EstimatorSettings, train: NDArray[np.bool_]
) -> tuple[CountFit, float]:
    """Fit the release of what opens within the hour; return the regression and the unit of its amounts."""
    rows = train & market.sampled
    if not bool(rows.any()):
        rows = train
    unit = float(release[rows].mean()) / _INHOUR_MEAN
    amount = np.where(rows[:, None], release / max(unit, 1e-12), np.nan)
    covariates = inhour_covariates(market)
    priors = Priors(
        0.0, 0.0, settings.background_precision, settings.dispersion_precision, settings.inhour_precision
    )
    none = np.zeros((*amount.shape, 0))
    return fit_counts(amount, none, covariates, priors=priors), unit


def _events(amount: NDArray[np.float64], responses: HourResponses, fit: CountFit) -> NDArray[np.float64]:
    """Return how many hours × positions speak about each bucket: the sum of its shares of the mean."""
    known = np.isfinite(amount)
    background = np.broadcast_to(np.exp(fit.log_background), amount.shape)[known]
    mass = responses.touched[known] * np.exp(fit.log_weight)
    return np.asarray((mass / (mass.sum(axis=1) + background)[:, None]).sum(axis=0))
