"""What is around every answer of the compatible routes: the envelope, the errors, the documentation of both."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from litestar import Request as HttpRequest
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from liqatlas.base.errors import InputError, LiqAtlasError, UnknownSymbolError
from liqatlas.server.answers import Made
from liqatlas.server.encoding import encode
from liqatlas.server.problems import Refused, problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from liqatlas.server.service import Service

LOG = logging.getLogger("liqatlas.server")
Http = HttpRequest[Any, Any, Any]


class Envelope(Struct, frozen=True):
    """What every answer is wrapped in; ``code`` is text and "0" where all is well."""

    code: str
    msg: str
    data: Any = None


def described(operation: str, summary: str, data: str) -> dict[str, Any]:
    """Return what a route says of itself in OpenAPI."""
    said = {
        200: data,
        400: "A parameter cannot be read.",
        401: "A key is wanted.",
        403: "The key has not that scope.",
        404: "It is not served here, or not enough is recorded for an answer.",
        422: "The margin rule has no answer.",
        429: "Too many requests.",
        503: "The source cannot be reached, or the answer is still being made.",
    }
    responses = {
        status: ResponseSpec(
            data_container=Envelope, description=text, media_type="application/json", generate_examples=False
        )
        for status, text in said.items()
    }
    return {"operation_id": operation, "summary": summary, "tags": ["coinglass"], "responses": responses}


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


def on_error(http: Http, error: Exception) -> Response[bytes]:
    """Answer an error in the envelope."""
    if isinstance(error, HTTPException):
        status, text = error.status_code, error.detail or HTTPStatus(error.status_code).phrase
        extra = getattr(error, "extra", None)
        if isinstance(extra, list):
            parts = [
                f"{one.get('key', '')}: {one.get('message', '')}" for one in extra if isinstance(one, dict)
            ]
            text = "; ".join(parts) or text
    else:
        if not isinstance(error, LiqAtlasError | Refused):
            LOG.error("a fault while answering %s", http.url.path, exc_info=error)
        problem = problem_of(error, http.url.path)
        status, text = problem.status, problem.detail
        if isinstance(error, UnknownSymbolError):
            status = 404
        elif isinstance(error, InputError):
            status = 400
    return Response(
        orjson.dumps({"code": str(status), "msg": text[:1_000]}),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
