"""Read recordings from files people already have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from liqatlas.base.recording import Recording


def read(
    paths: Sequence[Path],
    *,
    asset: str = "",
    venues: Sequence[str] = (),
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Recording]:
    """Return what the files hold, one recording per instrument.

    Parameters
    ----------
    asset
        Only instruments of this asset or symbol; empty reads all.
    venues
        Only these venues; empty reads all.

    Raises
    ------
    InputError
        If no path was given, or one is missing.
    FormatError
        If a file cannot be read; carries path and line.
    """
    from liqatlas.flows.request import existing
    from liqatlas.venues.importers import Wanted, read_paths

    found = existing(paths)
    return read_paths(found, Wanted(asset=asset, venues=frozenset(venues)), progress=progress)
