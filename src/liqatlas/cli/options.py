"""Options that several verbs share, and how they become a request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar, get_args

from cyclopts import Parameter

from liqatlas.base.clock import parse_window, parse_zone
from liqatlas.base.errors import InputError
from liqatlas.cli.output import terminal_look
from liqatlas.flows.render import Format, Look
from liqatlas.flows.request import (
    Request,
    moment,
    parse_amount,
    parse_bins,
    parse_leverage,
    parse_range,
)

if TYPE_CHECKING:
    from liqatlas.flows.books import BookChoice

F = TypeVar("F", bound=str)
#: Endings that are not the name of their format.
_ENDINGS = {"txt": "term", "htm": "html", "feather": "arrow"}


@Parameter(name="*", group="Data")
@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Where data come from and which instruments count."""

    from_: Annotated[tuple[Path, ...], Parameter(name="--from", consume_multiple=True, negative="")] = ()
    "Files or folders to read; formats are recognised by content."
    from_url: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="")] = ()
    "Measured maps: web addresses of files of positions or loans, read beside --from (http or https, up to 64 MB)."
    lake: Path | None = None
    "Lake to read; default is that of the settings, where there is one."
    venue: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    "Keep only this venue; may be given several times."
    quote: str | None = None
    "Keep only instruments quoted in this currency."
    margin: str | None = None
    "Keep only instruments margined in this currency."
    dated: Annotated[bool, Parameter(negative="")] = False
    "Count dated futures too."
    open_interest: str | None = None
    "One-sided open interest in USD to assume where the files hold none, such as 250M."
    max_leverage: float | None = None
    "Leverage cap of the symbol, where no sourced tiers are known; needs --maintenance-rate."
    maintenance_rate: float | None = None
    "Maintenance margin rate of the lowest tier as a fraction, such as 0.005."
    others: Literal["still", "follow"] = "still"
    "Measured maps: whether the other coins of a cross account stand still or move along with the asset (by their beta)."
    meta: Path | None = None
    "Measured maps: a saved answer to Hyperliquid's meta, whose margin tables go before the shipped ones."


@Parameter(name="*", group="Moment")
@dataclass(frozen=True, kw_only=True)
class MomentOptions:
    """Which stretch of time."""

    window: str = "7d"
    "Length of history: 12h 24h 3d 7d 14d 30d 90d 180d 1y or any number with m, h, d, w."
    as_of: str | None = None
    "Moment of the map, ISO 8601, UTC unless a zone is given; default is the newest in the data."
    tz: str = "UTC"
    "Time zone of times shown, such as Europe/Berlin."


@Parameter(name="*", group="Quantity")
@dataclass(frozen=True, kw_only=True)
class QuantityOptions:
    """Which of the two quantities a modelled map shows."""

    quantity: Literal["outstanding", "expected"] | None = None
    "outstanding: open notional with its level there; expected: prints if the price touched it. Default is expected where a calibration fits."
    calibration: Path | None = None
    "Calibration for expected, as `liqatlas calibrate` writes it; default is the shipped one that fits best, which is then named."


@Parameter(name="*", group="Venues")
@dataclass(frozen=True, kw_only=True)
class VenueOptions:
    """Which venues are asked, how they are reached and where their rows go."""

    venues: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="")] = ()
    "Which venues; all with a live client by default. `ccxt:NAME` is an exchange read by ccxt."
    lake: Path | None = None
    "Folder of the lake, made where there is none; default is that of the settings."
    host: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    "VENUE=URL: a mirror or regional address in place of the venue's own."
    proxy: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    "VENUE=URL: a proxy for that venue."


@Parameter(name="*", group="Book")
@dataclass(frozen=True, kw_only=True)
class BookOptions:
    """Order books, for risk grades and the cascade."""

    book: Annotated[tuple[Path, ...], Parameter(consume_multiple=True, negative="")] = ()
    "Files with order books: the newest not later than the moment is used, whatever its age; default is the books among the data."
    depth: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    "Assumed depth for venues without a book: USD within 1 % on each side, 150M or okx:40M."


