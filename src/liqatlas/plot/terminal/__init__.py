"""Pictures for a terminal; needs no matplotlib."""

from liqatlas.plot.terminal.canvas import Screen
from liqatlas.plot.terminal.heat_rows import render_heatmap
from liqatlas.plot.terminal.ladder import render_map

__all__ = ["Screen", "render_heatmap", "render_map"]
