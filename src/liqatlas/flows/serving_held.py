"""Recordings in memory as what a server reads from: the simulated market, what a caller holds, or files read once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.errors import NotEnoughDataError, UnknownSymbolError
from liqatlas.base.recording import Recording
from liqatlas.base.symbols import parse_symbol
from liqatlas.flows.read import read
from liqatlas.flows.reporter import SILENT
from liqatlas.flows.request import Request
from liqatlas.flows.serving_backing import ASSETS_KEPT, FOLLOWED, PRINTED, Market, known_asset
from liqatlas.flows.serving_cache import Kept

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from pathlib import Path

    from liqatlas.flows.reporter import Reporter
    from liqatlas.venues.importers import FileReport


class HeldBacking:
    """Recordings in memory; nothing changes here."""

    grows = False
    memory = None
    places: tuple[str, ...] = ()

    def __init__(self, recordings: Sequence[Recording], *, simulated: bool) -> None:
        self.simulated = simulated
        self._recordings = tuple(recordings)
        self._markets = tuple(_market(r) for r in self._recordings if r.span_ns())

    def close(self) -> None:
        """Nothing is open."""

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

    def rows(self, request: Request) -> tuple[Recording, ...]:
        """Return the asset's recordings, which are in memory as a whole."""
        return self.recordings(request)

    def books(self, request: Request) -> tuple[Recording, ...]:
        """Return the asset's recordings, books included."""
        return self.recordings(request, books=True)

    def positions(self) -> tuple[Recording, ...]:
        """Return recordings that hold positions."""
        return tuple(r for r in self._recordings if r.positions.height)

    def tail(self, asset: str, since_ns: int, tables: Sequence[str] = FOLLOWED) -> tuple[Recording, ...]:
        """Return what is at or after a moment."""
        return tuple(_after(r, since_ns, tables) for r in self.rows(Request(asset=asset)))

    def newest(self, asset: str) -> tuple[Recording, ...]:
        """Return the last row of each table."""
        return tuple(_last_rows(r) for r in self.rows(Request(asset=asset)))

    def tables(self, market: Market, names: Sequence[str], span: tuple[int, int]) -> Recording:
        """Return the instrument's recording, which is in memory as a whole."""
        del names, span
        place = (market.venue, market.symbol)
        found = self.rows(Request(asset=market.asset))
        return next(r for r in found if (r.instrument.venue, r.instrument.symbol) == place)

    def gaps(self, venue: str, symbol: str, start_ns: int, end_ns: int) -> int:
        """Return none: only a lake keeps a list of gaps."""
        del venue, symbol, start_ns, end_ns
        return 0

    def version(self, asset: str) -> Hashable:
        """Return a token; nothing changes here."""
        return asset


class FilesBacking(HeldBacking):
    """Files, read once per asset; a file changed after the start is not read again.

    Raises
    ------
    SourceUnavailableError, FormatError
        If a file cannot be read.
    NotEnoughDataError
        If none holds an instrument.
    """

    def __init__(self, paths: Sequence[Path], reporter: Reporter = SILENT) -> None:
        from liqatlas.flows.inspect import inspect

        super().__init__((), simulated=False)
        self._paths, self._reporter = tuple(paths), reporter
        self.places = folders_of(self._paths)
        self._markets = _markets_of(inspect(self._paths, reporter))
        if not self._markets:
            raise NotEnoughDataError(
                "no file given holds an instrument that can be served: see liqatlas ingest --check FILES"
            )
        self._read: Kept[tuple[Recording, ...]] = Kept(ASSETS_KEPT)

    def fill(self, request: Request) -> Request:
        """Return the request with these files as its paths."""
        return replace(request, paths=self._paths, lake=None, quick=False)

    def recordings(self, request: Request, *, books: bool = False) -> tuple[Recording, ...]:
        """Return what the files hold of the asset."""
        asset = known_asset(request.asset, self._markets)
        more = ("book_levels",) if books else ()
        return self._read.get(
            f"{asset} with books" if books else asset,
            lambda: self._nameless(
                read(*self._paths, asset=asset, more_tables=more, reporter=self._reporter)
            ),
        )

    def books(self, request: Request) -> tuple[Recording, ...]:
        """Return the order books of the asset."""
        from liqatlas.venues.importers import read_paths

        asset = known_asset(request.asset, self._markets)
        return self._read.get(
            f"{asset} books",
            lambda: self._nameless(read_paths(self._paths, asset=asset, tables={"book_levels"})),
        )

    def positions(self) -> tuple[Recording, ...]:
        """Return the public positions of all coins."""
        from liqatlas.flows.positions import read_positions

        return self._read.get(
            "* positions",
            lambda: self._nameless(read_positions(self._paths, reporter=self._reporter).recordings),
        )

    def _nameless(self, recordings: Sequence[Recording]) -> tuple[Recording, ...]:
        """Return recordings whose sources and warnings name files without their folders."""

        def short(texts: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(without_places(text, self.places) for text in texts)

        return tuple(replace(r, sources=short(r.sources), warnings=short(r.warnings)) for r in recordings)


def folders_of(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return the folders in which paths lie, as given and in full, the longest first, each with its last slash."""
    found = {
        str(folder)
        for path in paths
        for folder in (path.parent, path.absolute().parent, path.resolve().parent)
    }
    return tuple(sorted((f"{one}/" for one in found - {".", "/"}), key=len, reverse=True))


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
    return Market(one.asset, one.venue, one.symbol, *span, tuple(recording.tables()), _prints_of(recording))


def _prints_of(recording: Recording) -> tuple[int, int] | None:
    """Return the first and newest moment of prints or totals [ns]."""
    prints, totals = recording.liquidations["ts_event_ns"], recording.liquidation_bars
    starts, ends = [prints, totals["ts_open_ns"]], [prints, totals["ts_close_ns"]]
    if not any(one.len() for one in starts):
        return None
    return min(int(one[0]) for one in starts if one.len()), max(int(one[-1]) for one in ends if one.len())


def _markets_of(reports: Sequence[FileReport]) -> tuple[Market, ...]:
    """Return the instruments of file reports, each with the span and tables of all its files."""
    spans: dict[tuple[str, str], tuple[int, int, set[str]]] = {}
    printed: dict[tuple[str, str], tuple[int, int]] = {}
    for report in reports:
        span = report.span_ns
        if span is None:
            continue
        for key in report.instruments:
            venue, _, symbol = key.partition(":")
            first, last, tables = spans.get((venue, symbol), (*span, set()))
            held = {name for name, rows in report.tables if rows}
            tables |= held
            if held & set(PRINTED):
                begin, end = printed.get((venue, symbol), span)
                printed[venue, symbol] = (min(begin, span[0]), max(end, span[1]))
            spans[venue, symbol] = (min(first, span[0]), max(last, span[1]), tables)
    out = []
    for (venue, symbol), (first, last, tables) in spans.items():
        try:
            asset = parse_symbol(symbol).asset
        except UnknownSymbolError:
            continue
        out.append(
            Market(asset, venue, symbol, first, last, tuple(sorted(tables)), printed.get((venue, symbol)))
        )
    return tuple(sorted(out, key=lambda m: (m.asset, m.venue, m.symbol)))


def without_places(text: str, places: Sequence[str]) -> str:
    """Return a text in which paths begin after these folders."""
    for place in places:
        text = text.replace(place, "")
    return text


__all__ = ["FilesBacking", "HeldBacking", "folders_of", "without_places"]
