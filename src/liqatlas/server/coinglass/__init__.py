"""Routes in the shapes of CoinGlass's v4 interface, so that tools written for it can read this server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar import Router
from litestar.exceptions import HTTPException

from liqatlas.base.errors import LiqAtlasError
from liqatlas.server.coinglass import routes_liquidation, routes_market
from liqatlas.server.coinglass.envelope import on_error
from liqatlas.server.coinglass.orders import orders_route
from liqatlas.server.problems import Refused

if TYPE_CHECKING:
    from liqatlas.flows.serving import Source
    from liqatlas.server.keys import KeyRing


def coinglass_router(source: Source, keys: KeyRing | None = None) -> Router:
    """Return the routes; keys are asked for at the server's door, in the header ``CG-API-KEY`` too."""
    del keys
    return Router(
        "/",
        route_handlers=[*routes_liquidation.ROUTES, *routes_market.ROUTES, orders_route(source)],
        exception_handlers={
            LiqAtlasError: on_error,
            Refused: on_error,
            HTTPException: on_error,
            Exception: on_error,
        },
    )
