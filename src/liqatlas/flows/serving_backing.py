"""What a server reads from: files, a lake, or recordings at hand; each says what it holds and when that changed."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from liqatlas.base.clock import HOUR_NS, NS_PER_S
from liqatlas.base.errors import NotEnoughDataError, UnknownSymbolError
from liqatlas.base.recording import Recording
from liqatlas.base.symbols import near_names, parse_symbol
from liqatlas.flows.build import read_for
from liqatlas.flows.lake import DATED
from liqatlas.flows.read import read
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.request import Request
from liqatlas.flows.serving_cache import Kept
from liqatlas.store import Lake

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from pathlib import Path

    from liqatlas.base.instruments import Instrument
    from liqatlas.flows.reporter import Reporter
    from liqatlas.venues.importers import FileReport

#: A lake is asked at most this often whether it changed [s].
LOOK_EVERY_S = 0.1
#: Tables whose newest rows are followed.
FOLLOWED = ("trades", "bars", "marks", "liquidations")
#: Assets whose recordings stay in memory.
ASSETS_KEPT = 6


@dataclass(frozen=True, slots=True)
class Market:
    """One instrument that is served: its first and newest moment [ns] and the tables there are of it."""

    asset: str
    venue: str
    symbol: str
    first_ns: int
    last_ts_ns: int
    tables: tuple[str, ...]


class Backing(Protocol):
    """Where recordings come from."""

    simulated: bool

    def markets(self) -> tuple[Market, ...]:
        """Return every instrument there is."""

    def fill(self, request: Request) -> Request:
        """Return a request that reads from here."""

    def recordings(self, request: Request, *, books: bool = False) -> tuple[Recording, ...] | None:
        """Return what a map is built from, with order books where asked for; ``None`` where the flow reads by itself."""

    def rows(self, request: Request) -> tuple[Recording, ...]:
        """Return the tables of the request's asset, at least for its window."""

    def positions(self) -> tuple[Recording, ...]:
        """Return the public positions of all coins."""

    def books(self, request: Request) -> tuple[Recording, ...]:
        """Return the order books of the request's asset."""

    def tail(self, asset: str, since_ns: int, tables: Sequence[str] = FOLLOWED) -> tuple[Recording, ...]:
        """Return rows of some tables of the asset's instruments at or after a moment."""

    def newest(self, asset: str) -> tuple[Recording, ...]:
        """Return the last rows of each of these tables of the asset's instruments."""

    def tables(self, market: Market, names: Sequence[str], span: tuple[int, int]) -> Recording:
        """Return some tables of one instrument, rows of ``[start, end)`` [ns] at least."""

    def gaps(self, venue: str, symbol: str, start_ns: int, end_ns: int) -> int:
        """Return how many known gaps of an instrument are not filled."""

    def version(self, asset: str) -> Hashable:
        """Return a token that changes whenever a result of the asset may."""


def known_asset(asset: str, markets: Sequence[Market]) -> str:
    """Return the asset a name means, where it is served.

    Raises
    ------
    UnknownSymbolError
        If it is not; names near ones.
    """
    wanted = parse_symbol(asset).asset
    known = sorted({one.asset for one in markets})
    if wanted not in known:
        raise UnknownSymbolError(asset, near_names(wanted, known) or known[:5], where="what is served here")
    return wanted


class HeldBacking:
    """Recordings in memory: the simulated market, or what a caller holds."""

    def __init__(self, recordings: Sequence[Recording], *, simulated: bool) -> None:
        self.simulated = simulated
        self._recordings = tuple(recordings)
        self._markets = tuple(_market(r) for r in self._recordings if r.span_ns())

    def markets(self) -> tuple[Market, ...]:
        """Return every instrument there is."""
        return self._markets

    def fill(self, request: Request) -> Request:
        """Return the request without other sources."""
        return replace(request, paths=(), lake=None, quick=False)

    def recordings(self, request: Request, *, books: bool = False) -> tuple[Recording, ...]:
        """Return the asset's recordings."""
        del books  # they are there
        asset = known_asset(request.asset, self._markets)
        return tuple(r for r in self._recordings if r.instrument.asset == asset)

    rows = books = recordings

    def positions(self) -> tuple[Recording, ...]:
        """Return recordings that hold positions."""
        return tuple(r for r in self._recordings if r.positions.height)

    def tail(self, asset: str, since_ns: int, tables: Sequence[str] = FOLLOWED) -> tuple[Recording, ...]:
        """Return what is at or after a moment."""
        return tuple(_after(r, since_ns, tables) for r in self.recordings(Request(asset=asset)))

    def newest(self, asset: str) -> tuple[Recording, ...]:
        """Return the last row of each table."""
        return tuple(_last_rows(r) for r in self.recordings(Request(asset=asset)))

    def tables(self, market: Market, names: Sequence[str], span: tuple[int, int]) -> Recording:
        """Return the instrument's recording, which is in memory as a whole."""
        del names, span
        return _of_market(self.recordings(Request(asset=market.asset)), market)

    def gaps(self, venue: str, symbol: str, start_ns: int, end_ns: int) -> int:
        """Return none: only a lake keeps a list of gaps."""
        del venue, symbol, start_ns, end_ns
        return 0

    def version(self, asset: str) -> Hashable:
        """Return a token; nothing changes here."""
        return asset


