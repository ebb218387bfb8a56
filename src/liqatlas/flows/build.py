"""Build maps and heatmaps for a request: read, choose instruments, look up margin terms, fold, read out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError, LiqAtlasError, NotEnoughDataError, TiersUnknownError
from liqatlas.base.instruments import VENUES
from liqatlas.flows.choose import choose
from liqatlas.flows.expected import build_expected, build_expected_heatmap, of_default, wants_expected
from liqatlas.flows.read import read
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.terms import risk_terms
from liqatlas.levels.parameters import load_parameters
from liqatlas.maps.binning import edges_by_count, edges_by_step, full_range
from liqatlas.maps.columns import HeatmapSize, modelled_heatmap
from liqatlas.maps.modelled import modelled_map, prepare
from liqatlas.maps.realised import realised_map

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.flows.lake_memory import LakeMemory
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.maps.head import Head
    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.maps.modelled import PreparedInstrument


def build_map(
    request: Request,
    recordings: Sequence[Recording] | None = None,
    reporter: Reporter = SILENT,
    *,
    memory: LakeMemory | None = None,
) -> LiquidationMap:
    """Return the map a request asks for.

    Parameters
    ----------
    recordings
        What to build it from; by default what ``request.paths`` hold.
    memory
        What is at hand of the request's lake, see :func:`liqatlas.flows.lake_map.lake_map`.

    Raises
    ------
    NotEnoughDataError
        If the data do not reach, or an *expected* map is asked for where nothing is calibrated.
    """
    if request.kind == "measured":
        from liqatlas.flows.positions import build_measured_map

        if request.quantity == "expected":
            raise NotEnoughDataError(
                "measured maps need no calibration, they show positions as they stand: ask for --quantity outstanding"
            )
        return read_out(build_measured_map(request, recordings, reporter), request)
    if (
        recordings is None
        and request.lake is not None
        and not request.paths
        and request.kind == "modelled"
        and request.quantity != "expected"
    ):
        from liqatlas.flows.lake_map import lake_map

        return read_out(lake_map(request, request.lake, reporter, memory=memory), request)
    chosen, as_of = _chosen(request, recordings, reporter)
    if request.kind == "realised":
        result = realised_map(chosen, as_of_ns=as_of, window_ns=request.window_ns)
    elif wants_expected(request, chosen, as_of):
        result = build_expected(request, chosen, as_of, reporter)
    else:
        prepared, dropped = _prepared(request, chosen, as_of, reporter)
        result = modelled_map(
            prepared, load_parameters(request.parameters_file), as_of_ns=as_of, window_ns=request.window_ns
        )
        result = replace(result, head=replace(result.head, warnings=(*dropped, *result.head.warnings)))
        result = of_default(result, request, [one.recording.instrument for one in prepared])
    return read_out(result, request)


def build_heatmap(
    request: Request,
    recordings: Sequence[Recording] | None = None,
    *,
    columns: int = 400,
    rows: int = 300,
    reporter: Reporter = SILENT,
) -> Heatmap:
    """Return the heatmap a request asks for; its columns are as of moments inside the window."""
    size = HeatmapSize(columns, rows)
    if request.kind == "measured":
        from liqatlas.flows.positions import build_measured_heatmap

        return build_measured_heatmap(request, recordings, size=size, reporter=reporter)
    if request.quantity == "expected":
        chosen, as_of = _chosen(request, recordings, reporter)
        return build_expected_heatmap(request, chosen, as_of, size)
    if recordings is None and request.lake is not None and not request.paths and request.kind == "modelled":
        from liqatlas.flows.lake_heatmap import lake_heatmap_parts

        prepared, dropped, as_of = lake_heatmap_parts(request, request.lake, reporter)
    else:
        chosen, as_of = _chosen(request, recordings, reporter)
        prepared, dropped = _prepared(request, chosen, as_of, reporter)
    result = modelled_heatmap(
        prepared,
        load_parameters(request.parameters_file),
        as_of_ns=as_of,
        window_ns=request.window_ns,
        size=size,
        progress=lambda done, total: reporter.progress("heatmap columns", done, total),
    )
    return replace(result, head=say_closed(replace(result.head, warnings=(*dropped, *result.head.warnings))))


def say_closed(head: Head) -> Head:
    """Return a head that says of each venue that is no more that its levels are history."""
    closed = {info.venue: VENUES[info.venue] for info in head.venues if info.venue in VENUES}
    said = tuple(
        f"{venue.name} closed on {venue.closed_on}: its levels are history, nobody holds them any more"
        for venue in closed.values()
        if venue.closed_on
    )
    return replace(head, warnings=(*said, *head.warnings)) if said else head


def _chosen(
    request: Request, recordings: Sequence[Recording] | None, reporter: Reporter
) -> tuple[list[Recording], int]:
    """Return the instruments a request means, and its moment."""
    if recordings is None:
        recordings = read_for(request, reporter)
    chosen = choose(recordings, request)
    newest = max(span[1] for r in chosen if (span := r.span_ns()))
    return chosen, newest if request.as_of_ns is None else request.as_of_ns


def _prepared(
    request: Request, chosen: list[Recording], as_of: int, reporter: Reporter
) -> tuple[list[PreparedInstrument], tuple[str, ...]]:
    """Return instruments ready to fold; one that lacks data is left out and named, unless it is the only one."""
    parameters = load_parameters(request.parameters_file)
    prepared: list[PreparedInstrument] = []
    dropped: list[str] = []
    last_error: LiqAtlasError | None = None
    for i, recording in enumerate(chosen):
        reporter.progress(f"folding {recording.instrument.key}", i, len(chosen))
        try:
            terms = risk_terms(
                recording.instrument,
                as_of,
                max_leverage=request.max_leverage,
                maintenance_rate=request.maintenance_rate,
            )
            prepared.append(
                prepare(
                    recording, parameters, terms, as_of_ns=as_of, constant_oi_usd=request.open_interest_usd
                )
            )
        except (NotEnoughDataError, TiersUnknownError) as error:
            dropped.append(f"left out: {error}")
            last_error = error
    if len(chosen) > 1 and not prepared:
        whys = "; ".join(one.removeprefix("left out: ") for one in dropped)
        raise NotEnoughDataError(f"no instrument of {request.asset} makes a map: {whys}")
    if not prepared:
        raise last_error or NotEnoughDataError("nothing to build a map from")
    return prepared, tuple(dropped)


def read_out(result: LiquidationMap, request: Request) -> LiquidationMap:
    """Return the map in the bins, range and leverage a request asks for.

    Raises
    ------
    InputError
        If bins and a price step are both given, or the leverage range holds nothing.
    """
    result = replace(result, head=say_closed(result.head))
    if request.leverage is not None:
        result = result.select(leverage=request.leverage)
        if not result.usd.any():
            raise NotEnoughDataError(
                f"no level lies in the leverage range {request.leverage[0]:g} to {request.leverage[1]:g}: "
                "the venues' leverage caps may forbid it; ask for another --leverage"
            )
    if request.bins and request.price_step:
        raise InputError("both a number of bins and a price step were given; give one")
    if not (request.bins or request.price_step or request.price_range):
        return result
    price = result.head.price
    low, high = request.price_range.around(price) if request.price_range else full_range(result)
    if request.price_step:
        return result.rebin(edges_by_step(low, high, request.price_step))
    return result.rebin(edges_by_count(price, low, high, request.bins or 200))


def compile_kernels(reporter: Reporter = SILENT) -> None:
    """Compile every kernel a map needs, or load it from the cache, by folding a tiny market."""
    import numpy as np
    import polars as pl

    from liqatlas.base import schemas
    from liqatlas.base.instruments import Instrument
    from liqatlas.base.recording import Recording
    from liqatlas.maps.modelled import RiskTerms

    reporter.progress("compiling kernels (once)", 0, 2)
    moments = np.arange(4, dtype=np.int64) * 1_000_000_000
    trades = pl.DataFrame(
        {"ts_event_ns": moments, "price_ticks": 100 + moments % 7, "qty_native": 1.0, "taker_buy": True}
    )
    interest = pl.DataFrame({"ts_event_ns": moments, "oi_native": 5.0, "oi_published": 5.0})
    bars = pl.DataFrame(
        {"ts_open_ns": moments, "ts_close_ns": moments + 1_000_000_000}
        | dict.fromkeys(("open", "high", "low", "close"), 100.0)
        | {"volume_native": 1.0, "price_kind": "last"}
    )
    recording = Recording(
        Instrument("none", "WARM", "WARM"),
        trades=schemas.TRADES.conform(trades),
        open_interest=schemas.OPEN_INTEREST.conform(interest),
    )
    of_bars = replace(recording, trades=schemas.TRADES.empty(), bars=schemas.BARS.conform(bars))
    parameters, terms = load_parameters(), RiskTerms(0.004, 100.0, (0.006, 0.006), "none")
    span = 4_000_000_000
    for done, one in enumerate((recording, of_bars)):
        prepared = [prepare(one, parameters, terms, as_of_ns=span)]
        modelled_map(prepared, parameters, as_of_ns=span, window_ns=span)
        modelled_heatmap(prepared, parameters, as_of_ns=span, window_ns=span, size=HeatmapSize(2, 4))
        reporter.progress("compiling kernels (once)", done + 1, 2)


def read_for(request: Request, reporter: Reporter = SILENT, *, books: bool = False) -> list[Recording]:
    """Return what a request's paths, or its lake, hold of its asset; files' order books too where they are asked for."""
    if request.lake is not None and not request.paths:
        from liqatlas.flows.lake import read_lake

        return read_lake(request, request.lake, reporter)
    if request.quick and not request.paths:
        from liqatlas.flows.quick import quick_recordings

        return quick_recordings(request, reporter=reporter)
    more = {"book_levels"} if books else ()
    return read(
        *request.paths, asset=request.asset, venues=request.venues, more_tables=more, reporter=reporter
    )
