"""What the guard does to messages: adds what every answer says to a browser, limits bodies, answers problems."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from liqatlas.server.guard_scope import method_of
from liqatlas.server.problems import MEDIA_TYPE, Problem, Refused, encode_problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

#: Nothing is loaded from elsewhere, nothing runs that was not built with the page.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
)


class Told:
    """A send that adds what every answer says, and remembers what was sent."""

    def __init__(self, send: Send, scope: Scope) -> None:
        self._send, self._scope = send, scope
        self.status = self.size = 0
        self.begun = False

    async def __call__(self, message: Message) -> None:
        """Send a message."""
        if message["type"] == "http.response.start":
            self.begun = True
            self.status = message["status"]
            headers = list(message.get("headers", ()))
            names = {bytes(name).lower() for name, _ in headers}
            headers += [(name, value) for name, value in HEADERS if name not in names]
            if b"content-security-policy" not in names:
                headers.append((b"content-security-policy", POLICY.encode()))
            if b"cache-control" not in names:
                headers.append((b"cache-control", b"no-store"))
            if rate := self._scope.get("state", {}).get("rate"):
                headers += [
                    (b"api-key-max-limit", str(rate[0]).encode()),
                    (b"api-key-use-limit", str(rate[1]).encode()),
                ]
            message["headers"] = headers
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
        await self._send(message)


class LimitedBody:
    """A receive that refuses bodies that are too large or come too slowly."""

    def __init__(self, receive: Receive, headers: dict[str, str], *, most: int, patience_s: float) -> None:
        self._receive, self._headers, self._most, self._patience_s = receive, headers, most, patience_s
        self._read = 0
        self._whole = False

    def check(self) -> None:
        """Refuse by what the headers say."""
        length = self._headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            raise Refused(400, "Content-Length is no number", kind="bad-length")
        if len(length) > 15 or int(length) > self._most:
            raise self._too_large()

    def _too_large(self) -> Refused:
        return Refused(413, f"the body is larger than {self._most // 1024} KiB", kind="body-too-large")

    async def __call__(self) -> Message:
        """Return the next message; raises Refused where it is too large, too late or broken off."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._patience_s):
                message = await self._receive()
        except TimeoutError:
            raise Refused(
                408, f"the body did not come within {self._patience_s:g} s", kind="slow-body"
            ) from None
        if message["type"] == "http.disconnect":
            raise Refused(400, "the body ended before it was whole", kind="broken-body")
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._read > self._most:
                raise self._too_large()
        return message


async def answer_problem(told: Told, scope: Scope, problem: Problem) -> None:
    """Answer a problem, in the compatible envelope where compatible clients ask."""
    if told.begun:
        return
    headers = [(b"cache-control", b"no-store")]
    if problem.retry_after_s is not None:
        headers.append((b"retry-after", str(problem.retry_after_s).encode()))
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if problem.status in {408, 413}:  # what is left of the body is not read
        headers.append((b"connection", b"close"))
    if scope["path"].startswith("/api/"):
        body = orjson.dumps({"code": str(problem.status), "msg": problem.detail})
        headers.append((b"content-type", b"application/json"))
    elif problem.status == 401 and scope["path"] == "/":
        body = b"This server wants a key: open the link it printed when it started, or scan its code.\n"
        headers.append((b"content-type", b"text/plain; charset=utf-8"))
    else:
        body = encode_problem(problem)
        headers.append((b"content-type", MEDIA_TYPE.encode()))
    headers.append((b"content-length", str(len(body)).encode()))
    await told({"type": "http.response.start", "status": problem.status, "headers": headers})
    await told({"type": "http.response.body", "body": b"" if method_of(scope) == "HEAD" else body})
