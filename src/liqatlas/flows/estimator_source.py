"""Hours for the estimator from what files hold: choose the instrument, say which, hand on its market."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import NotEnoughDataError
from liqatlas.evaluate.hours import Hours
from liqatlas.flows.choose import choose
from liqatlas.flows.read import read
from liqatlas.levels.hour_market import hour_market

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.levels.estimator_settings import EstimatorSettings
    from liqatlas.levels.hour_market import HourMarket


def market_with_prints(
    request: Request,
    settings: EstimatorSettings,
    reporter: Reporter,
    recordings: Sequence[Recording] | None = None,
) -> HourMarket:
    """Return the hours of the requested asset's instrument with the most hours of known prints.

    Parameters
    ----------
    recordings
        What to choose from; by default what ``request.paths`` hold.

    Raises
    ------
    NotEnoughDataError
        If no instrument has bars or trades, open interest and prints together; says what each lacks.
    """
    if recordings is None:
        recordings = read(*request.paths, asset=request.asset, venues=request.venues, reporter=reporter)
    markets, lacks = [], []
    for recording in choose(recordings, request):
        try:
            market = hour_market(recording, settings)
        except NotEnoughDataError as error:
            lacks.append(str(error))
            continue
        if _known_hours(market):
            markets.append(market)
        else:
            lacks.append(f"{market.key}: no liquidation prints or totals")
    if not markets:
        raise NotEnoughDataError(
            f"no instrument of {request.asset} can be calibrated or scored: {'; '.join(lacks)}"
        )
    best = max(markets, key=_known_hours)
    others = [m.key for m in markets if m is not best]
    reporter.notice(
        f"{best.key}: {len(best):,} hours, {_known_hours(best):,} of them with prints"
        + (f"; left aside: {', '.join(others)} (choose with --venue)" if others else "")
    )
    return best


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
