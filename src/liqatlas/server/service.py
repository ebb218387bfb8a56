"""What every route works with: the source, the kept answers, and how a result becomes an HTTP response."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from litestar import Response
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import SkipValidation

from liqatlas.base.errors import SourceUnavailableError
from liqatlas.server.answers import Answers, Made, chosen_form
from liqatlas.server.parameters import not_in_the_future
from liqatlas.server.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from litestar import Request as HttpRequest

    from liqatlas.flows.request import Request
    from liqatlas.flows.serving import Source

#: Always asked again, never shown old: an unchanged answer costs a 304.
REVALIDATE = "no-cache"


@dataclass(slots=True)
class Service:
    """The source and what was made of it.

    Attributes
    ----------
    ready
        Whether kernels are warm and the first map is made; ``waits_for`` says what is still under way.
    """

    source: Source
    answers: Answers = field(init=False)
    ready: bool = False
    waits_for: str = "starting"

    def __post_init__(self) -> None:
        self.answers = Answers(clean=self.source.without_places)

    def settle(self, request: Request) -> Request:
        """Return the request with its asset checked and its moment inside what is known."""
        if not self.source.markets():
            raise SourceUnavailableError("there are no data yet: they appear here as soon as rows arrive")
        self.source.asset(request.asset)
        not_in_the_future(request.as_of_ns, self.source.now_ns())
        return request

    async def result(
        self,
        http: HttpRequest[Any, Any, Any],
        request: Request,
        kind: tuple[Hashable, ...],
        make: Callable[[Request], Made],
        *,
        slow: bool = False,
        keep_s: float = 0.0,
    ) -> Response[bytes]:
        """Return the response to a request about one asset, kept for as long as its content stays.

        Parameters
        ----------
        kind
            Which route and form, and everything else that shapes the body.
        keep_s
            Keep it at least this long, though rows arrive: for what is dear and moves slowly [s].
        """
        wanted = self.settle(request)
        every = wanted.kind == "measured"
        version = self.source.version("" if every else self.source.asset(wanted.asset))
        if keep_s and self.source.grows:
            version = int(time.monotonic() // keep_s)
        key = (kind, replace(wanted, asset=wanted.asset.upper()))
        answer = await self.answers.get(key, lambda: make(wanted), version=version, slow=slow)
        return respond(http, answer.made, *_form(http, answer), answer.etag)

    async def tree(
        self,
        http: HttpRequest[Any, Any, Any],
        kind: tuple[Hashable, ...],
        make: Callable[[], Made],
        *,
        slow: bool = False,
    ) -> Response[bytes]:
        """Return the response to a request about everything that is served."""
        answer = await self.answers.get(kind, make, version=self.source.version(""), slow=slow)
        return respond(http, answer.made, *_form(http, answer), answer.etag)

    async def plain(
        self, http: HttpRequest[Any, Any, Any], name: str, make: Callable[[], bytes]
    ) -> Response[bytes]:
        """Return JSON that does not depend on the data."""
        answer = await self.answers.get((name,), lambda: Made(make()))
        return respond(http, answer.made, *_form(http, answer), answer.etag)

    async def once(self, http: HttpRequest[Any, Any, Any], make: Callable[[], Made]) -> Response[bytes]:
        """Return a response that is made for this caller alone and not kept."""
        answer = await self.answers.run(make)
        coding, body = _form(http, answer)
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
        if coding:
            headers["Content-Encoding"] = coding
        return Response(body, media_type=answer.made.media_type, headers=headers)


#: What routes are handed.
Serving = NamedDependency[SkipValidation[Service]]


def _form(http: HttpRequest[Any, Any, Any], answer: Any) -> tuple[str, bytes]:
    return chosen_form(answer, http.headers.get("accept-encoding", ""))


def respond(
    http: HttpRequest[Any, Any, Any], made: Made, coding: str, body: bytes, etag: str
) -> Response[bytes]:
    """Return the body, or 304 where the caller has it."""
    tag = f'"{etag}{"-" + coding if coding else ""}"'
    headers = {
        "ETag": tag,
        "Cache-Control": REVALIDATE,
        "Vary": "Accept, Accept-Encoding",
        **made.headers,
    }
    given = http.headers.get("if-none-match", "")
    if given.strip() == "*" or any(part.strip().removeprefix("W/") == tag for part in given.split(",")):
        return Response(b"", status_code=304, headers=headers, media_type=made.media_type)
    if coding:
        headers["Content-Encoding"] = coding
    return Response(body, media_type=made.media_type, headers=headers)


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Return the problem responses of a route, for OpenAPI."""
    said = {
        400: "A parameter cannot be read or contradicts another.",
        401: "A key is wanted.",
        403: "The key has not that scope, or the page of another site asks.",
        404: "No such asset, or the data do not reach what was asked.",
        413: "The body is too large.",
        415: "The body is of another type.",
        422: "The margin rule has no answer.",
        429: "Too many requests.",
        503: "The source cannot be reached, or the answer is still being made.",
    }
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=said.get(status, "A problem."),
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in statuses
    }


def shape(data: type[Any], description: str, *, media_type: str = "application/json") -> ResponseSpec:
    """Return a good response, for OpenAPI."""
    return ResponseSpec(
        data_container=data, description=description, media_type=media_type, generate_examples=False
    )


__all__ = ["Service", "Serving", "problems", "respond", "shape"]
