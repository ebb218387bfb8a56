"""Calibrate the estimator on the prints that files hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError
from liqatlas.flows.estimator_source import market_with_prints
from liqatlas.flows.reporter import SILENT
from liqatlas.levels.calibrate import Provenance, calibrate
from liqatlas.levels.calibration import load_calibration
from liqatlas.levels.estimator_settings import load_settings
from liqatlas.levels.online import updated
from liqatlas.levels.responses import respond

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.hour_market import HourMarket


@dataclass(frozen=True, slots=True)
class Period:
    """Hours ``[since, until)`` [ns]; an absent end is open."""

    since_ns: int | None = None
    until_ns: int | None = None

    def mask(self, market: HourMarket) -> NDArray[np.bool_]:
        """Return the hours of a market that lie inside."""
        everything = (int(market.start_ns[0]), int(market.start_ns[-1]) + 1)
        if self.since_ns is not None and self.until_ns is not None and self.since_ns >= self.until_ns:
            raise InputError("a period runs backwards or is empty: its start must be before its end")
        since = everything[0] if self.since_ns is None else self.since_ns
        until = everything[1] if self.until_ns is None else self.until_ns
        return market.between(since, until)


def build_calibration(
    request: Request, train: Period, reporter: Reporter = SILENT, *, pool: Path | None = None
) -> Calibration:
    """Return a calibration on the prints that ``request.paths`` hold of its asset; ``pool`` is a file to borrow from.

    Raises
    ------
    NotEnoughDataError
        If no instrument has bars, open interest and prints together, or the period holds too few prints.
    """
    settings = load_settings()
    market = market_with_prints(request, settings, reporter)
    for warning in market.warnings:
        reporter.notice(warning)
    reporter.progress("fitting", 0, 1)
    made = calibrate(
        market, settings, train.mask(market), provenance=provenance(request), lender=lender_of(pool)
    )
    if made.caution:
        reporter.notice(made.caution)
    return made


def update_calibration(
    request: Request, file: Path, half_life_days: float, reporter: Reporter = SILENT
) -> Calibration:
    """Return the calibration in a file with the prints after its training taken in, the older ones forgotten in part.

    Raises
    ------
    NotEnoughDataError
        If fewer than a dozen hours with prints came after it.
    """
    before = load_calibration(file)
    market = market_with_prints(request, before.settings, reporter)
    reporter.progress("updating", 0, 1)
    return updated(
        before,
        market,
        respond(market, before.settings, scale=before.hazard_scale, with_profile=False),
        half_life_days=half_life_days,
    )


def lender_of(file: Path | None) -> Calibration | None:
    """Return the calibration to borrow from, if one was named."""
    return None if file is None else load_calibration(file)


def provenance(request: Request) -> Provenance:
    """Return who makes a calibration now, from which folders."""
    names = ", ".join(path.name for path in request.paths)
    return Provenance(
        data_reference=names,
        made_by=f"liqatlas calibrate {request.asset} --from {names}",
        made_on=datetime.now(UTC).date().isoformat(),
    )
