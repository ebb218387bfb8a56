"""Files and folders → recordings: gather, recognise, read, assemble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from liqatlas.base.errors import FormatError, LiqAtlasError, UnknownSymbolError
from liqatlas.base.symbols import near_names, parse_symbol
from liqatlas.venues.importers.assembly import assemble
from liqatlas.venues.importers.names import binance_venue, usdt_symbol
from liqatlas.venues.importers.registry import recognise_source
from liqatlas.venues.importers.selection import MAP_TABLES, Wanted
from liqatlas.venues.importers.sources import open_sources

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from liqatlas.base.recording import Recording
    from liqatlas.venues.importers.pieces import Piece
    from liqatlas.venues.importers.recognition import Format, Recognised
    from liqatlas.venues.importers.sources import Source

#: Called before a file is read: what it is, its place from 1, and how many there are.
Progress = Callable[["Recognised", int, int], None]
#: Files that stand beside data and say nothing.
_NOT_DATA = frozenset(
    {".md", ".txt", ".html", ".pdf", ".py", ".ipynb", ".png", ".svg", ".checksum", ".toml", ".lock"}
)


@dataclass(slots=True)
class Heap:
    """Files as they were recognised, before any is read."""

    entries: list[tuple[Source, Format, Recognised]] = field(default_factory=list)
    #: Symbol (empty: any) and what to say of a file that gives nothing.
    skipped: list[tuple[str, str]] = field(default_factory=list)
    errors: list[LiqAtlasError] = field(default_factory=list)


def recognise(path: str | os.PathLike[str]) -> list[Recognised]:
    """Return what a file is, one entry for each table of bytes in it (a zip may hold several).

    Raises
    ------
    FormatError
        If it is missing, empty, damaged or of an unknown format.
    """
    return [recognise_source(source)[1] for source in open_sources(Path(path))]


def read_paths(
    paths: Iterable[str | os.PathLike[str]],
    *,
    asset: str = "",
    venues: Iterable[str] = (),
    tables: Iterable[str] = MAP_TABLES,
    progress: Progress | None = None,
) -> list[Recording]:
    """Read files and folders (with all below them) into one recording for each instrument.

    Parameters
    ----------
    paths
        Files and folders. A file named here must be readable; in a folder, files of other kinds are passed over with a
        warning.
    asset
        A coin or a contract: only its instruments are read. A file that does not say whose it is counts as the coin's USDT
        perpetual.
    venues
        Venue keys to keep; empty keeps all.
    tables
        Recording tables to keep; books and positions must be asked for.
    progress
        Called with each recognised file before it is read; nothing is printed here.

    Returns
    -------
    list of Recording
        Sorted by venue and symbol, with ``sources`` and ``warnings``.

    Raises
    ------
    FormatError
        If a file cannot be read, or nothing readable is there.
    UnknownSymbolError
        If files were read but none is of the asset.
    """
    wanted = Wanted(asset, frozenset(venues), frozenset(tables))
    heap = _recognise_all(paths)
    used, others = _choose(heap, wanted)
    pieces: list[Piece] = []
    for number, (source, form, known, named) in enumerate(used, start=1):
        if progress is not None:
            progress(known, number, len(used))
        try:
            made = form.read(source, known, wanted)
        except FormatError as error:
            if named:
                raise
            heap.errors.append(error)
            heap.skipped.append((known.symbol, f"not read: {error}"))
            continue
        pieces += [piece for piece in made if wanted.takes(piece.venue, piece.symbol)]
        others += [piece.symbol for piece in made if not wanted.takes(piece.venue, piece.symbol)]
    grouped: dict[tuple[str, str], list[Piece]] = {}
    for piece in pieces:
        if wanted.takes_table(piece.table):
            grouped.setdefault((piece.venue, piece.symbol), []).append(piece)
    if not grouped:
        raise _nothing(heap, wanted, others)
    recordings = [
        assemble(venue, symbol, grouped[venue, symbol]).recording for venue, symbol in sorted(grouped)
    ]
    return [
        replace(one, warnings=(*one.warnings, *_said_of(one.instrument.symbol, heap))) for one in recordings
    ]


def _said_of(symbol: str, heap: Heap) -> list[str]:
    """Return what to say of files that gave nothing to an instrument, and might have."""
    return [text for whose, text in heap.skipped if whose in ("", symbol)]


def _recognise_all(paths: Iterable[str | os.PathLike[str]]) -> Heap:
    """Recognise every file; what a folder holds besides data is noted, a named file must be known."""
    heap = Heap()
    for path, named in gather(paths):
        try:
            for source in open_sources(path):
                form, known = recognise_source(source)
                heap.entries.append(
                    (
                        source,
                        form,
                        known if named else replace(known, details={**known.details, "_in_folder": True}),
                    )
                )
        except FormatError as error:
            if named:
                raise
            heap.errors.append(error)
            heap.skipped.append(("", f"not read: {error}"))
    return heap


def gather(paths: Iterable[str | os.PathLike[str]]) -> list[tuple[Path, bool]]:
    """Return the files that paths name (true) or hold (false), each once, in order of name within a folder.

    Raises
    ------
    FormatError
        If a path does not exist, or a folder holds no file.
    """
    gathered: dict[Path, bool] = {}
    for raw in paths:
        path = Path(raw).expanduser()
        if not path.exists():
            raise FormatError(path, "no such file or folder; give the path of one that exists")
        if path.is_dir():
            inside = [one for one in sorted(path.rglob("*")) if one.is_file() and _may_be_data(one)]
            if not inside:
                raise FormatError(
                    path, "the folder holds no data files; wanted CSV, JSON lines, Parquet, gzip or zip"
                )
            for one in inside:
                gathered.setdefault(one, False)
        else:
            gathered[path] = True
    return list(gathered.items())


def _may_be_data(path: Path) -> bool:
    return path.suffix.lower() not in _NOT_DATA and not any(
        part.startswith(".") for part in path.parts[1:] if part != ".."
    )


def _choose(heap: Heap, wanted: Wanted) -> tuple[list[tuple[Source, Format, Recognised, bool]], list[str]]:
    """Return the entries to read, their symbols filled in, and the symbols of those left aside."""
    used, others = [], []
    for source, form, known in heap.entries:
        named = not known.details.get("_in_folder", False)
        if known.unused:
            heap.skipped.append((known.symbol, f"{known.label}: {known.title}, not used: {known.unused}"))
            continue
        filled = fill_symbol(known, wanted)
        if not wanted.takes(filled.venue, filled.symbol):
            others.append(filled.symbol)
        elif any(wanted.takes_table(table) for table in filled.tables):
            used.append((source, form, filled, named))
    return used, others


def fill_symbol(known: Recognised, wanted: Wanted) -> Recognised:
    """Return a recognised file with a symbol: its own, or what the caller asked for where nothing in it says.

    Raises
    ------
    FormatError
        If neither says.
    """
    if known.symbol or known.details.get("several", False):
        return known
    if not wanted.asset:
        raise FormatError(
            known.label,
            f"a {known.title} file that does not say whose it is; name the asset, or rename the file as in "
            "BTCUSDT-aggTrades-2026-01-31.csv",
        )
    symbol = parse_symbol(wanted.asset).asset if known.venue == "hyperliquid" else usdt_symbol(wanted.asset)
    venue = binance_venue(symbol) if known.venue == "binance" else known.venue
    return replace(known, venue=venue, symbol=symbol, how=f"{known.how}, symbol as asked for")


def _nothing(heap: Heap, wanted: Wanted, others: list[str]) -> LiqAtlasError:
    """Return the error that says best why no recording came out."""
    if heap.errors and not others:
        return heap.errors[0]
    if others:
        names = sorted(set(others))
        return UnknownSymbolError(
            wanted.asset or "",
            near_names(wanted.asset, names) or names[:5],
            where=f"these files, which hold {', '.join(names[:12])}",
        )
    reasons = "; ".join(text for _, text in heap.skipped[:3]) or "no file gives a table that was asked for"
    return FormatError("input", f"nothing to make a map of: {reasons}")
