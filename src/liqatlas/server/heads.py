"""HEAD: the answer of GET without its body, as balancers and checks of links ask for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

_Message = MutableMapping[str, Any]
_App = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]
]


def with_head(app: _App) -> _App:
    """Return an application that answers HEAD wherever it answers GET: the same status and headers, the length of the body too."""

    async def answer(
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await app(scope, receive, send)
            return

        async def bodiless(message: _Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        asked = {**scope, "method": "GET"}
        try:
            await app(asked, receive, bodiless)
        finally:  # the counters name the route that was found
            scope["path_template"] = asked.get("path_template")

    return answer
