"""Talk to an ASGI application in this process, one request at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

App = Callable[..., Awaitable[None]]
HOST = ("host", "127.0.0.1:8765")


@dataclass
class Reply:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        return orjson.loads(self.body)


async def ask(
    app: App,
    target: str,
    *,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (HOST,),
    body: Iterable[bytes] = (b"",),
    client: str = "127.0.0.1",
) -> Reply:
    """Return the answer to one request; ``body`` comes in these pieces."""
    path, _, query = target.partition("?")
    pieces = list(body)
    sent = list(headers)
    reply = Reply()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": query.encode(),
        "headers": [(k.lower().encode(), v.encode()) for k, v in sent], "client": (client, 40000),
        "server": ("127.0.0.1", 8765), "state": {}, "extensions": {},
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        if pieces:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {bytes(k).decode().lower(): bytes(v).decode() for k, v in message["headers"]}
        elif message["type"] == "http.response.body":
            reply.body += message.get("body", b"")

    await app(scope, receive, send)
    return reply
