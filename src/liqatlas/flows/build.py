"""Build maps and heatmaps for a request: read, choose instruments, look up margin terms, fold, read out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.flows.choose import choose
from liqatlas.flows.read import read
from liqatlas.flows.terms import risk_terms
from liqatlas.levels.parameters import load_parameters
from liqatlas.maps.binning import edges_by_count, edges_by_step, full_range
from liqatlas.maps.columns import modelled_heatmap
from liqatlas.maps.modelled import modelled_map, prepare
from liqatlas.maps.realised import realised_map

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.flows.request import Request
    from liqatlas.maps.columns import HeatmapSize
    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.maps.modelled import PreparedInstrument

    Progress = Callable[[str, int, int], None]


def build_map(
    request: Request, recordings: Sequence[Recording] | None = None, progress: Progress | None = None
) -> LiquidationMap:
    """Return the map a request asks for.

    Parameters
    ----------
    recordings
        What to build it from; by default what ``request.paths`` hold.
    progress
        Called with (what is done, steps done, steps in all).

    Raises
    ------
    NotEnoughDataError
        If the data do not reach, or an *expected* map is asked for where nothing is calibrated.
    """
    chosen, as_of = _chosen(request, recordings, progress)
    if request.kind == "realised":
        result = realised_map(chosen, as_of_ns=as_of, window_ns=request.window_ns)
    else:
        _refuse_expected(request)
        prepared, dropped = _prepared(request, chosen, as_of, progress)
        if progress:
            progress("folding", 0, 1)
        result = modelled_map(
            prepared, load_parameters(request.parameters_file), as_of_ns=as_of, window_ns=request.window_ns
        )
        result = replace(result, head=replace(result.head, warnings=(*dropped, *result.head.warnings)))
    return read_out(result, request)


def build_heatmap(
    request: Request,
    recordings: Sequence[Recording] | None = None,
    *,
    size: HeatmapSize | None = None,
    progress: Progress | None = None,
) -> Heatmap:
    """Return the heatmap a request asks for; its columns are as of moments inside the window."""
    _refuse_expected(request)
    chosen, as_of = _chosen(request, recordings, progress)
    prepared, dropped = _prepared(request, chosen, as_of, progress)
    result = modelled_heatmap(
        prepared,
        load_parameters(request.parameters_file),
        as_of_ns=as_of,
        window_ns=request.window_ns,
        size=size,
        progress=(lambda done, total: progress("columns", done, total)) if progress else None,
    )
    return replace(result, head=replace(result.head, warnings=(*dropped, *result.head.warnings)))


def _refuse_expected(request: Request) -> None:
    if request.quantity == "expected":
        raise NotEnoughDataError(
            "no calibration exists for these venues, so expected prints cannot be shown; ask for --quantity outstanding"
        )


def _chosen(
    request: Request, recordings: Sequence[Recording] | None, progress: Progress | None
) -> tuple[list[Recording], int]:
    """Return the instruments a request means, and its moment."""
    if recordings is None:
        recordings = read(request.paths, asset=request.asset, venues=request.venues, progress=progress)
    chosen = choose(recordings, request)
    newest = max(span[1] for r in chosen if (span := r.span_ns()))
    return chosen, newest if request.as_of_ns is None else request.as_of_ns


def _prepared(
    request: Request, chosen: list[Recording], as_of: int, progress: Progress | None
) -> tuple[list[PreparedInstrument], tuple[str, ...]]:
    """Return instruments ready to fold; one that lacks data is left out and named, unless it is the only one."""
    parameters = load_parameters(request.parameters_file)
    prepared, dropped, last_error = [], [], None
    for i, recording in enumerate(chosen):
        if progress:
            progress(f"folding {recording.instrument.key}", i, len(chosen))
        terms = risk_terms(
            recording.instrument, as_of, max_leverage=request.max_leverage, maintenance_rate=request.maintenance_rate
        )
        try:
            prepared.append(
                prepare(recording, parameters, terms, as_of_ns=as_of, constant_oi_usd=request.open_interest_usd)
            )
        except NotEnoughDataError as error:
            dropped.append(f"left out: {error}")
            last_error = error
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
    if request.leverage is not None:
        result = result.select(leverage=request.leverage)
    if request.bins and request.price_step:
        raise InputError("both a number of bins and a price step were given; give one")
    if not (request.bins or request.price_step or request.price_range):
        return result
    price = result.head.price
    low, high = request.price_range.around(price) if request.price_range else full_range(result)
    if request.price_step:
        return result.rebin(edges_by_step(low, high, request.price_step))
    return result.rebin(edges_by_count(price, low, high, request.bins or 200))
