"""The guard at the door: who may ask, from where, how often, how much; and what every answer says to a browser."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from liqatlas.server.guard_messages import LimitedBody, Told, answer_problem
from liqatlas.server.guard_scope import (
    COOKIE,
    headers_of,
    host_name,
    instance_of,
    is_loopback,
    method_of,
    token_of,
)
from liqatlas.server.limits import Buckets, Rate
from liqatlas.server.problems import Refused, problem_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from liqatlas.server.keys import Key, KeyRing
    from liqatlas.server.metrics import Metrics

    Message = MutableMapping[str, Any]
    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOG = logging.getLogger("liqatlas.server")
#: Always open, and never counted against anybody.
OPEN = frozenset({"/healthz", "/readyz"})
LONGEST_TARGET = 8_192
ADDRESS_RATE = Rate(per_minute=1_200, burst=240)
WRONG_KEY_RATE = Rate(per_minute=6, burst=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRules:
    """What is let in.

    Attributes
    ----------
    hosts
        Names by which the server may be called; another in ``Host`` is a sign of DNS rebinding. Empty lets any in.
    keys
        ``None`` where no key is wanted.
    address_rate
        Of each address; loopback is not counted where no keys are wanted and there is no proxy.
    proxied
        Whether a reverse proxy on this machine names the caller in ``X-Forwarded-For`` (its last entry).
    """

    hosts: frozenset[str] = frozenset()
    keys: KeyRing | None = None
    address_rate: Rate = ADDRESS_RATE
    wrong_key_rate: Rate = WRONG_KEY_RATE
    proxied: bool = False
    most_body: int = 256 * 1024
    patience_s: float = 30.0
    body_patience_s: float = 10.0


@dataclass(slots=True)
class Guard:
    """An ASGI application around another."""

    app: App
    rules: GuardRules
    metrics: Metrics
    _addresses: Buckets = field(init=False)
    _keys: Buckets = field(init=False)
    _wrong: Buckets = field(init=False)

    def __post_init__(self) -> None:
        self._addresses = Buckets(self.rules.address_rate)
        self._keys = Buckets(Rate(600, 100))
        self._wrong = Buckets(self.rules.wrong_key_rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, socket or the lifespan."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        told = Told(send, scope)
        try:
            headers = headers_of(scope)
            if await self._enter_by_link(scope, headers, told):
                return
            await self._admit(scope, headers)
            limited = LimitedBody(
                receive, headers, most=self.rules.most_body, patience_s=self.rules.body_patience_s
            )
            limited.check()
            async with asyncio.timeout(self.rules.patience_s):
                await self.app(scope, limited, told)
        except Refused as error:
            self.metrics.refused[error.kind or str(error.status)] += 1
            await answer_problem(told, scope, problem_of(error, instance_of(scope)))
        except TimeoutError:
            late = Refused(
                503, f"no answer within {self.rules.patience_s:g} s", kind="timeout", retry_after_s=5
            )
            await answer_problem(told, scope, problem_of(late, instance_of(scope)))
        except Exception as error:
            LOG.exception("a fault while answering %s", instance_of(scope))
            await answer_problem(told, scope, problem_of(error, instance_of(scope)))
        finally:
            route = str(scope.get("path_template") or "other")
            self.metrics.count(route, method_of(scope), told.status, time.perf_counter() - began, told.size)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            headers = headers_of(scope)
            await self._admit(scope, headers, socket=True)
            await self.app(scope, receive, send)
        except Refused as error:
            self.metrics.refused[error.kind or str(error.status)] += 1
            await receive()  # the connect event
            await send({"type": "websocket.close", "code": 1008, "reason": error.detail[:120]})

    async def _enter_by_link(self, scope: Scope, headers: dict[str, str], send: Send) -> bool:
        """Turn the key of a scanned link (``/?key=…``) into a cookie and take it out of the address."""
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if self.rules.keys is None or scope["path"] != "/" or "key" not in query:
            return False
        self._check_host(headers)
        await self._verify(query["key"][0], self._address(scope, headers))
        rest = urlencode({k: v for k, v in query.items() if k != "key"}, doseq=True)
        cookie = f"{COOKIE}={query['key'][0]}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000"
        if headers.get("x-forwarded-proto") == "https":
            cookie += "; Secure"
        start = {
            "type": "http.response.start",
            "status": 303,
            "headers": [
                (b"location", f"/{'?' + rest if rest else ''}".encode()),
                (b"set-cookie", cookie.encode()),
                (b"cache-control", b"no-store"),
            ],
        }
        await send(start)
        await send({"type": "http.response.body", "body": b""})
        return True

    async def _admit(self, scope: Scope, headers: dict[str, str], *, socket: bool = False) -> None:
        """Let a caller in.

        Raises
        ------
        Refused
            With the status and the reason.
        """
        path = scope["path"]
        if path.startswith("//"):  # some clients write a double slash before the first part
            scope["path"] = path = "/" + path.lstrip("/")
            scope["raw_path"] = path.encode()
        self._check_host(headers)
        self._check_origin(scope, headers, socket=socket)
        if len(path) + len(scope.get("query_string", b"")) > LONGEST_TARGET:
            raise Refused(
                414, f"the address is longer than {LONGEST_TARGET} characters", kind="address-too-long"
            )
        if path in OPEN:
            return
        address = self._address(scope, headers)
        if self.rules.keys is not None or self.rules.proxied or not is_loopback(address):
            self._spend(self._addresses, address, None, "address")
        if self.rules.keys is None:
            return
        token = token_of(scope, headers)
        if not token:
            raise Refused(
                401,
                "a key is wanted: send it as X-API-Key, CG-API-KEY or Authorization: Bearer, or open the link the server printed",
                kind="key-wanted",
            )
        key = await self._verify(token, address)
        scope.setdefault("state", {})["key"] = key
        wanted = (
            "metrics"
            if path == "/metrics"
            else "stream"
            if socket
            else "stress"
            if path == "/v1/stress"
            else "read"
        )
        if wanted not in key.scopes:
            raise Refused(403, f"this key may {', '.join(key.scopes)}; wanted {wanted}", kind="scope")
        rate = Rate(key.per_minute, max(key.per_minute / 6, 10))
        self._spend(self._keys, key.id, rate, "key")
        scope["state"]["rate"] = (key.per_minute, self._keys.used(key.id, rate=rate))

    def _check_host(self, headers: dict[str, str]) -> None:
        name = host_name(headers.get("host", ""))
        if not name:
            raise Refused(400, "no usable Host header was sent", kind="no-host")
        if self.rules.hosts and name not in self.rules.hosts:
            raise Refused(
                421,
                "this server is not called by that name: start it with --allow-host NAME to let it in",
                kind="unknown-host",
            )

    def _check_origin(self, scope: Scope, headers: dict[str, str], *, socket: bool) -> None:
        """Refuse pages of other sites where a browser would let them through."""
        origin = headers.get("origin")
        if origin is None or (not socket and method_of(scope) in {"GET", "HEAD", "OPTIONS"}):
            return
        if urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
            raise Refused(403, "pages of other sites may not ask here", kind="other-origin")

    def _address(self, scope: Scope, headers: dict[str, str]) -> str:
        client = scope.get("client")
        address = str(client[0]) if client else "unknown"
        forwarded = headers.get("x-forwarded-for", "")
        if self.rules.proxied and forwarded and is_loopback(address):
            address = forwarded.rpartition(",")[2].strip()[:64]
        return address

    def _spend(self, buckets: Buckets, asker: str, rate: Rate | None, whose: str) -> None:
        wait = buckets.take(asker, rate=rate)
        if wait:
            raise Refused(
                429,
                f"too many requests of this {whose}: ask again in {wait:.1f} s",
                kind="too-many-requests",
                retry_after_s=max(1, round(wait + 0.5)),
            )

    async def _verify(self, token: str, address: str) -> Key:
        ring = self.rules.keys
        assert ring is not None
        key = ring.recall(token)
        if key is None:
            wait = self._wrong.take(address)  # every guess costs a scrypt: few of them a minute
            if wait:
                raise Refused(
                    429, "too many keys were tried", kind="too-many-keys", retry_after_s=round(wait + 0.5)
                )
            key = await asyncio.to_thread(ring.verify, token)
        if key is None:
            raise Refused(401, "this key is not known here", kind="wrong-key")
        return key
