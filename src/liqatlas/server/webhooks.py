"""Signed webhooks: each event is sent until it is taken or given up, in order, never twice by one sender.

The signature is ``X-Liqatlas-Signature: t=SECONDS,v1=HEX`` with HEX the HMAC-SHA256 of ``SECONDS.BODY`` under the shared secret.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger("liqatlas.alerts")
SIGNATURE = "X-Liqatlas-Signature"
EVENT = "X-Liqatlas-Event"
#: Waits between attempts [s]; after the last an event is given up.
WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
QUEUE = 1_000
_REMEMBERED = 10_000
_TAKEN = range(200, 300)
#: Worth trying again; other refusals will not change.
_PASSING = frozenset({408, 409, 425, 429, *range(500, 600)})


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to send; the secret and the address never appear in a log or a representation."""

    name: str
    url: str = field(repr=False)
    secret: bytes = field(repr=False)

    @property
    def host(self) -> str:
        """The name of the machine, for logs: an address may hold a token."""
        return urlsplit(self.url).hostname or "?"


def signature(secret: bytes, moment_s: int, body: bytes) -> str:
    """Return the signature header of a body."""
    code = hmac.digest(secret, f"{moment_s}.".encode() + body, hashlib.sha256).hex()
    return f"t={moment_s},v1={code}"


def is_signed(secret: bytes, header: str, body: bytes, *, now_s: float, tolerance_s: float = 300.0) -> bool:
    """Tell whether a body was signed with the secret, lately; what a receiver does."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    moment = parts.get("t", "")
    if not (moment.isascii() and moment.isdigit()) or abs(now_s - int(moment)) > tolerance_s:
        return False
    return hmac.compare_digest(signature(secret, int(moment), body), header)


class Sender:
    """The sender of one webhook."""

    def __init__(
        self,
        webhook: Webhook,
        *,
        waits_s: tuple[float, ...] = WAITS_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.webhook = webhook
        self.counts: Counter[str] = Counter()
        self._waits, self._clock = waits_s, clock
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(QUEUE)
        self._known: OrderedDict[str, None] = OrderedDict()

    def put(self, event: dict[str, Any]) -> None:
        """Take an event; one that was taken before is passed over, one too many is counted as dropped."""
        if event["id"] in self._known:
            self.counts["duplicates"] += 1
            return
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self.counts["dropped"] += 1
            LOG.warning(
                "webhook %s (%s): an event was dropped, %d wait", self.webhook.name, self.webhook.host, QUEUE
            )
            return
        self._known[event["id"]] = None
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    @property
    def waiting(self) -> int:
        """Events not sent yet."""
        return self._queue.qsize()

    async def run(self) -> None:
        """Send events until cancelled."""
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                event = await self._queue.get()
                await self._deliver(session, event)
                self._queue.task_done()

    async def settle(self, patience_s: float) -> None:
        """Wait until nothing waits any more, but no longer than that."""
        try:
            await asyncio.wait_for(self._queue.join(), patience_s)
        except TimeoutError:
            LOG.warning("webhook %s: %d events were not sent", self.webhook.name, self.waiting + 1)

    async def _deliver(self, session: aiohttp.ClientSession, event: dict[str, Any]) -> None:
        body = orjson.dumps(event)
        why: str | None = None
        for wait in (*self._waits, None):
            why = await self._attempt(session, event["id"], body)
            if why is None:
                self.counts["sent"] += 1
                return
            if wait is None or not why.startswith("~"):
                break
            self.counts["retries"] += 1
            await asyncio.sleep(wait)
        self.counts["failed"] += 1
        LOG.error(
            "webhook %s (%s): event %s was not taken: %s",
            self.webhook.name, self.webhook.host, event["id"], (why or "").removeprefix("~"),
        )  # fmt: skip

    async def _attempt(self, session: aiohttp.ClientSession, identity: str, body: bytes) -> str | None:
        """Send once; return nothing where it was taken, else why not, with ~ before what may pass."""
        headers = {
            "Content-Type": "application/json",
            EVENT: identity,
            SIGNATURE: signature(self.webhook.secret, int(self._clock()), body),
        }
        try:
            async with session.post(
                self.webhook.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.content.read(1_024)
                if answer.status in _TAKEN:
                    return None
                return ("~" if answer.status in _PASSING else "") + f"status {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return f"~{type(error).__name__}"

    def metrics_text(self) -> str:
        """Return counters in Prometheus' text format."""
        label = f'webhook="{self.webhook.name}"'
        lines = [
            f"liqatlas_webhook_{name}_total{{{label}}} {self.counts[name]}"
            for name in ("sent", "retries", "failed", "dropped", "duplicates")
        ]
        return "\n".join([*lines, f"liqatlas_webhook_waiting{{{label}}} {self.waiting}"]) + "\n"
