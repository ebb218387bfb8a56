"""Heatmaps straight from the lake: the sealed state where the window begins, and the flow bars of the window alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.errors import LiqAtlasError, NotEnoughDataError, TiersUnknownError
from liqatlas.flows.choose import matches
from liqatlas.flows.lake import LOOK_BACK_NS, as_of_in, held_of
from liqatlas.flows.lake_flow import CannotCutError, Samples
from liqatlas.flows.lake_map import bring_up_to_date
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.segments import lake_flow, recipe
from liqatlas.flows.stored_history import StoredHistory
from liqatlas.flows.terms import risk_terms
from liqatlas.levels.flow import joined
from liqatlas.levels.parameters import load_parameters
from liqatlas.maps.modelled import PreparedInstrument, mark_at, prepare
from liqatlas.store import Lake

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.flows.lake import Held
    from liqatlas.flows.lake_flow import LakeFlow
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.flows.segments import Recipe
    from liqatlas.levels.parameters import EstimatorParameters
    from liqatlas.levels.stream import LevelStream


def lake_heatmap_parts(
    request: Request, path: Path, reporter: Reporter = SILENT
) -> tuple[list[PreparedInstrument], tuple[str, ...], int]:
    """Return instruments ready for a heatmap, a sentence for each that is left out, and the moment.

    Raises
    ------
    SourceUnavailableError, UnknownSymbolError, InputError, NotEnoughDataError, TiersUnknownError
        As :func:`liqatlas.flows.lake_map.lake_map`.
    """
    parameters = load_parameters(request.parameters_file)
    with Lake.open(path) as lake:
        found = [
            one for one in held_of(lake, request.asset, request.venues) if matches(one.instrument, request)
        ]
        if not found:
            raise NotEnoughDataError(f"the filters leave no instrument of {request.asset} in the lake {path}")
        as_of = as_of_in(found, request)
        prepared: list[PreparedInstrument] = []
        dropped: list[str] = []
        last_error: LiqAtlasError | None = None
        for done, one in enumerate(found):
            reporter.progress(f"reading {one.instrument.key}", done, len(found))
            try:
                prepared.append(_prepared(lake, one, request, parameters, as_of))
            except (NotEnoughDataError, TiersUnknownError) as error:
                dropped.append(f"left out: {error}")
                last_error = error
    if not prepared:
        raise last_error or NotEnoughDataError("nothing to build a heatmap from")
    return prepared, tuple(dropped), as_of


def _prepared(
    lake: Lake, one: Held, request: Request, parameters: EstimatorParameters, as_of: int
) -> PreparedInstrument:
    """Return an instrument with its state at the window's start, or all its rows where that cannot be had."""
    instrument = one.instrument
    terms = risk_terms(
        instrument, as_of, max_leverage=request.max_leverage, maintenance_rate=request.maintenance_rate
    )
    place = (instrument.venue, instrument.symbol)
    begin = (as_of - request.window_ns) // HOUR_NS * HOUR_NS
    made_with = recipe(parameters, terms)
    try:
        flow, before = _cut_at(lake, one, made_with, (begin, as_of))
    except CannotCutError:
        recording = lake.recording(*place, begin - LOOK_BACK_NS, as_of + 1)
        return prepare(
            recording, parameters, terms, as_of_ns=as_of, constant_oi_usd=request.open_interest_usd
        )
    samples = flow.samples(begin, as_of + 1)
    recording = lake.recording(*place, begin, as_of + 1)
    known = recording.until(as_of)
    mark, source = mark_at(known)
    span = known.span_ns()
    newest = min(as_of, span[1] if span else as_of) + 1
    if newest > samples.edges[-1]:  # what came after the last sample is shown provisionally
        samples = Samples(np.append(samples.edges, newest), np.append(samples.values, samples.values[-1]))
    bars = flow.bars(samples)
    if not bars:
        raise NotEnoughDataError(f"{instrument.key}: nothing was known in the window asked for")
    return PreparedInstrument(
        replace(recording, simulated=instrument.venue == "simulated"),
        terms,
        made_with.offsets,
        joined(bars),
        mark,
        source,
        span[1] if span else as_of,
        before=before,
    )


def _cut_at(lake: Lake, one: Held, made_with: Recipe, span: tuple[int, int]) -> tuple[LakeFlow, LevelStream]:
    """Return the flow as known at a span's end, and the state of all history before its start.

    Raises
    ------
    CannotCutError
        If the history cannot be cut, or the span holds all of it.
    """
    bring_up_to_date(lake, one, made_with)
    flow = lake_flow(lake, one.instrument, made_with, span[1])
    if span[0] <= flow.first_ns + HOUR_NS:
        raise CannotCutError(f"{one.instrument.key}: the window holds all of its history")
    return flow, StoredHistory(lake, one.instrument, made_with, span[0]).stream()
