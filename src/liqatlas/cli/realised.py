"""``liqatlas realised``: liquidations that happened, summed up."""

from __future__ import annotations

from liqatlas.cli.options import (
    DataOptions,
    MomentOptions,
    OutputOptions,
    choose_format,
    make_look,
    make_request,
)
from liqatlas.cli.output import emit, reporting, say
from liqatlas.flows.realised import build_realised
from liqatlas.flows.realised_report import render_realised

_DATA, _TIME, _OUTPUT = DataOptions(), MomentOptions(), OutputOptions()


def realised(
    asset: str,
    /,
    *,
    data: DataOptions = _DATA,
    time: MomentOptions = _TIME,
    output: OutputOptions = _OUTPUT,
) -> int:
    """Show what was liquidated in the last 1, 4, 12 and 24 hours, per exchange; a picture shows time and price of each print.

    Parameters
    ----------
    asset
        An asset such as ETH, or one venue's symbol such as ETHUSDT.
    """
    form = choose_format(output)
    request = make_request(asset, data, time, output)
    with reporting() as reporter:
        result = build_realised(request, reporter=reporter)
    if form != "term":
        for warning in result.warnings:
            say(f"note: {warning}")
    look = make_look(output, time, by="venue", price_range=None)
    emit(render_realised(result, form, look), form, output.output)
    return 0