def make_books(books: BookOptions) -> BookChoice:
    """Return the books that options name."""
    from liqatlas.flows.books import BookChoice
    from liqatlas.flows.cascade import parse_depths

    return BookChoice(books.book, parse_depths(books.depth))


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """How the result is shown."""

    format: Literal["term", "json", "csv", "parquet", "arrow", "png", "svg", "html"] | None = None
    "Default is the ending of the output file, else the terminal."
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None
    "File to write; default is standard output."
    theme: Literal["dark", "light"] = "dark"
    "Look of pictures."
    range: str | None = None
    "Price range: 10% on each side, or 1500:2200; the default is 10% or more, so that levels of both sides are in it."
    bins: str | None = None
    "Number of price bins, such as 200, or a price step such as step:5."


def make_request(
    asset: str,
    data: DataOptions,
    time: MomentOptions,
    output: OutputOptions,
    *,
    kind: Literal["modelled", "realised", "measured"] = "modelled",
    quantity: QuantityOptions | None = None,
    leverage: str | None = None,
) -> Request:
    """Return the request that the options describe.

    Raises
    ------
    InputError
        If an option cannot be read, or two data sources are named.
    """
    if data.from_url and kind != "measured":
        raise InputError(
            "--from-url reads positions and loans: ask for --kind measured, or save the file and use --from"
        )
    bins, step = parse_bins(output.bins) if output.bins else (None, None)
    return Request(
        asset=asset,
        paths=data.from_,
        urls=data.from_url,
        lake=choose_lake(data),
        quick=True,
        venues=tuple(v.lower() for v in data.venue),
        kind=kind,
        quantity=quantity.quantity if quantity else None,
        calibration_file=quantity.calibration if quantity else None,
        window_ns=parse_window(time.window),
        as_of_ns=moment(time.as_of),
        open_interest_usd=parse_amount(data.open_interest) if data.open_interest else None,
        max_leverage=data.max_leverage,
        maintenance_rate=data.maintenance_rate,
        leverage=parse_leverage(leverage) if leverage else None,
        bins=bins,
        price_step=step,
        price_range=parse_range(output.range) if output.range else None,
        quote=data.quote,
        margin=data.margin,
        dated=data.dated,
        others=data.others,
        meta_file=data.meta,
    )


def choose_lake(data: DataOptions) -> Path | None:
    """Return the lake to read, ``None`` where files are, or where there is none and the venues are asked.

    Raises
    ------
    InputError
        If files and a lake were named.
    """
    if data.from_ and data.lake:
        raise InputError("both --from and --lake were given: give one (ingest puts files into a lake)")
    if data.from_ or data.lake or data.from_url:
        return data.lake
    from liqatlas.flows.lake import default_lake

    return default_lake()


def choose_format(output: OutputOptions) -> Format:
    """Return the format of a map asked for, or the one the file's ending names."""
    return format_or_ending(output.format, output.output, get_args(Format))


def format_or_ending(given: F | None, output: Path | None, known: tuple[F, ...]) -> F:
    """Return the format asked for, else the one the file's ending names, else the first that is known.

    Raises
    ------
    InputError
        If the ending names none.
    """
    if given is not None:
        return given
    if output is None:
        return known[0]
    endings = {str(name): name for name in known if name != "term"}
    endings |= {ending: name for ending, means in _ENDINGS.items() for name in known if name == means}
    ending = output.suffix.lower().lstrip(".")
    if ending not in endings:
        raise InputError(
            f"cannot tell a format from {output.name!r}: end it in .{', .'.join(endings)}, or give --format"
        )
    return endings[ending]


def make_look(
    output: OutputOptions,
    time: MomentOptions,
    *,
    by: Literal["venue", "leverage"],
    price_range: tuple[float, float] | None,
) -> Look:
    """Return how the result should look on this terminal or in a picture."""
    width, height, colour, unicode = terminal_look(to_file=output.output is not None)
    return Look(
        by=by,
        theme=output.theme,
        zone=parse_zone(time.tz),
        price_range=price_range,
        width=width,
        height=height,
        colour=colour,
        unicode=unicode,
    )
