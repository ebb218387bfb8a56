"""Realised liquidations: totals of the last hours, per exchange, with what is known of how complete they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.clock import HOUR_NS, format_moment, isoformat
from liqatlas.base.errors import NotEnoughDataError, SourceUnavailableError
from liqatlas.base.schemas import LIQUIDATIONS
from liqatlas.flows.choose import choose, matches
from liqatlas.flows.lake import DATED, as_of_in, held_of
from liqatlas.flows.read import read
from liqatlas.flows.reporter import SILENT
from liqatlas.maps.thinning import corrected, kept_by_thinning
from liqatlas.store import Lake
from liqatlas.venues import capabilities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request

#: Stretches that are summed up [h].
HOURS = (1, 4, 12, 24)
#: Beginning of the statement of a venue that gives one print per symbol and second.
_ONE_A_SECOND = "at most one print per symbol and second"
#: Beginnings of a venue's statement on its prints that say nothing is left out.
_COMPLETE = ("none",)


@dataclass(frozen=True, slots=True)
class Total:
    """Liquidated in one stretch [USD]; ``at_least`` where prints are thinned or part of it was not recorded.

    Attributes
    ----------
    recorded_share
        Share of the stretch somebody vouches for, 0 to 1; ``None`` where nobody does.
    corrected_usd
        Both sides with what the venue's thinning left out, an estimate; ``None`` where its rule is not known or nothing is thinned.
    """

    hours: int
    long_usd: float
    short_usd: float
    prints: int
    at_least: bool
    recorded_share: float | None
    corrected_usd: float | None = None

    @property
    def usd(self) -> float:
        """Both sides."""
        return self.long_usd + self.short_usd

    @property
    def long_share(self) -> float | None:
        """Share of liquidated longs, ``None`` where nothing was liquidated."""
        return self.long_usd / self.usd if self.usd > 0 else None


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest single print of the longest stretch."""

    venue: str
    symbol: str
    ts_event_ns: int
    liquidated: str
    price: float
    usd: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """One venue's totals; ``source`` is ``prints`` or ``totals`` (as a vendor or venue sums them up)."""

    venue: str
    symbols: tuple[str, ...]
    source: str
    censoring: str
    totals: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class Realised:
    """Totals of an asset; vendor totals stand beside the prints and are never added to them."""

    asset: str
    as_of_ns: int
    exchanges: tuple[Exchange, ...]
    together: tuple[Total, ...]
    largest: Largest | None
    prints: pl.DataFrame = field(repr=False)
    scope: str = ""
    simulated: bool = False
    warnings: tuple[str, ...] = ()
    correction: str = ""


@dataclass(slots=True)
class _Source:
    """An instrument's prints and totals, and the recorded share by hours where somebody vouches."""

    recording: Recording
    shares: dict[int, float | None]


def build_realised(
    request: Request, recordings: Sequence[Recording] | None = None, reporter: Reporter = SILENT
) -> Realised:
    """Return the realised liquidations of an asset up to the request's moment.

    Raises
    ------
    NotEnoughDataError
        If there is neither a print nor a total in the longest stretch.
    SourceUnavailableError, UnknownSymbolError, InputError
        If the lake or the files cannot give it.
    """
    if recordings is None and request.lake is not None and not request.paths:
        sources, as_of = _from_lake(request, reporter)
    else:
        if recordings is None and not request.paths:
            raise SourceUnavailableError(
                "no lake to read prints from: record them, or give files with --from; `liqatlas demo` works without either"
            )
        if recordings is None:
            recordings = read(*request.paths, asset=request.asset, venues=request.venues, reporter=reporter)
        chosen = choose(recordings, request)
        newest = max(span[1] for r in chosen if (span := r.span_ns()))
        as_of = newest if request.as_of_ns is None else request.as_of_ns
        sources = [_Source(r, dict.fromkeys(HOURS)) for r in chosen]
    return _summed(sources, as_of)


def _from_lake(request: Request, reporter: Reporter) -> tuple[list[_Source], int]:
    assert request.lake is not None
    with Lake.open(request.lake) as lake:
        found = [
            one
            for one in held_of(lake, request.asset, request.venues, (*DATED, "liquidation_bars"))
            if matches(one.instrument, request)
        ]
        if not found:
            raise NotEnoughDataError(
                f"the filters leave no instrument of {request.asset} in the lake {lake.root}"
            )
        as_of = as_of_in(found, request)
        out = []
        for done, one in enumerate(found):
            place = (one.instrument.venue, one.instrument.symbol)
            reporter.progress(f"reading {one.instrument.key}", done, len(found))
            recording = lake.recording(*place, as_of - HOURS[-1] * HOUR_NS, as_of + 1)
            shares: dict[int, float | None] = {}
            for hours in HOURS:
                covered = lake.coverage("liquidations", *place, as_of + 1 - hours * HOUR_NS, as_of + 1)
                shares[hours] = covered.share if covered.recorded else None
            out.append(_Source(recording, shares))
    return out, as_of


