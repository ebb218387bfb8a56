"""Rows: what is served, feeds, candles, trades, prints, books, realised liquidations, positions."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from litestar import Request as HttpRequest
from litestar import Response, get
from litestar.params import QueryParameter

from liqatlas.base.clock import parse_window
from liqatlas.flows.positions_report import TableRequest
from liqatlas.flows.realised_report import render_realised
from liqatlas.flows.render import Look
from liqatlas.flows.request import Request, moment
from liqatlas.flows.serving_series import (
    candles_tree,
    depth_tree,
    health_tree,
    markets_tree,
    prints_tree,
    trades_tree,
)
from liqatlas.flows.serving_tables import positions_page, realised_of_all
from liqatlas.server.answers import Made
from liqatlas.server.encoding import encode
from liqatlas.server.parameters import AsOf, AssetPath, Limit, Span, Window, not_in_the_future
from liqatlas.server.service import Serving, problems, shape
from liqatlas.server.shapes import (
    CandlesShape,
    DepthShape,
    HealthShape,
    Markets,
    PositionsShape,
    PrintsShape,
    RealisedAll,
    RealisedShape,
    TradesShape,
)

_FAULTS = problems(400, 401, 403, 404, 422, 429, 503)
_LOOK = Look()
Http = HttpRequest[Any, Any, Any]
Interval = Annotated[
    Literal["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"],
    QueryParameter(description="Length of a candle."),
]


@get(
    "/v1/markets",
    operation_id="getMarkets",
    summary="What is served",
    tags=["rows"],
    responses={200: shape(Markets, "Assets and their instruments."), **problems(400, 401, 403, 429, 503)},
)
async def get_markets(request: Http, service: Serving) -> Response[bytes]:
    """Return the assets served, each with its instruments and span, the one to show first named."""
    return await service.tree(request, ("markets",), lambda: Made(encode(markets_tree(service.source))))


@get(
    "/v1/health",
    operation_id="getHealth",
    summary="How fresh each feed is",
    tags=["rows"],
    responses={200: shape(HealthShape, "The feeds."), **problems(400, 401, 403, 429, 503)},
)
async def get_health(request: Http, service: Serving) -> Response[bytes]:
    """Return the newest row, age and gaps of each feed."""
    return await service.once(request, lambda: Made(encode(health_tree(service.source))))


@get(
    "/v1/candles/{asset:str}",
    operation_id="getCandles",
    summary="Candles with volume, open interest and funding",
    tags=["rows"],
    responses={200: shape(CandlesShape, "Columns, one value per candle."), **_FAULTS},
)
async def get_candles(
    request: Http, service: Serving, span: Span, interval: Interval = "1h"
) -> Response[bytes]:
    """Return candles of the reference price and the panes under them."""
    return await service.result(
        request,
        span,
        ("candles", interval),
        lambda r: Made(encode(candles_tree(service.source, r, parse_window(interval)))),
    )


@get(
    "/v1/trades/{asset:str}",
    operation_id="getTrades",
    summary="Large trades",
    tags=["rows"],
    responses={200: shape(TradesShape, "Trades, newest first."), **_FAULTS},
)
async def get_trades(
    request: Http,
    service: Serving,
    span: Span,
    min_usd: Annotated[float, QueryParameter(description="Smallest trade [USD].", ge=0, le=1e12)] = 100_000.0,
    limit: Limit = 200,
) -> Response[bytes]:
    """Return the newest trades of at least an amount."""
    return await service.result(
        request,
        span,
        ("trades", min_usd, limit),
        lambda r: Made(encode(trades_tree(service.source, r, min_usd=min_usd, limit=limit))),
    )


@get(
    "/v1/prints/{asset:str}",
    operation_id="getPrints",
    summary="Liquidation prints",
    tags=["rows"],
    responses={200: shape(PrintsShape, "Prints, newest first."), **_FAULTS},
)
async def get_prints(request: Http, service: Serving, span: Span, limit: Limit = 200) -> Response[bytes]:
    """Return the newest liquidations that happened."""
    return await service.result(
        request,
        span,
        ("prints", limit),
        lambda r: Made(encode(prints_tree(service.source, r, limit=limit))),
    )


@get(
    "/v1/depth/{asset:str}",
    operation_id="getDepth",
    summary="Order books, where recorded",
    tags=["rows"],
    responses={200: shape(DepthShape, "The newest book of each instrument."), **_FAULTS},
)
async def get_depth(request: Http, service: Serving, span: Span) -> Response[bytes]:
    """Return the newest recorded order book of each instrument."""
    return await service.result(
        request, span, ("depth",), lambda r: Made(encode(depth_tree(service.source, r)))
    )


@get(
    "/v1/realised/{asset:str}",
    operation_id="getRealised",
    summary="What was liquidated in 1, 4, 12 and 24 hours",
    tags=["rows"],
    responses={200: shape(RealisedShape, "Totals per exchange."), **_FAULTS},
)
async def get_realised(request: Http, service: Serving, span: Span) -> Response[bytes]:
    """Return the realised liquidations of an asset, per exchange."""
    return await service.result(
        request,
        span,
        ("realised",),
        lambda r: Made(render_realised(service.source.realised(r), "json", _LOOK)),
    )


@get(
    "/v1/realised",
    operation_id="getRealisedOfAll",
    summary="What was liquidated, all coins",
    tags=["rows"],
    responses={200: shape(RealisedAll, "Coins, the largest first."), **_FAULTS},
)
async def get_realised_of_all(request: Http, service: Serving, as_of: AsOf = None) -> Response[bytes]:
    """Return the realised liquidations of every coin that has any."""
    wanted = Request(asset="", as_of_ns=moment(as_of))
    not_in_the_future(wanted.as_of_ns, service.source.now_ns())
    return await service.tree(
        request,
        ("realised", wanted.as_of_ns),
        lambda: Made(encode(realised_of_all(service.source, wanted))),
        slow=True,
    )


@get(
    "/v1/positions/{asset:str}",
    operation_id="getPositions",
    summary="Public positions",
    tags=["rows"],
    responses={200: shape(PositionsShape, "A page of the table."), **_FAULTS},
)
async def get_positions(  # noqa: PLR0913  (the parameters of the HTTP interface, each of its own)
    request: Http,
    service: Serving,
    asset: AssetPath,
    *,
    window: Window = "30d",
    as_of: AsOf = None,
    sort: Annotated[
        Literal["size", "distance", "leverage", "position", "pnl", "age"],
        QueryParameter(description="Order."),
    ] = "size",
    position: Annotated[
        Literal["long", "short"] | None, QueryParameter(description="Keep longs or shorts only.")
    ] = None,
    limit: Limit = 50,
    offset: Annotated[int, QueryParameter(description="Rows to leave out.", ge=0, le=1_000_000)] = 0,
) -> Response[bytes]:
    """Return who holds what, with liquidation price and distance, and amounts by size and profit."""
    plain = replace(Request(asset=asset, kind="measured"), as_of_ns=moment(as_of))
    table = TableRequest(
        as_of_ns=plain.as_of_ns or 0,
        window_ns=parse_window(window),
        asset=service.source.asset(asset),
        sort=sort,
        position=position,
        top=0,
    )
    return await service.result(
        request,
        plain,
        ("positions", table, offset, limit),
        lambda _: Made(positions_page(service.source.positions(table), offset=offset, limit=limit)),
    )


ROUTES = [
    get_markets, get_health, get_candles, get_trades, get_prints, get_depth, get_realised, get_realised_of_all,
    get_positions,
]  # fmt: skip
