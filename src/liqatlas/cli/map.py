"""``liqatlas map``: at which prices positions would be liquidated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from liqatlas.cli.options import (
    DataOptions,
    MomentOptions,
    OutputOptions,
    QuantityOptions,
    choose_format,
    make_look,
    make_request,
)
from liqatlas.cli.output import emit, reporting, say
from liqatlas.flows.build import build_map, compile_kernels
from liqatlas.flows.grid import GRID_WINDOWS, build_grid
from liqatlas.flows.render import render_grid, render_map
from liqatlas.flows.wording import describe_level

if TYPE_CHECKING:
    from liqatlas.flows.render import Format
    from liqatlas.flows.request import Request


@Parameter(name="*", group="Map")
@dataclass(frozen=True, kw_only=True)
class MapOptions:
    """Which map."""

    kind: Literal["modelled", "realised", "measured"] = "modelled"
    "modelled: estimated from trades and open interest; realised: liquidations that happened; measured: public positions."
    by: Literal["venue", "leverage"] = "venue"
    "What the bars are stacked by."
    leverage: str | None = None
    "Keep this leverage range: 25-100, 50+ or 10."
    at: float | None = None
    "Also say how much is liquidated on the way to this price, per venue."
    grid: Annotated[bool, Parameter(negative="")] = False
    "Draw small maps of several windows and leverage ranges in one picture."


_DATA, _TIME, _OUTPUT = DataOptions(), MomentOptions(), OutputOptions()
_MAP, _QUANTITY = MapOptions(), QuantityOptions()


def map_(
    asset: str,
    /,
    *,
    which: MapOptions = _MAP,
    quantity: QuantityOptions = _QUANTITY,
    data: DataOptions = _DATA,
    time: MomentOptions = _TIME,
    output: OutputOptions = _OUTPUT,
) -> int:
    """Show at which prices positions would be liquidated, and how much.

    Parameters
    ----------
    asset
        An asset such as ETH, or one venue's symbol such as ETHUSDT.
    """
    form = choose_format(output)
    request = make_request(
        asset, data, time, output, kind=which.kind, quantity=quantity, leverage=which.leverage
    )
    drawn_range = request.price_range
    if form in {"png", "svg", "term"}:  # a picture cuts its own range, at whole bars
        request = replace(request, price_range=None)
    if which.grid:
        return _grid(request, form, time, output, which.by)
    with reporting() as reporter:
        if which.kind == "modelled":
            compile_kernels(reporter)
        result = build_map(request, reporter=reporter)
    for warning in result.head.warnings:
        say(f"note: {warning}")
    price_range = drawn_range.around(result.head.price) if drawn_range else None
    look = make_look(output, time, by=which.by, price_range=price_range)
    asked = bool(request.bins or request.price_step)
    emit(render_map(result, form, look, as_is=asked, at=which.at), form, output.output)
    if which.at is not None and form != "json":
        say(describe_level(result, which.at))
    return 0


def _grid(
    request: Request,
    form: Format,
    time: MomentOptions,
    output: OutputOptions,
    by: Literal["venue", "leverage"],
) -> int:
    """Draw the grid of windows and leverage ranges."""
    with reporting() as reporter:
        compile_kernels(reporter)
        maps = build_grid(request, GRID_WINDOWS, reporter=reporter)
    look = make_look(output, time, by=by, price_range=None)
    emit(render_grid(maps, form, look), form, output.output)
    return 0
