"""``liqatlas clusters``: the zones of a map, with distance, grade and priority."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Annotated, get_args

from cyclopts import Parameter

from liqatlas.base.errors import InputError
from liqatlas.cli.options import (
    BookOptions,
    DataOptions,
    MomentOptions,
    OutputOptions,
    format_or_ending,
    make_books,
    make_request,
)
from liqatlas.cli.output import emit, reporting, say
from liqatlas.flows.build import compile_kernels
from liqatlas.flows.clusters import ClusterFormat, build_clusters, render_clusters
from liqatlas.flows.request import parse_amount


@Parameter(name="*", group="Clusters")
@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """Which clusters."""

    format: ClusterFormat | None = None
    "Default is the ending of the output file, else the terminal."
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None
    "File to write; default is standard output."
    threshold: str | None = None
    "Also list every price level above this amount, such as 20M: the plain method of many guides."
    daily_volatility: float | None = None
    "Volatility of a day as a fraction, such as 0.03, in place of the realised one."
    settings: Path | None = None
    "File of signal settings in place of the shipped ones."


_DATA, _TIME, _BOOKS, _WHICH = DataOptions(), MomentOptions(), BookOptions(), ClusterOptions()


def clusters(
    asset: str,
    /,
    *,
    which: ClusterOptions = _WHICH,
    data: DataOptions = _DATA,
    time: MomentOptions = _TIME,
    books: BookOptions = _BOOKS,
) -> int:
    """List the zones where levels are dense: band, amount, distance, grades, priority, and the clean gaps between.

    Parameters
    ----------
    asset
        An asset such as ETH, or one venue's symbol such as ETHUSDT.
    """
    form = format_or_ending(which.format, which.output, get_args(ClusterFormat))
    threshold = parse_amount(which.threshold) if which.threshold else None
    if which.daily_volatility is not None and not 0 < which.daily_volatility < 1:
        raise InputError(
            f"--daily-volatility {which.daily_volatility:g} cannot be used: wanted a fraction such as 0.03"
        )
    request = make_request(asset, data, time, OutputOptions())
    with reporting() as reporter:
        compile_kernels(reporter)
        result = build_clusters(
            request,
            daily_volatility=which.daily_volatility,
            settings_file=which.settings,
            books=make_books(books),
            reporter=reporter,
        )
    for warning in result.map.head.warnings:
        say(f"note: {warning}")
    emit(render_clusters(result, form, threshold), form, which.output)
    return 0
