"""Read recordings from files people already have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError, UnknownSymbolError
from liqatlas.flows.reporter import SILENT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from liqatlas.base.recording import Recording
    from liqatlas.flows.reporter import Reporter
    from liqatlas.venues.importers import Recognised


def read(
    *paths: Path | str,
    asset: str = "",
    venues: Sequence[str] = (),
    books: bool = False,
    reporter: Reporter = SILENT,
) -> list[Recording]:
    """Return what files and folders hold, one recording per instrument.

    Parameters
    ----------
    asset
        Only instruments of this asset or symbol; empty reads all.
    venues
        Only these venues; empty reads all.
    books
        Whether to read recorded order books too, which are large: risk grades, depth and cascades need them.

    Raises
    ------
    InputError
        If no path was given, or no instrument of the venues asked for is there.
    FormatError
        If a file is missing or cannot be read; carries path and line.
    UnknownSymbolError
        If files were read but none is of the asset.
    """
    if not paths:
        raise InputError("no file or folder was named: give some with --from")
    from liqatlas.venues.importers import read_paths
    from liqatlas.venues.importers.selection import MAP_TABLES

    seen: dict[str, int] = {}

    def show(known: Recognised, done: int, total: int) -> None:
        seen[known.title] = seen.get(known.title, 0) + 1
        reporter.progress(f"reading {known.title}", done, total)

    try:
        tables = MAP_TABLES | {"book_levels"} if books else MAP_TABLES
        recordings = read_paths(paths, asset=asset, venues=venues, tables=tables, progress=show)
    except UnknownSymbolError as error:
        if venues:
            raise InputError(
                f"{error}; only instruments of venue {', '.join(venues)} were asked for"
            ) from None
        raise
    for title, count in seen.items():
        reporter.notice(f"recognised {title}: {count} file{'s' if count > 1 else ''}")
    return recordings
