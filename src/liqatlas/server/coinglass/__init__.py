"""Routes in the shapes of CoinGlass's v4 interface, so that tools written for it can read this server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from litestar import Router, get
from litestar.di import Provide
from litestar.exceptions import HTTPException, NotFoundException
from litestar.middleware import DefineMiddleware
from litestar.params import FromPath

from liqatlas.base.errors import LiqAtlasError
from liqatlas.server.coinglass import routes_liquidation, routes_market
from liqatlas.server.coinglass.envelope import on_error
from liqatlas.server.coinglass.orders import orders_route
from liqatlas.server.coinglass.parameters import Aliases, give_coin, give_listed, give_pair, give_rows
from liqatlas.server.problems import Refused

if TYPE_CHECKING:
    from liqatlas.flows.serving import Source
    from liqatlas.server.keys import KeyRing


@get("/api/{rest:path}", include_in_schema=False)
async def get_unknown(rest: FromPath[str]) -> None:
    """Say of any other path that it is not served, in the envelope."""
    raise NotFoundException(f"/api{rest} is not served here")


def coinglass_router(source: Source, keys: KeyRing | None = None) -> Router:
    """Return the routes; keys are asked for at the server's door, in the header ``CG-API-KEY`` too."""
    del keys
    return Router(
        "/",
        route_handlers=[*routes_liquidation.ROUTES, *routes_market.ROUTES, orders_route(source), get_unknown],
        dependencies={
            "coin": Provide(give_coin),
            "listed": Provide(give_listed),
            "pair": Provide(give_pair),
            "rows": Provide(give_rows),
        },
        middleware=[DefineMiddleware(cast("Any", Aliases))],
        exception_handlers={
            LiqAtlasError: on_error,
            Refused: on_error,
            HTTPException: on_error,
            Exception: on_error,
        },
    )
