"""``liqatlas stress``: at which prices one's own positions are liquidated, and what moves those prices away."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Annotated, get_args

from cyclopts import Parameter

from liqatlas.base.clock import parse_window
from liqatlas.base.errors import FormatError, InputError
from liqatlas.cli.options import format_or_ending
from liqatlas.cli.output import emit, reporting, say, terminal_look
from liqatlas.flows.request import moment
from liqatlas.flows.stress import StressFormat, build_stress, render_stress
from liqatlas.flows.stress_market import StressRequest


@Parameter(name="*", group="Stress")
@dataclass(frozen=True, kw_only=True)
class StressOptions:
    """Against what, and how the answer is shown."""

    positions: Annotated[Path, Parameter(allow_leading_hyphen=True)]
    "CSV or JSON of positions, or - for standard input; columns in docs/reference/stress.md."
    price: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    "Mark price, such as BTCUSDT=65000 or BTC=65000; may be given several times."
    from_: Annotated[tuple[Path, ...], Parameter(name="--from", consume_multiple=True, negative="")] = ()
    "Recordings: give prices, volatility and the clusters between price and level."
    window: str = "7d"
    "Window of the map that clusters are found on."
    as_of: str | None = None
    "Moment of prices, rules and tiers; default is the newest in the data, or now."
    daily_volatility: float | None = None
    "Volatility of a day as a fraction, such as 0.03, in place of the realised one."
    option_delta: float = 0.5
    "Absolute delta of the options a hedge is given in."
    hedge_share: float = 1.0
    "Share of the exposure to hedge."
    format: StressFormat | None = None
    "Default is the ending of the output file, else the terminal."
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None
    "File to write; default is standard output."


def stress(*, which: StressOptions) -> int:
    """Say at which prices positions are liquidated, what lies on the way, what moves would cost, and what helps."""
    _check(which)
    request = StressRequest(
        text=_text(which.positions),
        name=str(which.positions),
        prices=_prices(which.price),
        paths=which.from_,
        as_of_ns=moment(which.as_of),
        daily_volatility=which.daily_volatility,
        option_delta=which.option_delta,
        hedge_share=which.hedge_share,
        window_ns=parse_window(which.window),
    )
    with reporting() as reporter:
        result = build_stress(request, reporter)
    for entry in result.tree["positions"]:
        if entry["error"]:
            say(f"line {entry['line']}: {entry['error']}")
    form = format_or_ending(which.format, which.output, get_args(StressFormat))
    width = terminal_look(to_file=which.output is not None)[0]
    emit(render_stress(result, form, width=width), form, which.output)
    return result.exit_code


def _check(which: StressOptions) -> None:
    """Refuse shares and volatilities that are none."""
    if which.daily_volatility is not None and not 0 < which.daily_volatility < 1:
        raise InputError(
            f"--daily-volatility {which.daily_volatility:g} cannot be used: wanted a fraction such as 0.03"
        )
    if not 0 < which.option_delta <= 1:
        raise InputError(f"--option-delta {which.option_delta:g} cannot be used: wanted above 0, up to 1")
    if not 0 < which.hedge_share <= 1:
        raise InputError(f"--hedge-share {which.hedge_share:g} cannot be used: wanted above 0, up to 1")


def _text(path: Path) -> str:
    """Return the text of a file or of standard input."""
    try:
        raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError(path, "is not UTF-8 text: wanted CSV or JSON") from None
    except OSError as error:
        raise FormatError(path, f"cannot be read: {error.strerror or error}") from None


def _prices(texts: tuple[str, ...]) -> dict[str, float]:
    """Return prices by name from ``BTCUSDT=65000``."""
    out: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            price = float(value.replace(",", "").replace("_", ""))
        except ValueError:
            price = 0.0
        if not name.strip() or not 0 < price < float("inf"):
            raise InputError(f"--price {text!r} cannot be read: wanted SYMBOL=VALUE such as BTCUSDT=65000")
        out[name.strip().upper()] = price
    return out
