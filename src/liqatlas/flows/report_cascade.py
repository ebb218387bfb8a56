"""The cascade of a report: the engine run down and up, by one daily volatility and by what may come by itself, where every venue has a book."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.clock import HOUR_NS, NS_PER_S, parse_window
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.cascade.shock import Shock
from liqatlas.cascade.simulation import run_cascade
from liqatlas.flows.build import build_map
from liqatlas.flows.cascade import compile_cascade, make_settings, outlook_of
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.terms import risk_terms
from liqatlas.report.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.book.depth import Book, Direction
    from liqatlas.cascade.simulation import CascadeResult, CascadeSettings
    from liqatlas.flows.clusters import ClusterResult
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.maps.liquidation_map import LiquidationMap

#: A cascade counts every position it can see, not only those of the report's window.
WINDOW = "1y"
#: Of the forecast of what may come by itself [s].
HORIZON_S = HOUR_NS / NS_PER_S


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
    drawn, undrawn = _by_themselves(result, books.by_venue, found.recordings, settings)
    engine = Engine(run(-1.0), run(1.0), books.by_venue, WINDOW, books.notes, drawn, undrawn)
    if engine.down is None and engine.up is None:
        return None, "the map holds no levels"
    return engine, ""


def _by_themselves(
    result: LiquidationMap,
    books: Mapping[str, Book],
    recordings: Sequence[Recording],
    settings: CascadeSettings,
) -> tuple[dict[str, CascadeResult], dict[str, str]]:
    """Return the cascade of a drawn shock by direction, and why a direction that has levels has none."""
    lasting = replace(settings, beliefs=settings.beliefs.lasting(horizon_s=HORIZON_S, shock_s=None))
    drawn: dict[str, CascadeResult] = {}
    undrawn: dict[str, str] = {}
    ways: tuple[tuple[Direction, float], ...] = (("down", -1.0), ("up", 1.0))
    for way, sign in ways:
        held = result.long_usd if way == "down" else result.short_usd
        if not held.any():
            continue
        try:
            outlook = outlook_of(result, recordings, way, lasting)
        except (NotEnoughDataError, InputError) as error:  # volatility that is missing, or has gaps
            undrawn[way] = str(error)
            continue
        drawn[way] = run_cascade(result, books, Shock("drawn", sign), lasting, outlook)
    return drawn, undrawn


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
