"""What is in these files? One report for each, for people to read before they trust a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.errors import FormatError
from liqatlas.venues.importers.assembly import assemble
from liqatlas.venues.importers.gaps import Gap, find_gaps
from liqatlas.venues.importers.reading import fill_symbol, gather
from liqatlas.venues.importers.recognition import read_head
from liqatlas.venues.importers.registry import match_head, unknown_head
from liqatlas.venues.importers.selection import ALL_TABLES, Wanted
from liqatlas.venues.importers.sources import open_sources

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from pathlib import Path

    from liqatlas.venues.importers.pieces import Piece
    from liqatlas.venues.importers.reading import Progress
    from liqatlas.venues.importers.recognition import Format, Recognised
    from liqatlas.venues.importers.sources import Source


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file, or one member of a zip.

    Attributes
    ----------
    path
        As people name it.
    format, instruments
        The format's title; ``venue:symbol`` of what it holds. Both empty where the file could not be recognised.
    tables
        Rows by table.
    rows
        Rows that could be read.
    span_ns
        First and last moment [ns], ``None`` where nothing was read.
    gaps
        By table.
    duplicates, out_of_order, bad_rows, blank_rows
        In rows.
    problems
        Sentences, worst first; ``readable`` is false where the first of them stopped the reading.
    unknown
        Whether no format knows the file; which there are is said by ``understood``, once for all files.
    """

    path: str
    format: str = ""
    instruments: tuple[str, ...] = ()
    tables: tuple[tuple[str, int], ...] = ()
    rows: int = 0
    span_ns: tuple[int, int] | None = None
    gaps: tuple[tuple[str, Gap], ...] = ()
    duplicates: int = 0
    out_of_order: int = 0
    bad_rows: int = 0
    blank_rows: int = 0
    problems: tuple[str, ...] = ()
    readable: bool = True
    unknown: bool = False


def inspect_paths(
    paths: Iterable[str | os.PathLike[str]], *, asset: str = "", progress: Progress | None = None
) -> list[FileReport]:
    """Read every file by itself and report on it; a file that cannot be read gets a report that says why.

    Raises
    ------
    FormatError
        Only if a path does not exist or a folder is empty.
    """
    wanted = Wanted(asset, tables=ALL_TABLES)
    files = gather(paths)
    reports: list[FileReport] = []
    for number, (path, _) in enumerate(files, start=1):
        reports += _inspect_file(path, wanted, progress, (number, len(files)))
    return reports


def _inspect_file(
    path: Path, wanted: Wanted, progress: Progress | None, place: tuple[int, int]
) -> list[FileReport]:
    try:
        sources = open_sources(path)
    except FormatError as error:
        return [FileReport(str(path), problems=(str(error),), readable=False)]
    reports = []
    for source in sources:
        try:
            head = read_head(source)
        except FormatError as error:
            reports.append(FileReport(source.label, problems=(str(error),), readable=False))
            continue
        found = match_head(head)
        if found is None:
            said = f"{source.label}: {unknown_head(head)}"
            reports.append(FileReport(source.label, problems=(said,), readable=False, unknown=True))
            continue
        form, known = found
        if progress is not None:
            progress(known, *place)
        reports.append(_inspect_source(source, form, known, wanted))
    return reports


def _inspect_source(source: Source, form: Format, known: Recognised, wanted: Wanted) -> FileReport:
    whose = ":".join(part for part in (known.venue, known.symbol) if part)
    if known.unused:
        return FileReport(
            source.label, known.title, (whose,) if whose else (), problems=(f"not used: {known.unused}",)
        )
    try:
        known = fill_symbol(known, wanted)
        if not wanted.takes(known.venue, known.symbol):
            return FileReport(
                source.label, known.title, (whose,), problems=(f"not of {wanted.asset}, not read",)
            )
        return _report(source, known, form.read(source, known, wanted))
    except FormatError as error:
        return FileReport(
            source.label, known.title, (whose,) if whose else (), problems=(str(error),), readable=False
        )


def _report(source: Source, known: Recognised, pieces: list[Piece]) -> FileReport:
    """Return the report on the pieces of one source."""
    counts = [piece.counts for piece in pieces]
    spans: list[tuple[int, int]] = []
    gaps: list[tuple[str, Gap]] = []
    tables: dict[str, int] = {}
    problems: list[str] = []
    duplicates = moved = 0
    grouped: dict[tuple[str, str], list[Piece]] = {}
    for piece in pieces:
        grouped.setdefault((piece.venue, piece.symbol), []).append(piece)
    for (venue, symbol), mine in grouped.items():
        made = assemble(venue, symbol, mine)
        duplicates += made.duplicates
        moved += made.out_of_order
        problems += made.recording.warnings
        span = made.recording.span_ns()
        spans += [span] if span else []
        for name, frame in made.recording.tables().items():
            tables[name] = tables.get(name, 0) + frame.height
            gaps += [(name, gap) for gap in find_gaps(name, frame)]
    return FileReport(
        path=source.label,
        format=known.title,
        instruments=tuple(f"{venue}:{symbol}" for venue, symbol in grouped),
        tables=tuple(tables.items()),
        rows=max((count.rows for count in counts), default=0),
        span_ns=(min(first for first, _ in spans), max(last for _, last in spans)) if spans else None,
        gaps=tuple(gaps),
        duplicates=duplicates,
        out_of_order=moved,
        bad_rows=max((count.bad for count in counts), default=0),
        blank_rows=max((count.blank for count in counts), default=0),
        problems=tuple(dict.fromkeys(problems)),
    )
