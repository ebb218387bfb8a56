"""Modelled maps straight from the lake: sealed segments brought up to date, then composed."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.errors import (
    DiskFullError,
    LakeLockedError,
    LiqAtlasError,
    NotEnoughDataError,
    TiersUnknownError,
)
from liqatlas.flows.choose import matches
from liqatlas.flows.expected import of_default
from liqatlas.flows.lake import LOOK_BACK_NS, as_of_in, held_of
from liqatlas.flows.lake_flow import CannotCutError
from liqatlas.flows.live_history import HistoryNow
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.segments import recipe, update
from liqatlas.flows.stored_history import StoredHistory
from liqatlas.flows.terms import risk_terms
from liqatlas.levels.parameters import load_parameters
from liqatlas.maps.modelled import PreparedInstrument, mark_at, modelled_map, prepare
from liqatlas.store import Lake

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.flows.lake import Held
    from liqatlas.flows.lake_memory import LakeMemory
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.flows.segments import Recipe
    from liqatlas.levels.parameters import EstimatorParameters
    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.maps.modelled import RiskTerms

#: More gaps than this are summed up in one warning.
_GAPS_NAMED = 5


def lake_map(
    request: Request, path: Path, reporter: Reporter = SILENT, *, memory: LakeMemory | None = None
) -> LiquidationMap:
    """Return the map a request asks for, of all history the lake holds.

    Parameters
    ----------
    memory
        Of this lake, where a map of now is asked for again and again.

    Raises
    ------
    SourceUnavailableError, UnknownSymbolError, InputError, NotEnoughDataError, TiersUnknownError
        As :func:`liqatlas.flows.lake.held_of` and :func:`liqatlas.maps.modelled.prepare`.
    """
    parameters = load_parameters(request.parameters_file)
    with _opened(path, memory) as lake:
        found = [
            one for one in held_of(lake, request.asset, request.venues) if matches(one.instrument, request)
        ]
        if not found:
            raise NotEnoughDataError(f"the filters leave no instrument of {request.asset} in the lake {path}")
        as_of = as_of_in(found, request)
        prepared, dropped = [], []
        last_error: LiqAtlasError | None = None
        for done, one in enumerate(found):
            reporter.progress(f"composing {one.instrument.key}", done, len(found))
            try:
                terms = risk_terms(
                    one.instrument,
                    as_of,
                    max_leverage=request.max_leverage,
                    maintenance_rate=request.maintenance_rate,
                )
                prepared.append(_prepared(lake, one, request, (parameters, terms), as_of, memory=memory))
            except (NotEnoughDataError, TiersUnknownError) as error:
                dropped.append(f"left out: {error}")
                last_error = error
        if not prepared:
            raise last_error or NotEnoughDataError("nothing to build a map from")
        result = modelled_map(prepared, parameters, as_of_ns=as_of, window_ns=request.window_ns)
    notes = [
        note
        for one in prepared
        if isinstance(one.history, StoredHistory | HistoryNow)
        for note in one.history.notes
    ]
    result = replace(result, head=replace(result.head, warnings=(*dropped, *notes, *result.head.warnings)))
    return of_default(result, request, [one.recording.instrument for one in prepared])


def _opened(path: Path, memory: LakeMemory | None) -> contextlib.AbstractContextManager[Lake]:
    return Lake.open(path) if memory is None else contextlib.nullcontext(memory.lake)


def _prepared(
    lake: Lake,
    one: Held,
    request: Request,
    model: tuple[EstimatorParameters, RiskTerms],
    as_of: int,
    *,
    memory: LakeMemory | None,
) -> PreparedInstrument:
    """Return an instrument by its sealed history, or by its bars where that cannot be cut at hours."""
    instrument, (parameters, terms) = one.instrument, model
    made_with = recipe(parameters, terms)
    history: HistoryNow | StoredHistory
    try:
        if memory is not None and request.as_of_ns is None:
            history = memory.now(
                instrument,
                made_with,
                (as_of, request.window_ns),
                lambda: bring_up_to_date(lake, one, made_with),
            )
        else:
            bring_up_to_date(lake, one, made_with)
            history = StoredHistory(lake, instrument, made_with, as_of)
    except CannotCutError:
        start = as_of + 1 - request.window_ns - LOOK_BACK_NS
        recording = lake.recording(instrument.venue, instrument.symbol, start, as_of + 1)
        return prepare(
            recording, parameters, terms, as_of_ns=as_of, constant_oi_usd=request.open_interest_usd
        )
    if not history.tail:
        raise NotEnoughDataError(f"{instrument.key}: nothing was known by the moment asked for")
    mark, source = mark_at(history.known)
    span = history.known.span_ns()
    recording = replace(
        history.known,
        warnings=_gap_warnings(lake, one, as_of - request.window_ns, as_of + 1),
        simulated=instrument.venue == "simulated",
    )
    return PreparedInstrument(
        recording,
        terms,
        made_with.offsets,
        history.tail[-1],
        mark,
        source,
        span[1] if span else as_of,
        history,
    )


def bring_up_to_date(lake: Lake, one: Held, made_with: Recipe) -> None:
    """Seal what is new where the lake can be written; elsewhere the newest history is folded from its bars."""
    instrument = one.instrument
    progress = lake.segment_progress(instrument.venue, instrument.symbol, version=made_with.version)
    seq = progress["seq"] if progress else 0
    if not lake.touched_since(instrument.venue, instrument.symbol, seq) or not os.access(lake.root, os.W_OK):
        return
    try:
        with Lake.create(lake.root) as writable:
            update(writable, instrument, made_with, one.newest_ns)
    except (
        LakeLockedError,
        DiskFullError,
    ):  # a repair or migration is at work, or there is no room to keep what is derived
        return


def _gap_warnings(lake: Lake, one: Held, start_ns: int, end_ns: int) -> tuple[str, ...]:
    gaps = lake.list_gaps(
        venue=one.instrument.venue, symbol=one.instrument.symbol, span=(start_ns, end_ns), filled=False
    )
    found = [str(gap) for gap in gaps]
    if len(found) > _GAPS_NAMED:
        found[_GAPS_NAMED:] = [f"{len(found) - _GAPS_NAMED} more gaps in the window; see the list of gaps"]
    return tuple(found)
