"""``liqatlas cascade``: how far a shock runs through the map and the books."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from cyclopts import Parameter

from liqatlas.base.errors import InputError
from liqatlas.cli.options import (
    BookOptions,
    DataOptions,
    MomentOptions,
    OutputOptions,
    QuantityOptions,
    choose_format,
    make_books,
    make_look,
    make_request,
)
from liqatlas.cli.output import emit, reporting, say
from liqatlas.flows.build import compile_kernels
from liqatlas.flows.cascade import (
    CascadeFormat,
    build_cascade,
    make_settings,
    read_shock,
    render_cascade,
)

FORMATS = ("term", "json", "csv", "png", "svg")


@Parameter(name="*", group="Moment")
@dataclass(frozen=True, kw_only=True)
class CascadeMoment(MomentOptions):
    """Which stretch of time; a cascade counts every position it can see."""

    window: str = "1y"
    "Length of history whose positions count: 7d, 30d, 1y."


@Parameter(name="*", group="Cascade")
@dataclass(frozen=True, kw_only=True)
class CascadeOptions:
    """Which cascade."""

    shock: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    "A move (-5%), a net market order in USD (-200M sold, 50M bought), level:60000 for the smallest order that gets there, or market:down, market:up for what may come by itself within the horizon."
    order: str | None = None
    "A large execution instead: buy:20M or sell:5M."
    stress: str | None = None
    "State of the books: calm (fitted), stress, october-2025 (assumed), visible (the naive walk)."
    within: str | None = None
    "How long a run may last: 1h (default), 30m, 4h; amounts are those liquidated within it."
    over: str | None = None
    "How long the shock takes: 5m (default), 30s, 1h."
    runs: int = 2000
    "Monte Carlo runs."
    seed: int = 1
    "The same seed gives the same answer."
    workers: int = 0
    "Threads; 0 takes all cores. The answer does not depend on it."
    venue_rules: bool = True
    "Partial steps, insurance funds and deleveraging as each venue states them."
    thinning: float = 1.0
    "For an expected map: published prints over true liquidations."


_DATA, _TIME, _OUTPUT = DataOptions(), CascadeMoment(), OutputOptions()
_CASCADE, _QUANTITY, _BOOKS = CascadeOptions(), QuantityOptions(), BookOptions()


def cascade(
    asset: str,
    /,
    *,
    which: CascadeOptions = _CASCADE,
    quantity: QuantityOptions = _QUANTITY,
    books: BookOptions = _BOOKS,
    data: DataOptions = _DATA,
    time: CascadeMoment = _TIME,
    output: OutputOptions = _OUTPUT,
) -> int:
    """Show how far a shock runs: levels reached, amounts liquidated, what it takes to reach each level.

    Parameters
    ----------
    asset
        An asset such as BTC, or one venue's symbol such as BTCUSDT.
    """
    form = choose_format(output)
    if form not in FORMATS:
        raise InputError(f"a cascade cannot be shown as {form}: wanted {', '.join(FORMATS)}")
    shock = read_shock(which.shock, which.order)
    settings = make_settings(
        runs=which.runs, seed=which.seed, workers=which.workers, regime=which.stress, print_thinning=which.thinning,
        venue_rules=which.venue_rules, lasting=(which.within, which.over),
    )  # fmt: skip
    chosen = make_books(books)
    request = make_request(asset, data, time, output, quantity=quantity)
    with reporting() as reporter:
        compile_kernels(reporter)
        result = build_cascade(
            request, shock, settings, book_paths=chosen.paths, depths=chosen.depths, reporter=reporter
        )
    for warning in result.warnings:
        say(f"note: {warning}")
    look = make_look(output, time, by="venue", price_range=None)
    emit(render_cascade(result, cast("CascadeFormat", form), look), form, output.output)
    return 0
