"""A lake as what a server reads from; it may grow while it is served."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.clock import HOUR_NS, NS_PER_S
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.base.recording import Recording
from liqatlas.flows.build import read_for
from liqatlas.flows.lake import DATED
from liqatlas.flows.lake_memory import LakeMemory
from liqatlas.flows.serving_backing import ASSETS_KEPT, FOLLOWED, PRINTED, Market, known_asset
from liqatlas.flows.serving_cache import Kept
from liqatlas.flows.serving_held import folders_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from pathlib import Path

    from liqatlas.base.instruments import Instrument
    from liqatlas.flows.request import Request
    from liqatlas.store import Freshness

#: A lake is asked at most this often whether it changed [s].
LOOK_EVERY_S = 0.1
#: First and newest moment [ns], and the tables that hold them.
_Span = tuple[int, int, set[str]]


class LakeBacking:
    """A lake that may grow while it is served."""

    simulated = False
    grows = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.places = folders_of((path,))
        self.memory = LakeMemory(path)
        self._lake = self.memory.lake
        self._lock = threading.Lock()
        self._seq: dict[tuple[str, str], int] = {}
        self._looked = -1.0
        self._last: dict[tuple[str, str, str], int] = {}
        self._instruments: dict[tuple[str, str], Instrument] = {}
        self._markets: tuple[Market, ...] = ()
        self._read: Kept[tuple[Recording, ...]] = Kept(ASSETS_KEPT)
        self._look()

    def close(self) -> None:
        """Close the lake."""
        self.memory.close()

    def _look(self) -> None:
        """Read what there is and how far it was written, at most every :data:`LOOK_EVERY_S`."""
        if time.monotonic() - self._looked < LOOK_EVERY_S:
            return
        if not self._lock.acquire(blocking=not self._markets):
            return  # another thread looks; what it saw last is good enough
        try:
            spans: dict[tuple[str, str], _Span] = {}
            rows = self._lake.freshness()
            self._last = {(row.dataset, row.venue, row.symbol): row.last_event_ns for row in rows}
            printed: dict[tuple[str, str], _Span] = {}
            for row in rows:
                if row.dataset in PRINTED:
                    _widen(printed, row)
                if row.dataset not in DATED and row.dataset not in {"positions", "book_levels", "funding"}:
                    continue
                place = (row.venue, row.symbol)
                first, last, tables = spans.get(place, (row.first_event_ns, row.last_event_ns, set()))
                tables.add(row.dataset)
                spans[place] = (
                    min(first, row.first_event_ns),
                    max(last, row.last_event_ns),
                    tables,
                )
            for place in spans:
                seq = self._seq.get(place, 0)
                touched = self._lake.touched_since(*place, seq)
                self._seq[place] = max((hour.seq for hour in touched), default=seq)
            self._instruments = {(one.venue, one.symbol): one for one in self._lake.instruments()}
            self._markets = tuple(
                _market(one, spans[place], printed.get(place))
                for place, one in self._instruments.items()
                if place in spans
            )
            self.simulated = bool(self._markets) and all(
                m.venue.startswith("simulated") for m in self._markets
            )
            self._looked = time.monotonic()
        finally:
            self._lock.release()

    def markets(self) -> tuple[Market, ...]:
        """Return every instrument there is."""
        self._look()
        return self._markets

    def fill(self, request: Request) -> Request:
        """Return the request with this lake."""
        return replace(request, paths=(), lake=self._path, quick=False)

    def recordings(self, request: Request, *, books: bool = False) -> None:
        """Return nothing: the flows read a lake by themselves."""
        del books
        known_asset(request.asset, self.markets())

    def rows(self, request: Request) -> tuple[Recording, ...]:
        """Return the rows of the request's window and its look-back."""
        asset = known_asset(request.asset, self.markets())
        key = (asset, request.window_ns, request.as_of_ns, self.version(asset))
        wanted = replace(self.fill(request), asset=asset, venues=())
        return self._read.get(key, lambda: tuple(read_for(wanted)))

    def positions(self) -> tuple[Recording, ...]:
        """Return the public positions of all coins."""
        places = [m for m in self.markets() if "positions" in m.tables]
        if not places:
            raise NotEnoughDataError(
                "the lake holds no public positions: scan them (liqatlas positions --scan) and ingest them"
            )
        key = ("* positions", tuple(self._seq[m.venue, m.symbol] for m in places))
        return self._read.get(
            key,
            lambda: tuple(
                self._lake.recording(m.venue, m.symbol, m.first_ns, m.last_ts_ns + 1) for m in places
            ),
        )

    books = rows

    def tail(self, asset: str, since_ns: int, tables: Sequence[str] = FOLLOWED) -> tuple[Recording, ...]:
        """Return trades, bars, marks and prints of the asset's instruments at or after a moment."""
        return self._since(asset, {place: since_ns for place in self._last if place[0] in tables})

    def newest(self, asset: str) -> tuple[Recording, ...]:
        """Return the last rows of the one table of each instrument that tells its price."""
        moments: dict[tuple[str, str, str], int] = {}
        for m in self.markets():
            last = {
                name: self._last.get((name, m.venue, m.symbol), 0) for name in ("trades", "bars", "marks")
            }
            traded = "trades" if last["trades"] else "bars"
            name = "marks" if last["marks"] and last["marks"] >= last[traded] - NS_PER_S else traded
            if last[name]:
                moments[name, m.venue, m.symbol] = last[name] - NS_PER_S // 10
        return self._since(asset, moments)

    def _since(self, asset: str, moments: Mapping[tuple[str, str, str], int]) -> tuple[Recording, ...]:
        """Return rows at or after the moment of each table."""
        out = []
        for m in self.markets():
            if m.asset != asset:
                continue
            place = (m.venue, m.symbol)
            tables = {
                name: self._lake.read(name, *place, moments[name, *place], self._last[name, *place] + HOUR_NS)
                for name in FOLLOWED
                if (name, *place) in moments
            }
            one = replace(self._instruments[place], tick_size=self._lake.tick_size(*place))
            out.append(Recording(one, **tables))  # type: ignore[arg-type]
        return tuple(out)

    def tables(self, market: Market, names: Sequence[str], span: tuple[int, int]) -> Recording:
        """Return some tables of one instrument, only these being read."""
        place = (market.venue, market.symbol)
        by_key = {one.key: one for one in self._lake.instruments()}
        one = replace(by_key[f"{market.venue}:{market.symbol}"], tick_size=self._lake.tick_size(*place))
        read_tables = {name: self._lake.read(name, *place, *span) for name in names if name in market.tables}
        return Recording(one, **read_tables)  # type: ignore[arg-type]

    def gaps(self, venue: str, symbol: str, start_ns: int, end_ns: int) -> int:
        """Return how many known gaps of an instrument are not filled."""
        return len(self._lake.list_gaps(venue=venue, symbol=symbol, span=(start_ns, end_ns), filled=False))

    def version(self, asset: str) -> Hashable:
        """Return a token that changes with every write to one of the asset's instruments."""
        self._look()
        return tuple(
            self._seq.get((m.venue, m.symbol), 0) for m in self._markets if m.asset == asset or not asset
        )


def _widen(printed: dict[tuple[str, str], _Span], row: Freshness) -> None:
    """Let a series' known liquidations reach as far as these rows do, or as far as a recorder listened."""
    place = (row.venue, row.symbol)
    last = max(row.last_event_ns, row.recorded_until_ns or 0)
    first, newest, tables = printed.get(place, (row.first_event_ns, last, set()))
    printed[place] = (min(first, row.first_event_ns), max(newest, last), tables | {row.dataset})


def _market(one: Instrument, span: _Span, printed: _Span | None) -> Market:
    first, last, tables = span
    known = tables | printed[2] if printed else tables
    return Market(
        one.asset, one.venue, one.symbol, first, last, tuple(sorted(known)), printed[:2] if printed else None
    )
