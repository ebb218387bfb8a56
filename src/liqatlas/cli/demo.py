"""``liqatlas demo``: a map and a heatmap of a simulated market, labelled so."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from liqatlas.base.clock import parse_window
from liqatlas.base.errors import InputError
from liqatlas.cli.options import MomentOptions, OutputOptions, make_look
from liqatlas.cli.output import emit, reporting, say
from liqatlas.flows.build import build_heatmap, build_map, compile_kernels
from liqatlas.flows.render import render_heatmap, render_map
from liqatlas.flows.request import Request
from liqatlas.flows.simulated import ASSET, simulated_market


def demo(
    *,
    seed: int = 1,
    days: float = 14.0,
    window: str = "7d",
    by: Literal["venue", "leverage"] = "venue",
    theme: Literal["dark", "light"] = "dark",
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("liqatlas-demo"),
) -> int:
    """Show a map of a simulated market in the terminal and write its pictures.

    Parameters
    ----------
    seed
        Another number is another market.
    days
        Length of the simulated history.
    window
        Positions opened within this stretch are shown.
    by
        What the bars are stacked by.
    theme
        Look of the pictures.
    output
        Folder for map.png, heatmap.png and map.json.
    """
    request = Request(asset=ASSET, window_ns=parse_window(window))
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {output}: {error.strerror or error}") from None
    with reporting() as reporter:
        compile_kernels(reporter)
        reporter.progress("simulating a market", 0, 4)
        market = simulated_market(seed=seed, days=days)
        reporter.progress("folding its history", 1, 4)
        result = build_map(request, market)
        heat = build_heatmap(request, market)
        reporter.progress("drawing", 2, 4)
        look = make_look(OutputOptions(theme=theme), MomentOptions(), by=by, price_range=None)
        pictures = {
            "map.png": render_map(result, "png", look),
            "heatmap.png": render_heatmap(heat, "png", look),
            "map.json": render_map(result, "json", look),
        }
    emit(render_map(result, "term", look), "term", None)
    for name, content in pictures.items():
        emit(content, name.rpartition(".")[2], output / name)
    say("everything above is SIMULATED; for real data: liqatlas map ETH --from FILES --window 3d")
    return 0
