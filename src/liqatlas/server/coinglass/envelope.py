"""What is around every answer of the compatible routes: the envelope, the parameters' reading, the errors."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from litestar import Request as HttpRequest
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter
from msgspec import Struct

from liqatlas.base.errors import InputError, LiqAtlasError
from liqatlas.server.answers import Made
from liqatlas.server.encoding import encode
from liqatlas.server.problems import Refused, problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from liqatlas.server.service import Service

LOG = logging.getLogger("liqatlas.server")
Http = HttpRequest[Any, Any, Any]

Text = Annotated[str, Parameter(max_length=400)]
Exchange = Annotated[str, Parameter(description="An exchange, such as Binance.", max_length=60)]
ExchangeAlias = Annotated[str, Parameter(query="ex", description="The same as exchange.", max_length=60)]
ExchangeList = Annotated[
    str, Parameter(description="Exchanges, a comma between; ones not served are passed over.", max_length=400)
]
Symbol = Annotated[str, Parameter(description="A pair (BTCUSDT) or a coin (BTC), as the route says.", max_length=60)]
Interval = Annotated[str, Parameter(description="1m 3m 5m 15m 30m 1h 4h 6h 8h 12h 1d 1w", max_length=4)]
Range = Annotated[str, Parameter(query="range", description="A stretch up to now, such as 24h.", max_length=8)]
Limit = Annotated[int, Parameter(description="Most rows, at most 1000.", ge=1, le=1_000_000)]
Moment = Annotated[
    int | None, Parameter(description="Milliseconds since 1970 UTC.", ge=0, le=4_102_444_800_000)
]


class Envelope(Struct, frozen=True):
    """What every answer is wrapped in; ``code`` is text and "0" where all is well."""

    code: str
    msg: str
    data: Any = None


def documented(data: str) -> dict[int, ResponseSpec]:
    """Return a route's responses for OpenAPI."""
    said = {
        200: data,
        400: "A parameter cannot be read, or names something that is not served.",
        401: "A key is wanted.",
        403: "The key has not that scope.",
        404: "Not enough is recorded for an answer.",
        422: "The margin rule has no answer.",
        429: "Too many requests.",
        503: "The source cannot be reached, or the answer is still being made.",
    }
    return {
        status: ResponseSpec(
            data_container=Envelope,
            description=text,
            media_type="application/json",
            generate_examples=False,
        )
        for status, text in said.items()
    }


async def answer(
    http: Http,
    service: Service,
    key: tuple[Hashable, ...],
    make: Callable[[], Any],
    *,
    slow: bool = False,
) -> Response[bytes]:
    """Return what ``make`` gives inside the envelope, kept for as long as the content stays as it is."""
    return await service.tree(
        http,
        ("coinglass", *key),
        lambda: Made(encode({"code": "0", "msg": "success", "data": make()})),
        slow=slow,
    )


def need(name: str, value: str) -> str:
    """Return a parameter that must be given.

    Raises
    ------
    InputError
        If it is empty.
    """
    if not value.strip():
        raise InputError(f"parameter {name} is missing")
    return value.strip()


def on_error(http: Http, error: Exception) -> Response[bytes]:
    """Answer an error of ours in the envelope."""
    if not isinstance(error, LiqAtlasError | Refused | HTTPException):
        LOG.error("a fault while answering %s", http.url.path, exc_info=error)
    if isinstance(error, HTTPException):
        status, text = error.status_code, error.detail or HTTPStatus(error.status_code).phrase
        extra = getattr(error, "extra", None)
        if isinstance(extra, list):
            parts = [f"{one.get('key', '')}: {one.get('message', '')}" for one in extra if isinstance(one, dict)]
            text = "; ".join(parts) or text
    else:
        problem = problem_of(error, http.url.path)
        status, text = problem.status, problem.detail
        if isinstance(error, InputError):  # the interface's code for any parameter it cannot use
            status = 400
    return Response(
        orjson.dumps({"code": str(status), "msg": text[:1_000]}),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
