"""The cascade of a report: the engine run down and up by one daily volatility, where every venue has a book."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.clock import parse_window
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.cascade.shock import Shock
from liqatlas.cascade.simulation import run_cascade
from liqatlas.flows.build import build_map
from liqatlas.flows.cascade import compile_cascade, make_settings
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.terms import risk_terms
from liqatlas.report.engine import Engine

if TYPE_CHECKING:
    from liqatlas.cascade.simulation import CascadeResult
    from liqatlas.flows.clusters import ClusterResult
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.maps.liquidation_map import LiquidationMap

#: A cascade counts every position it can see, not only those of the report's window.
WINDOW = "1y"


def build_engine(
    found: ClusterResult, request: Request, reporter: Reporter = SILENT
) -> tuple[Engine | None, str]:
    """Return the engine's answer for a report's moment, or None and why there is none."""
    books = found.books
    if request.kind == "realised":
        return None, "a realised map holds what is gone"
    if books.missing or not books.by_venue:
        return None, f"{books.reason or 'no book'} (--book FILE, or --depth USD for an assumed one)"
    whole = replace(
        request, as_of_ns=found.map.head.as_of_ns, window_ns=parse_window(WINDOW), leverage=None, bins=None, price_step=None, price_range=None
    )  # fmt: skip
    try:
        result = build_map(whole, found.recordings, reporter)
    except NotEnoughDataError as error:
        return None, str(error)
    compile_cascade(reporter)
    settings = replace(make_settings(), maintenance_rates=_rates(found, request))
    move = found.clusters.daily_volatility

    def run(way: float) -> CascadeResult | None:
        held = result.long_usd if way < 0 else result.short_usd
        shock = Shock("move", math.expm1(way * move))
        return run_cascade(result, books.by_venue, shock, settings) if held.any() else None

    reporter.progress("running cascades", 0, 1)
    engine = Engine(run(-1.0), run(1.0), books.by_venue, WINDOW, books.notes)
    if engine.down is None and engine.up is None:
        return None, "the map holds no levels"
    return engine, ""


def _rates(found: ClusterResult, request: Request) -> dict[str, float]:
    """Return the maintenance rate of each venue of the map."""
    shown = _shown(found.map)
    return {
        r.instrument.venue: risk_terms(
            r.instrument, found.map.head.as_of_ns, max_leverage=request.max_leverage, maintenance_rate=request.maintenance_rate
        ).maintenance_rate
        for r in found.recordings
        if (r.instrument.venue, r.instrument.symbol) in shown
    }  # fmt: skip


def _shown(result: LiquidationMap) -> set[tuple[str, str]]:
    return {(info.venue, info.symbol) for info in result.head.venues}
