"""Modelled maps and heatmaps from recordings: fold, normalise, put several venues on one axis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from liqatlas.base.clock import DAY_NS, format_window, isoformat, parse_time
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.base.format import format_duration, format_usd
from liqatlas.base.grid import LogGrid
from liqatlas.levels.buckets import bucket_offsets
from liqatlas.levels.events import bracket, order_matters
from liqatlas.levels.flow import FlowBars, flow_bars
from liqatlas.levels.segment import Segment, identity
from liqatlas.levels.stream import fold
from liqatlas.maps.head import Coverage, Head, ModelInfo, SideCoverage, VenueInfo
from liqatlas.maps.liquidation_map import LiquidationMap
from liqatlas.maps.pegs import peg_warnings
from liqatlas.maps.readout import BANDS, InstrumentLevels, mixture_under_cap, moved, outstanding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.levels.buckets import BucketOffsets
    from liqatlas.levels.parameters import EstimatorParameters
    from liqatlas.levels.stream import LevelStream

#: A map whose newest row is older than this says so: sparse files of hours and days are no fault, yesterday's price is.
_STALE_NS = DAY_NS


@dataclass(frozen=True, slots=True)
class RiskTerms:
    """A venue's margin terms for one symbol, as far as levels need them.

    Attributes
    ----------
    maintenance_rate, max_leverage
        Of the lowest tier.
    nearest
        Smallest liquidation distance of a new isolated (long, short) at that leverage.
    source
        Where they are from, in words.
    lookahead
        True where they were published after the as-of moment.
    warning
        Empty, or what is wrong with them.
    """

    maintenance_rate: float
    max_leverage: float
    nearest: tuple[float, float]
    source: str
    lookahead: bool = False
    warning: str = ""


class History(Protocol):
    """Sealed history of an instrument as of a moment, in place of a fold over its bars."""

    first_ns: int

    def segments(self, start_ns: int) -> tuple[Segment, Segment]:
        """Return the segments of all history and of the bars that begin at or after a moment."""


@dataclass(frozen=True, slots=True)
class PreparedInstrument:
    """One instrument ready to be folded; with a ``history``, ``flow`` is only its newest part.

    ``before`` is the state before ``flow`` where that is not all of history; a heatmap folds on in it.
    """

    recording: Recording
    terms: RiskTerms
    offsets: BucketOffsets
    flow: FlowBars
    mark: float
    price_source: str
    last_ts_ns: int
    history: History | None = None
    before: LevelStream | None = None

    @property
    def info(self) -> VenueInfo:
        """What the result says about it."""
        instrument = self.recording.instrument
        usd = 1.0 if instrument.is_inverse else self.mark
        return VenueInfo(
            venue=instrument.venue,
            symbol=instrument.symbol,
            price=self.mark,
            price_source=self.price_source,
            open_interest_usd=float(self.flow.open_interest[-1]) * usd,
            last_ts_ns=self.last_ts_ns,
            mark_source=self.flow.mark_source,
            entry_source=self.flow.entry_source,
            quote=instrument.quote,
            settle=instrument.settle,
        )


def prepare(
    recording: Recording,
    parameters: EstimatorParameters,
    terms: RiskTerms,
    *,
    as_of_ns: int,
    constant_oi_usd: float | None = None,
) -> PreparedInstrument:
    """Return an instrument's flow bars and mark as of a moment.

    Raises
    ------
    NotEnoughDataError
        If the recording holds no trades, bars, or open interest up to then.
    """
    grid = LogGrid(parameters.grid_step)
    offsets = bucket_offsets(parameters.edges_array(), grid, terms.nearest)
    known = recording.until(as_of_ns)
    span = recording.span_ns()
    if span and known.span_ns() is None:
        raise NotEnoughDataError(
            f"{recording.instrument.key}: data begin {isoformat(span[0])}, nothing was known by {isoformat(as_of_ns)}"
        )
    mark, source = mark_at(known)
    usd = 1.0 if recording.instrument.is_inverse else mark
    constant = (
        None if constant_oi_usd is None or not known.open_interest.is_empty() else constant_oi_usd / usd
    )
    nearest = (int(offsets.first[0].min()), int(offsets.first[1].min()))
    flow = flow_bars(
        known,
        grid,
        as_of_ns=as_of_ns,
        nearest=nearest,
        constant_oi_native=constant,
        spot_turnover=parameters.spot_turnover,
    )
    newest = known.span_ns()
    return PreparedInstrument(
        recording, terms, offsets, flow, mark, source, newest[1] if newest else as_of_ns
    )


def mark_at(known: Recording) -> tuple[float, str]:
    """Return the newest mark price of a recording and where it is from.

    Raises
    ------
    NotEnoughDataError
        If there is no price at all.
    """
    newest: list[tuple[int, float, str]] = []
    if known.marks.height:
        newest.append(
            (int(known.marks[-1, "ts_event_ns"]), float(known.marks[-1, "mark_price"]), "mark sample")
        )
    if known.mark_bars.height:
        newest.append(
            (int(known.mark_bars[-1, "ts_close_ns"]), float(known.mark_bars[-1, "close"]), "mark bar")
        )
    if newest:
        _, price, source = max(newest)
        return price, source
    if known.trades.height:
        return int(known.trades[-1, "price_ticks"]) * float(
            known.instrument.tick_size
        ), "last trade (no mark given)"
    if known.bars.height:
        return float(known.bars[-1, "close"]), f"{known.bars[-1, 'price_kind']} bar (no mark given)"
    raise NotEnoughDataError(f"{known.instrument.key}: no price up to the moment asked for")


def _segments(
    prepared: PreparedInstrument, parameters: EstimatorParameters, start_ns: int
) -> tuple[Segment, Segment]:
    """Return the segments of all history and of the bars that begin at or after ``start_ns``."""
    flow = prepared.flow
    if prepared.history is not None:
        return prepared.history.segments(start_ns)
    first = int(np.searchsorted(flow.edges_ns[:-1], start_ns, side="left"))
    whole = fold(flow, parameters, prepared.offsets)
    if first == 0:
        return whole, whole
    if first >= flow.count:
        return whole, identity(len(parameters.hazard) - 1)
    return whole, fold(flow, parameters, prepared.offsets, first)


def _bracket_warning(
    one: PreparedInstrument, parameters: EstimatorParameters, levels: InstrumentLevels, start_ns: int
) -> str:
    """Say between which totals the exact map lies, where bars are too wide to tell the order of events inside them."""
    flow = one.flow
    nearest = (int(one.offsets.first[0].min()), int(one.offsets.first[1].min()))
    share = 0.0 if flow.order_known else order_matters(flow.runs, nearest)
    first = int(np.searchsorted(flow.edges_ns[:-1], start_ns, side="left"))
    if share == 0.0 or first >= flow.count:
        return ""
    if one.history is not None:  # only its newest part is at hand: a total would be that part's alone
        return (
            f"{one.recording.instrument.key}: bars do not tell the order of prices inside them, which matters in {share:.0%} of the "
            "newest intervals; low is taken before high in a rising bar"
        )
    grid = LogGrid(parameters.grid_step)
    sides = []
    for lower in (True, False):
        bound = fold(replace(flow, runs=bracket(flow.runs, lower=lower)), parameters, one.offsets, first)
        sides.append([side.explained_usd for side in outstanding(replace(levels, window=bound), grid)[2]])
    words = ", ".join(
        f"{name} between {format_usd(sides[0][p])} and {format_usd(sides[1][p])}"
        for p, name in enumerate(("longs", "shorts"))
    )
    return (
        f"{one.recording.instrument.key}: bars do not tell the order of prices inside them, which matters in {share:.0%} of intervals; "
        f"the exact totals lie, for {words}"
    )


def modelled_map(
    prepared: Sequence[PreparedInstrument], parameters: EstimatorParameters, *, as_of_ns: int, window_ns: int
) -> LiquidationMap:
    """Return the outstanding map of positions opened in the window and still open.

    Parameters
    ----------
    prepared
        Instruments of one asset, see :func:`prepare`.
    window_ns
        ``(as_of - window, as_of]``.
    """
    grid = LogGrid(parameters.grid_step)
    reference = max(prepared, key=lambda p: p.info.open_interest_usd)
    layers, coverages, brackets = [], [], []
    for one in prepared:
        whole, window = _segments(one, parameters, as_of_ns - window_ns)
        levels = InstrumentLevels(
            instrument=one.recording.instrument,
            whole=whole,
            window=window,
            open_interest_native=float(one.flow.open_interest[-1]),
            mark=one.mark,
            offsets=one.offsets,
            weights=mixture_under_cap(np.array(parameters.weights), one.offsets, parameters.edges_array()),
            maintenance_rate=one.terms.maintenance_rate,
        )
        origin, usd, coverage = outstanding(levels, grid)
        brackets.append(_bracket_warning(one, parameters, levels, as_of_ns - window_ns))
        layers.append((origin, usd, np.log(reference.mark / one.mark) / grid.step))
        coverages.append(coverage)
    low = min(int(np.floor(origin + shift)) for origin, _, shift in layers)
    high = max(int(np.ceil(origin + usd.shape[-1] + shift)) + 1 for origin, usd, shift in layers)
    stacked = np.stack([moved(usd, origin, shift, (low, high)) for origin, usd, shift in layers])
    held = np.flatnonzero(stacked.any(axis=(0, 1, 2)))
    first, last = (int(held[0]), int(held[-1]) + 1) if len(held) else (0, 1)
    total = Coverage(_sum_coverage([c[0] for c in coverages]), _sum_coverage([c[1] for c in coverages]))
    head = head_of(prepared, parameters, as_of_ns=as_of_ns, window_ns=window_ns, coverage=total)
    head = replace(head, warnings=(*head.warnings, *(text for text in brackets if text)))
    return LiquidationMap(head, grid.edges(low + first, low + last), BANDS, stacked[..., first:last])


def _sum_coverage(parts: list[SideCoverage]) -> SideCoverage:
    return SideCoverage(
        sum(p.open_interest_usd for p in parts),
        sum(p.explained_usd for p in parts),
        sum(p.outside_window_usd for p in parts),
        sum(p.older_usd for p in parts),
        sum(p.unreachable_usd for p in parts),
    )


def head_of(
    prepared: Sequence[PreparedInstrument],
    parameters: EstimatorParameters,
    *,
    as_of_ns: int,
    window_ns: int,
    coverage: Coverage | None,
) -> Head:
    """Return the provenance of a modelled result."""
    reference = max(prepared, key=lambda p: p.info.open_interest_usd)
    warnings: list[str] = []
    for one in prepared:
        key = one.recording.instrument.key
        start = one.history.first_ns if one.history else int(one.flow.edges_ns[0])
        if start > as_of_ns - window_ns:
            warnings.append(
                f"{key}: the window reaches back {format_window(window_ns)} but data begin {isoformat(start)}"
            )
        if (age := as_of_ns - one.info.last_ts_ns) > _STALE_NS:
            warnings.append(
                f"{key}: its newest row is {format_duration(age)} older than this moment: price, levels and open interest are those of then"
            )
        warnings += [w for w in (*one.recording.warnings, *one.flow.warnings, one.terms.warning) if w]
    perpetuals = [p for p in prepared if p.recording.instrument.expiry_ns is None]
    warnings += peg_warnings((p.info.quote, p.mark) for p in perpetuals)
    simulated = any(p.recording.simulated for p in prepared)
    ahead = parse_time(parameters.data_until) > as_of_ns and not simulated
    if ahead:
        warnings.append(
            f"the {parameters.status} was shaped by data until {parameters.data_until}, after this map's moment"
        )
    return Head(
        asset=reference.recording.instrument.asset,
        kind="modelled",
        quantity="outstanding",
        as_of_ns=as_of_ns,
        window_ns=window_ns,
        price=reference.mark,
        reference=f"{reference.recording.instrument.key} {reference.price_source}",
        open_interest_usd=sum(p.info.open_interest_usd for p in prepared),
        venues=tuple(p.info for p in prepared),
        model=ModelInfo(
            name=parameters.name,
            version=parameters.version,
            calibration=parameters.status,
            parameters={
                "grid_step": parameters.grid_step,
                "theta": parameters.theta,
                "phi": parameters.phi,
                "spot_turnover": parameters.spot_turnover,
                "bucket_edges": list(parameters.bucket_edges),
                "hazard": list(parameters.hazard),
                "weights": list(parameters.weights),
                "margin_terms": {
                    p.recording.instrument.key: {
                        "maintenance_rate": p.terms.maintenance_rate,
                        "max_leverage": p.terms.max_leverage,
                        "source": p.terms.source,
                    }
                    for p in prepared
                },
            },
        ),
        coverage=coverage,
        simulated=simulated,
        lookahead=ahead or any(p.terms.lookahead for p in prepared),
        warnings=tuple(dict.fromkeys(warnings)),
    )
