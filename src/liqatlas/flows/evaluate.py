"""Evaluate the estimator, or anybody's predictions, on the prints that files hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from liqatlas.base.clock import DAY_NS, HOUR_NS, isoformat, parse_time
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.evaluate.baselines import fit_with_prediction
from liqatlas.evaluate.comparison import Gain, gain
from liqatlas.evaluate.evaluation import Evaluation, all_baselines, evaluate_predictions
from liqatlas.evaluate.fixed_tiers import fixed_tiers
from liqatlas.flows.calibrate import Period, lender_of, provenance
from liqatlas.flows.estimator_source import judged_hours, market_with_prints, markets_with_prints
from liqatlas.flows.evaluate_horizons import HorizonScores, score_horizons
from liqatlas.flows.predictions_file import read_predictions, write_predictions
from liqatlas.flows.reporter import SILENT
from liqatlas.levels.calibrate import calibrate, frozen_with
from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.forecast import forecast, level_factors
from liqatlas.levels.responses import mass_within, respond

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from liqatlas.base.recording import Recording
    from liqatlas.evaluate.hours import Hours
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.hour_market import HourMarket
    from liqatlas.levels.responses import HourResponses

Mode = Literal["frozen", "running"]
#: Share of the hours with prints that is trained on where no period is given.
_USUAL_TRAIN_SHARE = 0.7
#: Between training and test, so that prints of the last training day do not stand in the first test day's features.
EMBARGO_NS = DAY_NS


@dataclass(frozen=True, slots=True)
class Split:
    """Training and test hours."""

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """An evaluation with what it is of.

    Attributes
    ----------
    placebos
        Gain of the frozen prediction over itself with another map: of a week and a day earlier, mirrored, none.
    added
        Gain of a baseline that may read the frozen prediction over the baseline.
    horizons
        The frozen map over several hours.
    level
        Start of every test hour [ns] and the factor on the weights then.
    """

    asset: str
    instrument: str
    prints_scope: str
    train: tuple[str, str]
    test: tuple[str, str]
    evaluation: Evaluation
    placebos: dict[str, Gain]
    added: dict[str, Gain]
    horizons: tuple[HorizonScores, ...]
    level: tuple[NDArray[np.int64], NDArray[np.float64]]
    calibration: Calibration
    warnings: tuple[str, ...]


def choose_split(market: HourMarket, train: Period, test: Period) -> Split:
    """Return training and test hours: as given, otherwise the first 70 % of the hours with prints, a day's embargo, the rest.

    Raises
    ------
    InputError
        If they overlap, or training reaches the end and no test period is given.
    NotEnoughDataError
        If one of them holds no known print.
    """
    known = np.isfinite(market.printed_usd).all(axis=1)
    starts = market.start_ns[known]
    asked = test.since_ns is not None or test.until_ns is not None
    if train.until_ns is None and not asked:
        if train.since_ns is not None:
            raise InputError(
                "training from a moment to the end leaves nothing to test: give --train-until or a test period"
            )
        cut = int(starts[int(len(starts) * _USUAL_TRAIN_SHARE)]) // DAY_NS * DAY_NS
        train = Period(train.since_ns, cut)
    if not asked and train.until_ns is not None:
        test = Period(train.until_ns + EMBARGO_NS, None)
    split = Split(train.mask(market), test.mask(market))
    if bool((split.train & split.test).any()):
        raise InputError("training and test hours overlap: a score on hours that were fitted says nothing")
    for name, mask in (("training", split.train), ("test", split.test)):
        if not bool((mask & known).any()):
            span = f"{isoformat(int(starts[0]))} to {isoformat(int(starts[-1]))}"
            raise NotEnoughDataError(
                f"the {name} period holds no hour with known prints; there are prints from {span}"
            )
    return split


def build_evaluation(
    request: Request,
    *,
    train: Period,
    test: Period,
    predictions: Path | None = None,
    pool: Path | None = None,
    recordings: Sequence[Recording] | None = None,
    reporter: Reporter = SILENT,
) -> EvaluationReport:
    """Return the scores of the estimator and, where a file is given, of somebody's predictions.

    Parameters
    ----------
    recordings
        What to score on; by default what ``request.paths`` hold.

    Raises
    ------
    NotEnoughDataError
        If the data do not carry a calibration or a test.
    FormatError
        If the predictions cannot be read.
    """
    market = market_with_prints(request, load_settings(), reporter, recordings)
    return evaluate_market(
        request, market, train=train, test=test, predictions=predictions, pool=pool, reporter=reporter
    )


def build_evaluations(
    request: Request,
    *,
    train: Period,
    test: Period,
    predictions: Path | None = None,
    pool: Path | None = None,
    each_venue: bool = False,
    reporter: Reporter = SILENT,
) -> list[EvaluationReport]:
    """Return the scores of the instrument with the most prints, or of each that has prints of its own.

    Raises
    ------
    InputError
        If one file of predictions is to be scored on several instruments.
    NotEnoughDataError
        If none carries a calibration and a test.
    """
    if not each_venue:
        return [
            build_evaluation(
                request, train=train, test=test, predictions=predictions, pool=pool, reporter=reporter
            )
        ]
    if predictions is not None:
        raise InputError("a file of predictions is about one instrument: leave --each-venue out")
    out, lacks = [], []
    for market in markets_with_prints(request, load_settings(), reporter):
        try:
            out.append(evaluate_market(request, market, train=train, test=test, pool=pool, reporter=reporter))
        except NotEnoughDataError as error:
            lacks.append(f"{market.key}: {error}")
            reporter.notice(lacks[-1])
    if not out:
        raise NotEnoughDataError("; ".join(lacks))
    return out


def evaluate_market(
    request: Request,
    market: HourMarket,
    *,
    train: Period,
    test: Period,
    predictions: Path | None = None,
    pool: Path | None = None,
    reporter: Reporter = SILENT,
) -> EvaluationReport:
    """Return the scores on one instrument's hours. Raises as :func:`build_evaluation`."""
    settings = load_settings()
    split = choose_split(market, train, test)
    hours = judged_hours(market)
    given = {}
    if predictions is not None:
        given[predictions.name] = read_predictions(predictions, hours, scored=split.test)
    reporter.progress("fitting the estimator", 0, 4)
    calibration = calibrate(
        market, settings, split.train, provenance=provenance(request), lender=_lender(pool, market, split)
    )
    responses = respond(market, settings, scale=calibration.hazard_scale)
    own = forecast(market, calibration, responses)
    reporter.progress("fitting baselines", 1, 4)
    baselines, notes = all_baselines(hours, split.train)
    for name, bookkeeping in (("fixed tiers", False), ("fixed tiers with bookkeeping", True)):
        baselines[name] = fixed_tiers(hours, market, settings, split.train, bookkeeping=bookkeeping)
    mine = {"frozen": own.frozen, "running": own.running}
    reporter.progress("scoring", 2, 4)
    compared = baselines if predictions is None else {**baselines, **mine}
    result = evaluate_predictions(hours, {**given, **mine}, compared, train=split.train, test=split.test)
    reporter.progress("placebos", 3, 4)
    placebos = _placebos(market, hours, calibration, (responses, own.frozen), split)
    added = _added(hours, own.frozen, baselines, split)
    horizons, short = score_horizons(market, hours, (responses, calibration), (split.train, split.test))
    level = level_factors(calibration, own.slow.level[:-1], own.fast.level[:-1], market.start_ns)
    return EvaluationReport(
        market.asset,
        market.key,
        market.prints_scope,
        (calibration.trained_from, calibration.trained_until),
        _span(market, split.test),
        result,
        placebos,
        added,
        horizons,
        (market.start_ns[split.test], level[split.test]),
        calibration,
        (*market.warnings, *filter(None, [calibration.caution]), *notes, *result.notes, *short),
    )


