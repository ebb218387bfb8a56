"""Rolling origin: everything refit every few days on what was known a day before, the model and what it must beat alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import orjson

from liqatlas.base.clock import DAY_NS, isoformat
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.evaluate.bootstrap import Interval, block_mean
from liqatlas.evaluate.comparison import row_likelihood
from liqatlas.evaluate.evaluation import all_baselines
from liqatlas.flows.calibrate import provenance
from liqatlas.flows.estimator_source import judged_hours, market_with_prints
from liqatlas.flows.evaluate import EMBARGO_NS
from liqatlas.flows.reporter import SILENT
from liqatlas.levels.calibrate import calibrate
from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.forecast import forecast
from liqatlas.levels.responses import respond

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.flows.calibrate import Period
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request


@dataclass(frozen=True, slots=True)
class Rolling:
    """How often and on how much everything is refit.

    Attributes
    ----------
    every_days
        Days between refits.
    trailing_days
        Days trained on; all earlier ones where None.
    """

    every_days: int = 7
    trailing_days: int | None = None

    def __post_init__(self) -> None:
        if self.every_days < 1 or (self.trailing_days is not None and self.trailing_days < 3):
            raise InputError("a rolling origin moves by at least a day and trains on at least three")


@dataclass(frozen=True, slots=True)
class RollingReport:
    """Gains in nats per hour and position: by prediction (frozen, running), then by baseline."""

    instrument: str
    rolling: Rolling
    refits: tuple[str, ...]
    rows: int
    gains: dict[str, dict[str, Interval]]


def build_rolling(
    request: Request, rolling: Rolling, test: Period, reporter: Reporter = SILENT
) -> RollingReport:
    """Return the gains of refitting as one would have to live; an embargo of a day lies before every refit's test.

    The closing rate is profiled once, on what was known at the first refit.

    Raises
    ------
    InputError
        If no day lies before the test period.
    NotEnoughDataError
        If the data do not carry a refit or a score.
    """
    settings = load_settings()
    market = market_with_prints(request, settings, reporter)
    hours = judged_hours(market)
    whole = test.mask(market) & np.isfinite(market.printed_usd).all(axis=1)
    if not whole.any():
        raise NotEnoughDataError("the test period holds no hour with known prints")
    first, last = int(market.start_ns[whole][0]), int(market.start_ns[whole][-1])
    origins = np.arange(first, last + 1, rolling.every_days * DAY_NS)
    total: dict[str, NDArray[np.float64]] = {}
    scale: float | None = None
    for number, origin in enumerate(origins.tolist()):
        reporter.progress("refitting", number, len(origins))
        since = int(market.start_ns[0])
        if rolling.trailing_days is not None:
            since = max(since, origin - EMBARGO_NS - rolling.trailing_days * DAY_NS)
        train = market.between(since, origin - EMBARGO_NS)
        if not train.any():
            raise InputError(
                f"nothing lies before {isoformat(origin)}, less a day's embargo: give a later --test-from"
            )
        made = calibrate(market, settings, train, provenance=provenance(request), hazard_scale=scale)
        scale = made.hazard_scale
        if made.caution:
            reporter.notice(made.caution)
        own = forecast(market, made, respond(market, settings, scale=scale))
        means = {"frozen": own.frozen, "running": own.running} | all_baselines(hours, train)[0]
        rows = whole & market.between(origin, origin + rolling.every_days * DAY_NS)
        for name, mean in means.items():
            into = total.setdefault(name, np.full_like(hours.amount, np.nan))
            into[rows] = row_likelihood(hours, mean, train)[rows]
    gains = {
        mine: {
            name: block_mean(total[mine] - other, np.repeat(hours.day[:, None], 2, axis=1))
            for name, other in total.items()
            if name not in ("frozen", "running")
        }
        for mine in ("frozen", "running")
    }
    return RollingReport(
        market.key, rolling, tuple(isoformat(o) for o in origins.tolist()), 2 * int(whole.sum()), gains
    )


def rolling_markdown(report: RollingReport) -> str:
    """Return a page of Markdown."""
    trained = (
        "all earlier days" if report.rolling.trailing_days is None else f"{report.rolling.trailing_days} days"
    )
    lines = [
        f"# {report.instrument}: rolling origin",
        "",
        (
            f"Refit every {report.rolling.every_days} days on {trained}, a day's embargo; {len(report.refits)} refits from {report.refits[0]}, "
            f"{report.rows:,} hours x positions. Gain in nats per hour and position, 95 % interval by day-block bootstrap."
        ),
        "",
        "| over | frozen | running |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name} | {report.gains['frozen'][name]} | {report.gains['running'][name]} |"
        for name in report.gains["frozen"]
    ]
    return "\n".join(lines) + "\n"


def rolling_page(report: RollingReport, form: str) -> bytes:
    """Return the report as JSON, otherwise as Markdown.

    Raises
    ------
    InputError
        If a picture is wanted.
    """
    if form in ("png", "svg"):
        raise InputError("a rolling origin is a table: ask for --format md, term or json")
    if form != "json":
        return rolling_markdown(report).encode()
    tree = {
        "schema_version": 1,
        "instrument": report.instrument,
        "every_days": report.rolling.every_days,
        "trailing_days": report.rolling.trailing_days,
        "refits": report.refits,
        "rows": report.rows,
        "gain_over": {
            mine: {
                name: {"nats_per_hour_and_position": one.mean, "low": one.low, "high": one.high}
                for name, one in gains.items()
            }
            for mine, gains in report.gains.items()
        },
    }
    return orjson.dumps(tree, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2)
