"""Small multiples: the same asset over several windows and leverage ranges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from liqatlas.base.clock import format_window, parse_window
from liqatlas.flows.build import build_map, read_for
from liqatlas.flows.reporter import SILENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liqatlas.flows.reporter import Reporter
    from liqatlas.flows.request import Request
    from liqatlas.maps.liquidation_map import LiquidationMap

GRID_WINDOWS = tuple(parse_window(w) for w in ("24h", "3d", "7d"))
#: Leverage ranges of the grid's rows; None is all.
GRID_LEVERAGES: tuple[tuple[str, tuple[float, float] | None], ...] = (
    ("all leverage", None),
    ("25x and more", (25.0, float("inf"))),
    ("10-25x", (10.0, 25.0)),
)


def build_grid(
    request: Request, windows: Sequence[int] = GRID_WINDOWS, reporter: Reporter = SILENT
) -> list[tuple[str, LiquidationMap]]:
    """Return labelled maps, one row per leverage range, one column per window; data are read once."""
    recordings = read_for(request, reporter)
    whole = []
    for done, window in enumerate(windows):
        reporter.progress(f"folding {format_window(window)}", done, len(windows))
        whole.append(build_map(replace(request, window_ns=window, leverage=None), recordings, reporter))
    return [
        (f"{name}, {format_window(window)}", one if leverage is None else one.select(leverage=leverage))
        for name, leverage in GRID_LEVERAGES
        for window, one in zip(windows, whole, strict=True)
    ]