def _summed(sources: list[_Source], as_of: int) -> Realised:
    said = {one.venue: one.liquidations_censoring for one in capabilities()}
    exchanges: list[Exchange] = []
    prints: list[pl.DataFrame] = []
    judged = _judged({key: text for key, text in said.items() if text.startswith(_COMPLETE)}, sources, as_of)
    for venue in sorted({s.recording.instrument.venue for s in sources}):
        of_venue = [s for s in sources if s.recording.instrument.venue == venue]
        censoring = said.get(venue, "unknown")
        rows = [_window(s.recording, as_of) for s in of_venue]
        if any(frame.height for frame in rows):
            frame = pl.concat(rows)
            prints.append(frame)
            exchanges.append(_exchange(venue, of_venue, frame, censoring, as_of, judged))
        bars = [s.recording for s in of_venue if s.recording.liquidation_bars.height]
        if bars and (vendor := _vendor(venue, bars, as_of)) is not None:
            exchanges.append(vendor)
    if not exchanges:
        raise NotEnoughDataError(_nothing_in_reach(sources, as_of))
    all_prints = pl.concat(prints) if prints else pl.DataFrame(schema=_SCHEMA)
    of_prints = [one for one in exchanges if one.source == "prints"]
    recordings = [s.recording for s in sources]
    return Realised(
        asset=recordings[0].instrument.asset,
        as_of_ns=as_of,
        exchanges=tuple(exchanges),
        together=tuple(_together(of_prints, i) for i in range(len(HOURS))) if of_prints else (),
        largest=_largest(all_prints),
        prints=all_prints.sort("ts_event_ns"),
        scope=", ".join(
            dict.fromkeys(r.prints_scope or r.instrument.venue for r in recordings if _has_any(r))
        ),
        simulated=any(r.simulated for r in recordings),
        warnings=tuple(dict.fromkeys(w for r in recordings for w in r.warnings)),
        correction=_correction_text(judged)
        if any(t.corrected_usd for e in of_prints for t in e.totals)
        else "",
    )


def _has_any(recording: Recording) -> bool:
    return recording.liquidations.height > 0 or recording.liquidation_bars.height > 0


def _nothing_in_reach(sources: list[_Source], as_of: int) -> str:
    """Say that the longest stretch is empty, and where the prints that were read end."""
    text = f"no liquidation prints or totals in the {HOURS[-1]} h up to {format_moment(as_of)}"
    held = [s.recording.liquidations["ts_event_ns"] for s in sources]
    held += [s.recording.liquidation_bars["ts_close_ns"] for s in sources]
    ends = [int(known[-1]) for ts in held if (known := ts.filter(ts <= as_of).sort()).len()]
    if ends:
        return f"{text}; the newest before that is of {format_moment(max(ends))}: give --as-of {isoformat(max(ends))}"
    return f"{text}: record them, or give files that hold them"


@dataclass(frozen=True, slots=True)
class _Judged:
    """How much of a complete feed remains when it is thinned and corrected as the others are; 1 where none could tell."""

    kept: float = 1.0
    by: str = ""


def _judged(complete: dict[str, str], sources: list[_Source], as_of: int) -> _Judged:
    """Judge the correction by the complete feeds at hand, each symbol thinned by itself."""
    total = found = 0.0
    by: list[str] = []
    for one in sources:
        rows = _window(one.recording, as_of)
        usd = rows["notional_usd"].to_numpy()
        share = kept_by_thinning(rows["ts_event_ns"].to_numpy(), usd)
        if one.recording.instrument.venue in complete and share is not None:
            total, found = total + float(usd.sum()), found + share * float(usd.sum())
            by.append(one.recording.instrument.key)
    return _Judged(found / total, ", ".join(by)) if total > 0 else _Judged()


def _correction_text(judged: _Judged) -> str:
    how = "estimated from the share of seconds that hold a print, as if they came evenly within each minute"
    if not judged.by:
        return f"{how}; bursts make it too low, and no complete feed was at hand to tell by how much"
    return f"{how}; {judged.by}, thinned and corrected alike, gives {judged.kept:.0%} of its true total, by which it is divided"


