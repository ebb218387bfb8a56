"""``liqatlas heatmap``: the levels over time, under the candles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: F401  (cyclopts reads the annotations, inherited ones too)
from typing import Literal

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
from liqatlas.flows.build import build_heatmap, compile_kernels
from liqatlas.flows.render import render_heatmap


@Parameter(name="*", group="Quantity")
@dataclass(frozen=True, kw_only=True)
class LevelOptions(QuantityOptions):
    """Which levels, and which of the two quantities."""

    kind: Literal["modelled", "measured"] = "modelled"
    "modelled: levels estimated from trades and open interest; measured: public positions, one column per snapshot."
    quantity: Literal["outstanding", "expected"] = "outstanding"
    "outstanding: open notional with its level there; expected: prints if the price touched it, a column per hour, of one instrument."


_WHAT = LevelOptions()
_DATA, _TIME, _OUTPUT = DataOptions(), MomentOptions(), OutputOptions()


def heatmap(
    asset: str,
    /,
    *,
    what: LevelOptions = _WHAT,
    columns: int = 400,
    rows: int = 300,
    data: DataOptions = _DATA,
    time: MomentOptions = _TIME,
    output: OutputOptions = _OUTPUT,
) -> int:
    """Show the levels over time, under the candles; each column is as of its own moment.

    Parameters
    ----------
    asset
        An asset such as ETH, or one venue's symbol such as ETHUSDT.
    columns
        Moments in the window.
    rows
        Price rows.
    """
    form = choose_format(output)
    request = make_request(asset, data, time, output, kind=what.kind, quantity=what)
    with reporting() as reporter:
        if what.kind == "modelled" and what.quantity == "outstanding":
            compile_kernels(reporter)
        result = build_heatmap(request, columns=columns, rows=rows, reporter=reporter)
    for warning in result.head.warnings:
        say(f"note: {warning}")
    price_range = request.price_range.around(result.head.price) if request.price_range else None
    look = make_look(output, time, by="venue", price_range=price_range)
    emit(render_heatmap(result, form, look), form, output.output)
    return 0
