"""The lake as a source of the Python face: named once, read by whatever asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from liqatlas.base.clock import parse_window
from liqatlas.base.config import load_settings
from liqatlas.base.errors import SourceUnavailableError
from liqatlas.flows.lake import default_lake, read_lake
from liqatlas.flows.request import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.base.recording import Recording

#: All that a lake holds.
EVERYTHING_NS = parse_window("100y")


@dataclass(frozen=True, slots=True)
class LakeSource:
    """A lake by its folder; nothing is read before something asks for it."""

    path: Path

    def recordings(self, asset: str, *, window_ns: int, as_of_ns: int | None = None) -> list[Recording]:
        """Return an asset's recordings of a window and the month before it; raises as :func:`liqatlas.flows.lake.read_lake`."""
        return read_lake(Request(asset=asset, window_ns=window_ns, as_of_ns=as_of_ns), self.path)


def lake(path: str | Path | None = None) -> LakeSource:
    """Return a lake as a source; without a path that of the settings.

    Maps, heatmaps and reports are read from its stored segments, as on the command line; the rest reads the rows it needs.

    Raises
    ------
    SourceUnavailableError
        If there is no lake there.

    Examples
    --------
    >>> import liqatlas as lq
    >>> lq.lake("no/such/folder")
    Traceback (most recent call last):
        ...
    liqatlas.base.errors.SourceUnavailableError: there is no lake at no/such/folder: fill one with ingest, record or backfill
    """
    found = default_lake() if path is None else Path(path)
    if found is None or not (found / "catalogue.sqlite").is_file():
        at = load_settings().lake_path if found is None else found
        raise SourceUnavailableError(f"there is no lake at {at}: fill one with ingest, record or backfill")
    return LakeSource(found)


def recordings_of(
    source: Sequence[Recording] | LakeSource,
    asset: str,
    *,
    window_ns: int = EVERYTHING_NS,
    as_of_ns: int | None = None,
) -> Sequence[Recording]:
    """Return recordings as they were given, or an asset's rows from a lake."""
    if isinstance(source, LakeSource):
        return source.recordings(asset, window_ns=window_ns, as_of_ns=as_of_ns)
    return source