_SCHEMA = pl.Schema({**LIQUIDATIONS.schema, "venue": pl.String(), "symbol": pl.String()})


def _window(recording: Recording, as_of: int) -> pl.DataFrame:
    rows = recording.liquidations.filter(
        (pl.col("ts_event_ns") > as_of - HOURS[-1] * HOUR_NS) & (pl.col("ts_event_ns") <= as_of)
    )
    instrument = recording.instrument
    return rows.with_columns(venue=pl.lit(instrument.venue), symbol=pl.lit(instrument.symbol))


def _exchange(  # noqa: PLR0917 (one call)
    venue: str, sources: list[_Source], prints: pl.DataFrame, censoring: str, as_of: int, judged: _Judged
) -> Exchange:
    thinned = not censoring.startswith(_COMPLETE)
    totals = []
    for hours in HOURS:
        inside = prints.filter(pl.col("ts_event_ns") > as_of - hours * HOUR_NS)
        usd = {
            name: float(inside.filter(pl.col("liquidated") == name)["notional_usd"].sum())
            for name in ("long", "short")
        }
        shares = [share for s in sources if (share := s.shares[hours]) is not None]
        share = min(shares) if shares else None
        unsure = thinned or share is None or share < 1
        estimate = _corrected(inside) / judged.kept if censoring.startswith(_ONE_A_SECOND) else None
        totals.append(Total(hours, usd["long"], usd["short"], inside.height, unsure, share, estimate))
    symbols = tuple(sorted(s.recording.instrument.symbol for s in sources))
    return Exchange(venue, symbols, "prints", censoring, tuple(totals))


def _corrected(prints: pl.DataFrame) -> float:
    """Return the corrected total, each symbol by itself [USD]."""
    return sum(
        corrected(rows["ts_event_ns"].to_numpy(), rows["notional_usd"].to_numpy())
        for _, rows in prints.sort("ts_event_ns").group_by("symbol")
    )


def _vendor(venue: str, recordings: list[Recording], as_of: int) -> Exchange | None:
    """Return totals that a vendor or venue gives per interval; an interval counts where it lies whole inside the stretch.

    What is left of the stretch, at its ends or in holes, was not counted: the total is then a lower bound.
    """
    totals = []
    for hours in HOURS:
        start = as_of - hours * HOUR_NS
        inside = [
            r.liquidation_bars.filter((pl.col("ts_open_ns") >= start) & (pl.col("ts_close_ns") <= as_of))
            for r in recordings
        ]
        share = min(_covered(bars) for bars in inside) / (as_of - start)
        both = pl.concat(inside)
        long_usd, short_usd = float(both["long_usd"].sum()), float(both["short_usd"].sum())
        totals.append(Total(hours, long_usd, short_usd, both.height, share < 1, share))
    if not totals[-1].prints:
        return None
    scope = "; ".join(dict.fromkeys(r.prints_scope for r in recordings if r.prints_scope))
    symbols = tuple(sorted(r.instrument.symbol for r in recordings))
    return Exchange(
        venue, symbols, "totals", f"as its source sums them up{f' ({scope})' if scope else ''}", tuple(totals)
    )


def _covered(bars: pl.DataFrame) -> int:
    """Return how much time intervals cover, what several cover counted once [ns]."""
    ordered = bars.sort("ts_open_ns")
    before = ordered["ts_close_ns"].cum_max().shift(1).fill_null(0)
    opens = pl.select(pl.max_horizontal(ordered["ts_open_ns"], before)).to_series()
    return int((ordered["ts_close_ns"] - opens).clip(lower_bound=0).sum())


def _together(exchanges: list[Exchange], i: int) -> Total:
    parts = [one.totals[i] for one in exchanges]
    shares = [p.recorded_share for p in parts]
    known = [s for s in shares if s is not None]
    return Total(
        HOURS[i],
        sum(p.long_usd for p in parts),
        sum(p.short_usd for p in parts),
        sum(p.prints for p in parts),
        any(p.at_least for p in parts),
        min(known) if len(known) == len(shares) else None,
        sum(p.usd if p.corrected_usd is None else p.corrected_usd for p in parts)
        if any(p.corrected_usd is not None for p in parts)
        else None,
    )


def _largest(prints: pl.DataFrame) -> Largest | None:
    if prints.is_empty():
        return None
    row = prints.row(int(prints["notional_usd"].arg_max() or 0), named=True)
    return Largest(
        row["venue"], row["symbol"], row["ts_event_ns"], row["liquidated"], row["price"], row["notional_usd"]
    )
