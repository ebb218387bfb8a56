"""Query parameters of the routes, and how they become a request of the flows."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar.di import NamedDependency
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter, SkipValidation

from liqatlas.base.clock import parse_window
from liqatlas.base.errors import InputError, NotEnoughDataError
from liqatlas.flows.request import (
    Request,
    moment,
    parse_leverage,
    parse_range,
)

#: Longest window: a number of up to three digits and a unit.
WINDOW = r"^[1-9][0-9]{0,2}(m|h|d|w)$|^[1-9]y$"
MOMENT = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?Z?)?$|^[1-9][0-9]{9,12}$"
NAMES = r"^[a-z0-9_]{1,30}(,[a-z0-9_]{1,30}){0,19}$"
CODE = r"^[A-Za-z]{2,10}$"
MOST_BINS = 5_000

AssetPath = Annotated[
    str,
    PathParameter(
        description="An asset such as ETH, or one venue's symbol such as ETHUSDT.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,39}$",
        examples=[Example(summary="an asset", value="ETH")],
    ),
]
Window = Annotated[
    str,
    QueryParameter(
        description="Length of history: 12h 24h 3d 7d 14d 30d 90d 180d 1y, or any number with m, h, d, w.",
        pattern=WINDOW,
        examples=[Example(summary="a week", value="7d")],
    ),
]
AsOf = Annotated[
    str | None,
    QueryParameter(
        description="Moment of the answer, ISO 8601 UTC or epoch; default is the newest there is.",
        pattern=MOMENT,
        examples=[Example(summary="a moment", value="2026-06-15T12:00Z")],
    ),
]
Venues = Annotated[
    str | None,
    QueryParameter(
        description="Keep these venues only, by comma.",
        pattern=NAMES,
        examples=[Example(summary="one venue", value="hyperliquid")],
    ),
]
Leverage = Annotated[
    str | None,
    QueryParameter(
        description="Keep this leverage range: 25-100, 50+ or 10.",
        pattern=r"^[1-9][0-9]{0,2}(-[1-9][0-9]{0,2}|\+)?$",
        examples=[Example(summary="a range", value="25-100")],
    ),
]
Bins = Annotated[
    int | None,
    QueryParameter(
        description=f"Number of price bins, 1 to {MOST_BINS}; give this or step.",
        ge=1,
        le=MOST_BINS,
        examples=[Example(summary="few bins", value=200)],
    ),
]
Step = Annotated[
    float | None,
    QueryParameter(
        description="Width of a price bin in quote currency; give this or bins.",
        gt=0,
        le=1e9,
        examples=[Example(summary="a step", value=5.0)],
    ),
]
Range = Annotated[
    str | None,
    QueryParameter(
        name="range",
        description="Price range: 10% on each side, or 1500:2200.",
        pattern=r"^[1-9][0-9]?(\.[0-9]{1,3})?%$|^[1-9][0-9]{0,11}(\.[0-9]{1,6})?:[1-9][0-9]{0,11}(\.[0-9]{1,6})?$",
        examples=[Example(summary="a share", value="10%")],
    ),
]
Currency = Annotated[
    str | None, QueryParameter(description="Keep instruments of this currency only.", pattern=CODE)
]
Kind = Annotated[
    Literal["modelled", "realised", "measured"],
    QueryParameter(
        description="modelled: estimated from trades and open interest; realised: liquidations that happened; measured: public positions."
    ),
]
Quantity = Annotated[
    Literal["outstanding", "expected"] | None,
    QueryParameter(
        description="outstanding: open notional with its level there; expected: prints if the price touched it."
    ),
]
Limit = Annotated[int, QueryParameter(description="Most rows of the answer.", ge=1, le=1_000)]


#: The request that the parameters above describe, as :func:`make_request` makes it.
Wanted = NamedDependency[SkipValidation[Request]]


def make_request(  # noqa: PLR0913  (the parameters of the HTTP interface, each of its own)
    asset: AssetPath,
    *,
    window: Window = "7d",
    as_of: AsOf = None,
    venues: Venues = None,
    kind: Kind = "modelled",
    quantity: Quantity = None,
    leverage: Leverage = None,
    bins: Bins = None,
    step: Step = None,
    range_: Range = None,
    quote: Currency = None,
    margin: Currency = None,
) -> Request:
    """Return the request that query parameters describe.

    Raises
    ------
    InputError
        If one cannot be read or two contradict.
    """
    if bins is not None and step is not None:
        raise InputError("both bins and step were given: give one")
    return Request(
        asset=asset,
        venues=tuple(dict.fromkeys((venues or "").split(","))) if venues else (),
        kind=kind,
        quantity=quantity,
        window_ns=parse_window(window),
        as_of_ns=moment(as_of),
        leverage=parse_leverage(leverage) if leverage else None,
        bins=bins,
        price_step=step,
        price_range=parse_range(range_) if range_ else None,
        quote=quote,
        margin=margin,
    )


def make_span(
    asset: AssetPath, *, window: Window = "7d", as_of: AsOf = None, venues: Venues = None
) -> Request:
    """Return the request of rows: an asset, a stretch of time, and venues to keep."""
    return make_request(asset, window=window, as_of=as_of, venues=venues)


#: A stretch of rows, as :func:`make_span` makes it.
Span = NamedDependency[SkipValidation[Request]]


def not_in_the_future(as_of_ns: int | None, newest_ns: int) -> None:
    """Refuse a moment after everything known.

    Raises
    ------
    NotEnoughDataError
        If it lies in the future of the data.
    """
    from liqatlas.base.clock import isoformat

    if as_of_ns is not None and as_of_ns > newest_ns:
        raise NotEnoughDataError(
            f"as_of {isoformat(as_of_ns)} lies after everything known here, which ends {isoformat(newest_ns)}: "
            "leave it out for the newest"
        )
