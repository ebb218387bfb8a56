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
#: Least share of the widest map for which a leverage band gets a row.
LEAST_SHARE = 0.03


def build_grid(
    request: Request, windows: Sequence[int] = GRID_WINDOWS, reporter: Reporter = SILENT
) -> list[tuple[str, LiquidationMap]]:
    """Return labelled maps, one column per window; the rows are all leverage and the two highest bands that hold something.

    Data are read once.
    """
    recordings = read_for(request, reporter)
    whole = []
    for done, window in enumerate(windows):
        reporter.progress(f"folding {format_window(window)}", done, len(windows))
        whole.append(build_map(replace(request, window_ns=window, leverage=None), recordings, reporter))
    widest = whole[-1]
    held = [
        b
        for b, usd in zip(widest.bands, widest.usd.sum(axis=(0, 2, 3)), strict=True)
        if usd > LEAST_SHARE * widest.usd.sum()
    ]
    return [
        (f"{name}, {format_window(window)}", one if leverage is None else one.select(leverage=leverage))
        for name, leverage in [("all leverage", None), *((b.label, (b.low, b.high)) for b in held[:2])]
        for window, one in zip(windows, whole, strict=True)
    ]