class FilesBacking:
    """Files, read once per asset; a file changed after the start is not read again."""

    simulated = False

    def __init__(self, paths: Sequence[Path], reporter: Reporter = SILENT) -> None:
        from liqatlas.flows.inspect import inspect

        self._paths = tuple(paths)
        self._reporter = reporter
        self._markets = _markets_of(inspect(self._paths, reporter))
        if not self._markets:
            raise NotEnoughDataError(
                "no file given holds an instrument that can be served: see liqatlas ingest --check FILES"
            )
        self._read: Kept[tuple[Recording, ...]] = Kept(ASSETS_KEPT)

    def markets(self) -> tuple[Market, ...]:
        """Return every instrument there is."""
        return self._markets

    def fill(self, request: Request) -> Request:
        """Return the request with these files as its paths."""
        return replace(request, paths=self._paths, lake=None, quick=False)

    def recordings(self, request: Request, *, books: bool = False) -> tuple[Recording, ...]:
        """Return what the files hold of the asset."""
        asset = known_asset(request.asset, self._markets)
        more = ("book_levels",) if books else ()
        return self._read.get(
            f"{asset} with books" if books else asset,
            lambda: tuple(read(*self._paths, asset=asset, more_tables=more, reporter=self._reporter)),
        )

    rows = recordings

    def positions(self) -> tuple[Recording, ...]:
        """Return the public positions of all coins."""
        from liqatlas.flows.positions import read_positions

        return self._read.get(
            "* positions", lambda: read_positions(self._paths, reporter=self._reporter).recordings
        )

    def books(self, request: Request) -> tuple[Recording, ...]:
        """Return the order books of the asset."""
        from liqatlas.venues.importers import read_paths

        asset = known_asset(request.asset, self._markets)
        return self._read.get(
            f"{asset} books",
            lambda: tuple(read_paths(self._paths, asset=asset, tables={"book_levels"})),
        )

    def tail(self, asset: str, since_ns: int, tables: Sequence[str] = FOLLOWED) -> tuple[Recording, ...]:
        """Return what is at or after a moment."""
        return tuple(_after(r, since_ns, tables) for r in self.recordings(Request(asset=asset)))

    def newest(self, asset: str) -> tuple[Recording, ...]:
        """Return the last row of each table."""
        return tuple(_last_rows(r) for r in self.recordings(Request(asset=asset)))

    def tables(self, market: Market, names: Sequence[str], span: tuple[int, int]) -> Recording:
        """Return the instrument's recording, which is in memory as a whole."""
        del names, span
        return _of_market(self.recordings(Request(asset=market.asset)), market)

    def gaps(self, venue: str, symbol: str, start_ns: int, end_ns: int) -> int:
        """Return none: only a lake keeps a list of gaps."""
        del venue, symbol, start_ns, end_ns
        return 0

    def version(self, asset: str) -> Hashable:
        """Return a token; nothing changes here."""
        return asset


class LakeBacking:
    """A lake that may grow while it is served."""

    simulated = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lake = Lake.open(path)
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
        self._lake.close()

    def _look(self) -> None:
        """Read what there is and how far it was written, at most every :data:`LOOK_EVERY_S`."""
        if time.monotonic() - self._looked < LOOK_EVERY_S:
            return
        if not self._lock.acquire(blocking=not self._markets):
            return  # another thread looks; what it saw last is good enough
        try:
            spans: dict[tuple[str, str], tuple[int, int, set[str]]] = {}
            rows = self._lake.freshness()
            self._last = {(row.dataset, row.venue, row.symbol): row.last_event_ns for row in rows}
            for row in rows:
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
                Market(one.asset, one.venue, one.symbol, first, last, tuple(sorted(tables)))
                for place, one in self._instruments.items()
                if place in spans
                for first, last, tables in (spans[place],)
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


def _of_market(recordings: Sequence[Recording], market: Market) -> Recording:
    place = (market.venue, market.symbol)
    return next(r for r in recordings if (r.instrument.venue, r.instrument.symbol) == place)


def _after(recording: Recording, since_ns: int, tables: Sequence[str]) -> Recording:
    """Return the rows of some tables at or after a moment."""
    changes = {}
    for name in tables:
        frame = getattr(recording, name)
        when = "ts_event_ns" if "ts_event_ns" in frame.columns else "ts_close_ns"
        changes[name] = frame.tail(frame.height - int(frame[when].search_sorted(since_ns, side="left")))
    return replace(Recording(recording.instrument), **changes)


def _last_rows(recording: Recording) -> Recording:
    """Return the last row of each table of :data:`FOLLOWED`."""
    return replace(
        Recording(recording.instrument), **{name: getattr(recording, name).tail(1) for name in FOLLOWED}
    )


def _market(recording: Recording) -> Market:
    span = recording.span_ns()
    assert span is not None
    one = recording.instrument
    return Market(one.asset, one.venue, one.symbol, *span, tuple(recording.tables()))


def _markets_of(reports: Sequence[FileReport]) -> tuple[Market, ...]:
    """Return the instruments of file reports, each with the span and tables of all its files."""
    spans: dict[tuple[str, str], tuple[int, int, set[str]]] = {}
    for report in reports:
        span = report.span_ns
        if span is None:
            continue
        for key in report.instruments:
            venue, _, symbol = key.partition(":")
            first, last, tables = spans.get((venue, symbol), (*span, set()))
            tables |= {name for name, rows in report.tables if rows}
            spans[venue, symbol] = (min(first, span[0]), max(last, span[1]), tables)
    out = []
    for (venue, symbol), (first, last, tables) in spans.items():
        try:
            asset = parse_symbol(symbol).asset
        except UnknownSymbolError:
            continue
        out.append(Market(asset, venue, symbol, first, last, tuple(sorted(tables))))
    return tuple(sorted(out, key=lambda m: (m.asset, m.venue, m.symbol)))


__all__ = ["Backing", "FilesBacking", "HeldBacking", "LakeBacking", "Market", "known_asset"]
