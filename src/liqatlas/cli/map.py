"""``liqatlas map``: at which prices positions would be liquidated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from liqatlas.cli.options import (
    DataOptions,
    MomentOptions,
    OutputOptions,
    choose_format,
    make_look,
    make_request,
)
from liqatlas.cli.output import emit, progress_bar, say
from liqatlas.flows.build import build_map, compile_first
from liqatlas.flows.grid import GRID_WINDOWS, build_grid
from liqatlas.flows.render import render_grid, render_map
from liqatlas.flows.wording import describe_level

if TYPE_CHECKING:
    from liqatlas.cli.options import Request
    from liqatlas.flows.render import Format

_DATA, _TIME, _OUTPUT = DataOptions(), MomentOptions(), OutputOptions()


def map_(
    asset: str,
    /,
    *,
    kind: Literal["modelled", "realised"] = "modelled",
    quantity: Literal["outstanding", "expected"] | None = None,
    by: Literal["venue", "leverage"] = "venue",
    leverage: str | None = None,
    at: float | None = None,
    grid: bool = False,
    data: DataOptions = _DATA,
    time: MomentOptions = _TIME,
    output: OutputOptions = _OUTPUT,
) -> int:
    """Show at which prices positions would be liquidated, and how much.

    Parameters
    ----------
    asset
        An asset such as ETH, or one venue's symbol such as ETHUSDT.
    kind
        modelled: levels estimated from trades and open interest; realised: liquidations that happened.
    quantity
        outstanding: open notional with its level there; expected: prints if the price touched it (needs a calibration).
    by
        What the bars are stacked by.
    leverage
        Keep this leverage range: 25-100, 50+ or 10.
    at
        Also say how much is liquidated on the way to this price, per venue.
    grid
        Draw small maps of several windows and leverage ranges in one picture.
    """
    form = choose_format(output)
    request = make_request(asset, data, time, output, kind=kind, quantity=quantity, leverage=leverage)
    if grid:
        return _grid(request, form, time, output, by)
    with progress_bar() as progress:
        compile_first(progress)
        result = build_map(request, progress=progress)
    for warning in result.head.warnings:
        say(f"note: {warning}")
    price_range = request.price_range.around(result.head.price) if request.price_range else None
    look = make_look(output, time, by=by, price_range=price_range)
    asked = bool(request.bins or request.price_step)
    emit(render_map(result, form, look, as_is=asked, at=at), form, output.output)
    if at is not None and form != "json":
        say(describe_level(result, at))
    return 0


def _grid(
    request: Request, form: Format, time: MomentOptions, output: OutputOptions, by: Literal["venue", "leverage"]
) -> int:
    """Draw the grid of windows and leverage ranges."""
    with progress_bar() as progress:
        compile_first(progress)
        maps = build_grid(request, GRID_WINDOWS, progress=progress)
    look = make_look(output, time, by=by, price_range=None)
    emit(render_grid(maps, form, look), form, output.output)
    return 0
