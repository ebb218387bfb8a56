"""See README.md of this room."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from liqatlas.base.room import make_callable

if TYPE_CHECKING:
    from liqatlas.plot.figure import Figure
    from liqatlas.plot.grid_picture import grid_figure
    from liqatlas.plot.heatmap_picture import heatmap_figure
    from liqatlas.plot.map_picture import map_figure
    from liqatlas.plot.terminal import Screen, render_heatmap, render_map

__all__ = ["Figure", "Screen", "grid_figure", "heatmap_figure", "map_figure", "render_heatmap", "render_map"]

#: Where each name lives; loaded on first use, since matplotlib takes about a second and terminal pictures need none.
_HOME = {
    "Figure": "figure",
    "Screen": "terminal",
    "grid_figure": "grid_picture",
    "heatmap_figure": "heatmap_picture",
    "map_figure": "map_picture",
    "render_heatmap": "terminal",
    "render_map": "terminal",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


make_callable(__name__)
