"""Hours for the estimator from what files hold: choose the instrument, say which, hand on its market."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import DAY_NS
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.evaluate.hours import Hours
from liqatlas.flows.choose import choose
from liqatlas.flows.read import read
from liqatlas.levels.hour_market import hour_market
from liqatlas.levels.thinning import load_thinning, unthinned

#: Longer than any lake is old.
_WHOLE_LAKE_NS = 20 * 365 * DAY_NS
#: How a reader's word about a file it left out begins: what was lost must be told where it is missed.
_NOT_READ = "not read: "

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.levels.calibration import Calibration
    from liqatlas.levels.estimator_settings import EstimatorSettings
    from liqatlas.levels.hour_market import HourMarket


def market_with_prints(
    request: Request,
    settings: EstimatorSettings,
    reporter: Reporter,
    recordings: Sequence[Recording] | None = None,
) -> HourMarket:
    """Return the hours of the requested asset's instrument with the most hours of known prints. As :func:`markets_with_prints`."""
    markets = markets_with_prints(request, settings, reporter, recordings)
    best = markets[0]
    others = [m.key for m in markets[1:]]
    reporter.notice(
        f"{best.key}: {len(best):,} hours, {_known_hours(best):,} of them with prints"
        + (
            f"; left aside: {', '.join(others)} (choose with --venue, or score all with --each-venue)"
            if others
            else ""
        )
    )
    return best


def markets_with_prints(
    request: Request,
    settings: EstimatorSettings,
    reporter: Reporter,
    recordings: Sequence[Recording] | None = None,
) -> list[HourMarket]:
    """Return the hours of every instrument of the requested asset that has prints, those with the most hours of them first.

    Parameters
    ----------
    recordings
        What to choose from; by default what ``request.paths`` hold, or the lake.

    Raises
    ------
    NotEnoughDataError
        If no instrument has bars or trades, open interest and prints together; says what each lacks.
    """
    markets, lacks = _split(
        _recordings(request, reporter) if recordings is None else recordings, request, settings
    )
    if not markets:
        raise NotEnoughDataError(
            f"no instrument of {request.asset} can be calibrated or scored: {'; '.join(lacks)}"
        )
    return markets


def markets_in(
    recordings: Sequence[Recording], request: Request, settings: EstimatorSettings
) -> list[HourMarket]:
    """Return the hours of the recordings that have prints, those with the most hours of them first; possibly none."""
    return _split(recordings, request, settings)[0]


def _recordings(request: Request, reporter: Reporter) -> list[Recording]:
    """Return what a request's paths hold, or all that its lake holds of the asset."""
    if request.lake is not None and not request.paths:
        from liqatlas.flows.lake import read_lake

        return read_lake(replace(request, window_ns=_WHOLE_LAKE_NS), request.lake, reporter)
    return read(*request.paths, asset=request.asset, venues=request.venues, reporter=reporter)


def _split(
    recordings: Sequence[Recording], request: Request, settings: EstimatorSettings
) -> tuple[list[HourMarket], list[str]]:
    """Return the hours of instruments with prints, and what each other one lacks."""
    curve = None if request.thinning_file is None else load_thinning(request.thinning_file)
    markets, lacks = [], []
    for recording in choose(recordings, request):
        thinned = curve is not None and not recording.liquidations.is_empty()
        whole = unthinned(recording, curve) if curve is not None and thinned else recording
        try:
            market = hour_market(whole, settings)
            if curve is not None and thinned:
                market = replace(market, prints_log_sd=curve.log_sd)
        except NotEnoughDataError as error:
            lacks.append(str(error))
            continue
        if _known_hours(market):
            lost = tuple(w for w in recording.warnings if w.startswith(_NOT_READ))
            markets.append(replace(market, warnings=(*lost, *market.warnings)))
        else:
            lacks.append(f"{market.key}: no liquidation prints or totals")
    return sorted(markets, key=_known_hours, reverse=True), lacks


def best_market(
    request: Request, source: Sequence[Recording], calibration_of: Callable[[Recording], Calibration]
) -> tuple[HourMarket, Calibration]:
    """Return the hours of the requested asset's instrument with the longest history, and the calibration for it.

    Raises
    ------
    NotEnoughDataError
        If no instrument has bars or trades and open interest; says what each lacks.
    """
    found, lacks = [], []
    for recording in choose(source, request):
        calibration = calibration_of(recording)
        try:
            found.append((hour_market(recording, calibration.settings), calibration))
        except NotEnoughDataError as error:
            lacks.append(str(error))
    if not found:
        raise NotEnoughDataError(
            f"no instrument of {request.asset} has what maps are made of: {'; '.join(lacks)}"
        )
    return max(found, key=lambda pair: (_known_hours(pair[0]), len(pair[0])))


def _known_hours(market: HourMarket) -> int:
    return int(np.isfinite(market.printed_usd).all(axis=1).sum())


def market_of(recording: Recording, settings: EstimatorSettings) -> HourMarket | None:
    """Return the hours of one recording, or None where it does not hold what the estimator needs."""
    try:
        return hour_market(recording, settings)
    except NotEnoughDataError:
        return None


def judged_hours(market: HourMarket) -> Hours:
    """Return a market's hours as evaluation judges them."""
    return Hours(
        start_ns=market.start_ns,
        open=market.open,
        high=market.high,
        low=market.low,
        close=market.close,
        volume=market.volume,
        oi_usd=market.open_interest[:, 0] * market.open,
        path=market.path,
        printed_usd=market.printed_usd,
    )
