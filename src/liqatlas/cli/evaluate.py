"""``liqatlas evaluate``: score the estimator, or anybody's predictions, against baselines on data not used to fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Annotated, Literal

from cyclopts import Parameter

from liqatlas.base.clock import parse_window
from liqatlas.base.errors import InputError
from liqatlas.cli.options import DataOptions, MomentOptions, OutputOptions, make_request
from liqatlas.cli.output import emit, reporting, say
from liqatlas.flows.calibrate import Period
from liqatlas.flows.evaluate import build_evaluations, export_predictions
from liqatlas.flows.evaluate_rolling import Rolling, build_rolling, rolling_page
from liqatlas.flows.evaluation_text import evaluation_page
from liqatlas.flows.judge import build_judgement, judgement_json, judgement_text
from liqatlas.flows.request import moment


@Parameter(name="*", group="Periods")
@dataclass(frozen=True, kw_only=True)
class PeriodOptions:
    """Which hours are fitted and which are scored; all are UTC unless a zone is given."""

    train_from: str | None = None
    "First hour whose prints are read for fitting; default is the first there is."
    train_until: str | None = None
    "One past the last hour fitted; default is after 70 % of the hours with prints."
    test_from: str | None = None
    "First hour scored; default is a day after the last one fitted."
    test_until: str | None = None
    "One past the last hour scored; default is the end."
    rolling: int | None = None
    "Refit everything every so many days, on all earlier ones; scores of --test-from to --test-until."
    trailing: int | None = None
    "With --rolling: train on this many days only."


@Parameter(name="*", group="Predictions")
@dataclass(frozen=True, kw_only=True)
class PredictionOptions:
    """Predictions in and out as CSV: hour_start_utc,liquidated,predicted_usd."""

    predictions: Path | None = None
    "Score this file in the same way."
    export: Path | None = None
    "Write our predictions of every hour to this file and stop; needs --train-until."
    pool: Path | None = None
    "Calibration file of another market, of before the test period, to borrow from; for small coins."
    thinning: Path | None = None
    "Thinning curve that puts back what the venue hides from its single prints (scripts/learn_thinning.py makes one)."
    each_venue: Annotated[bool, Parameter(negative="")] = False
    "Score every instrument that has prints of its own, one page each."
    mode: Literal["frozen", "running"] = "frozen"
    "frozen knows the map at the hour's start and the hour's high and low; running also what happens inside the hour."


@Parameter(name="*", group="Judge")
@dataclass(frozen=True, kw_only=True)
class JudgeOptions:
    """The estimate against real positions, where they are public."""

    judge: Literal["measured"] | None = None
    "Score the estimated map against the measured one of the same files or lake and moment, instead of against prints."
    as_of: str | None = None
    "Moment of both maps; default is that of the newest positions."
    window: str = "30d"
    "History of the estimate."
    measured_window: str = "24h"
    "How old the snapshot of an account may be."


_DATA, _PERIODS, _PREDICTIONS, _JUDGE = DataOptions(), PeriodOptions(), PredictionOptions(), JudgeOptions()


def evaluate(
    asset: str,
    /,
    *,
    data: DataOptions = _DATA,
    periods: PeriodOptions = _PERIODS,
    files: PredictionOptions = _PREDICTIONS,
    against: JudgeOptions = _JUDGE,
    format: Literal["term", "json", "md", "png", "svg"] = "term",  # noqa: A002
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Score the map against baselines and placebos on hours it was not fitted on.

    Parameters
    ----------
    asset
        An asset such as BTC, or one venue's symbol.
    format
        How the scores are shown.
    output
        File to write; default is standard output.
    """
    if against.judge is not None:
        return _judge(asset, data, against, format, output)
    request = replace(
        make_request(asset, data, MomentOptions(), OutputOptions()), thinning_file=files.thinning
    )
    train = Period(moment(periods.train_from), moment(periods.train_until))
    if files.export is not None:
        if train.until_ns is None:
            raise InputError(
                "--export needs --train-until: the moment after which only the causal level reads prints"
            )
        with reporting() as reporter:
            hours = export_predictions(
                request, files.export, files.mode, train=train, pool=files.pool, reporter=reporter
            )
        say(f"wrote {files.export}: {files.mode} predictions of {hours:,} hours, longs and shorts")
        return 0
    test = Period(moment(periods.test_from), moment(periods.test_until))
    with reporting() as reporter:
        if periods.rolling is not None:
            rolling = Rolling(periods.rolling, periods.trailing)
            content = rolling_page(build_rolling(request, rolling, test, reporter), format)
        else:
            found = build_evaluations(
                request,
                train=train,
                test=test,
                predictions=files.predictions,
                pool=files.pool,
                each_venue=files.each_venue,
                reporter=reporter,
            )
            content = evaluation_page(found, format)
    emit(content, format, output)
    return 0


def _judge(asset: str, data: DataOptions, against: JudgeOptions, form: str, output: Path | None) -> int:
    """Judge the estimate by public positions."""
    if form not in {"term", "json"}:
        raise InputError(f"a judgement is text or JSON; {form} was asked for")
    time = MomentOptions(window=against.window, as_of=against.as_of)
    request = make_request(asset, data, time, OutputOptions())
    with reporting() as reporter:
        found = build_judgement(
            request, measured_window_ns=parse_window(against.measured_window), reporter=reporter
        )
    emit(judgement_json(found) if form == "json" else judgement_text(found).encode(), form, output)
    return 0