def export_predictions(
    request: Request,
    file: Path,
    mode: Mode,
    *,
    train: Period,
    pool: Path | None = None,
    reporter: Reporter = SILENT,
) -> int:
    """Write the estimator's predictions of every hour that knows its open interest and an hour before it.

    After the training period only the causal level reads prints.

    Returns
    -------
    int
        Hours written.
    """
    settings = load_settings()
    market = market_with_prints(request, settings, reporter)
    for warning in market.warnings:
        reporter.notice(warning)
    reporter.progress("fitting the estimator", 0, 1)
    calibration = calibrate(
        market, settings, train.mask(market), provenance=provenance(request), lender=lender_of(pool)
    )
    if calibration.caution:
        reporter.notice(calibration.caution)
    own = forecast(market, calibration)
    rows = slice(max(market.warm_up, 1), None)
    write_predictions(file, market.start_ns[rows], (own.frozen if mode == "frozen" else own.running)[rows])
    return len(market.start_ns[rows])


def _lender(pool: Path | None, market: HourMarket, split: Split) -> Calibration | None:
    """Return the calibration to borrow from.

    Raises
    ------
    InputError
        If it read prints of the test period.
    """
    lender = lender_of(pool)
    if lender is None:
        return None
    first, last = int(market.start_ns[split.test][0]), int(market.start_ns[split.test][-1])
    if parse_time(lender.trained_until) > first and parse_time(lender.trained_from) <= last:
        raise InputError(
            f"calibration {lender.name!r} read prints from {lender.trained_from} to {lender.trained_until}, inside the test period: "
            "a score with it would say nothing"
        )
    return lender


def _span(market: HourMarket, mask: NDArray[np.bool_]) -> tuple[str, str]:
    hours = market.start_ns[mask]
    return isoformat(int(hours[0])), isoformat(int(hours[-1]) + HOUR_NS)


def _placebos(
    market: HourMarket,
    hours: Hours,
    calibration: Calibration,
    made: tuple[HourResponses, NDArray[np.float64]],
    split: Split,
) -> dict[str, Gain]:
    """Return how far the frozen prediction is above itself with a map that must lose."""
    responses, frozen = made
    profile, depth = responses.profile, market.depth
    others = {
        "map of seven days before": mass_within(_earlier(profile, 168), depth),
        "map of a day before": mass_within(_earlier(profile, 24), depth),
        "mirrored map": mass_within(profile[:, ::-1], depth),
        "no map": np.full_like(responses.reach, 1e-9),
    }
    out = {}
    for name, reach in others.items():
        placebo = frozen_with(market, calibration, reach, split.train, responses)
        try:
            out[name] = gain(hours, frozen, placebo, train=split.train, test=split.test)
        except NotEnoughDataError:
            continue  # a test of one day has no interval
    return out


def _earlier(profile: NDArray[np.float32], by: int) -> NDArray[np.float32]:
    shift = min(by, len(profile) - 1)
    return np.concatenate([np.repeat(profile[:1], shift, axis=0), profile[: len(profile) - shift]])


def _added(
    hours: Hours, frozen: NDArray[np.float64], baselines: dict[str, NDArray[np.float64]], split: Split
) -> dict[str, Gain]:
    """Return what the frozen prediction adds to the regressions that know no more than it does."""
    out: dict[str, Gain] = {}
    for name in ("B3", "B3h"):
        if name not in baselines:
            continue
        try:
            blend = fit_with_prediction(name, hours, split.train, frozen)
            out[name] = gain(hours, blend, baselines[name], train=split.train, test=split.test)
        except NotEnoughDataError:
            continue  # too few training rows for one more column, or a test of one day
    return out
