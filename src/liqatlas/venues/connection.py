"""One WebSocket that stays: connect, subscribe, keep awake, notice silence, come back."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import aiohttp

from liqatlas.base.clock import now_ns
from liqatlas.venues.inbox import Broken, RawFrame, Resumed

if TYPE_CHECKING:
    from liqatlas.venues.inbox import BreakReason, Inbox
    from liqatlas.venues.subscriptions import Heartbeat, Subscription

_TOO_MANY = {403, 418, 429}


@dataclass(frozen=True, slots=True)
class Persistence:
    """How a connection comes back: pauses double from the first to the longest, a good minute resets them."""

    first_pause_s: float = 0.5
    longest_pause_s: float = 60.0
    connect_timeout_s: float = 15.0
    #: After HTTP 403, 418 or 429 on connecting, unless Retry-After says otherwise.
    limited_pause_s: float = 60.0
    max_message_bytes: int = 16 * 1024 * 1024


@dataclass(slots=True)
class ConnectionStats:
    """What a connection went through."""

    connects: int = 0
    failures: int = 0
    stalls: int = 0
    disconnects: int = 0
    refused: str = ""


class Stream(Protocol):
    """What a feed runs for each subscription: frames, breaks and returns go to the inbox."""

    subscription: Subscription
    stats: ConnectionStats

    async def run(self) -> None:
        """Stay connected until cancelled."""


class Connection:
    """Runs one subscription for ever; frames and breaks go to the inbox.

    ``is_control`` tells answers to pings and subscriptions from data: only data keeps the silence watch quiet.
    """

    def __init__(
        self,
        subscription: Subscription,
        inbox: Inbox,
        heartbeat: Heartbeat,
        *,
        session: aiohttp.ClientSession,
        proxy: str | None = None,
        persistence: Persistence | None = None,
    ) -> None:
        self.subscription, self.inbox, self.heartbeat = subscription, inbox, heartbeat
        self.stats = ConnectionStats()
        self._session, self._proxy = session, proxy
        self._persistence = persistence or Persistence()
        self._last_any = self._last_data = time.monotonic()
        self._last_data_ns = 0
        self._broken = self._stalled = False

    async def run(self) -> None:
        """Connect again and again until cancelled."""
        pause = self._persistence.first_pause_s
        while True:
            begin = time.monotonic()
            reason: BreakReason = "disconnect"
            try:
                reason = await self._once()
                self.stats.disconnects += 1
            except aiohttp.WSServerHandshakeError as error:
                self.stats.failures += 1
                self.stats.refused = f"HTTP {error.status}"
                pause = max(pause, self._refused_pause(error))
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self.stats.failures += 1
                self.stats.refused = type(error).__name__
            self._tell_broken(reason)
            if time.monotonic() - begin > 60:
                pause = self._persistence.first_pause_s
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 -- jitter, not a secret
            pause = min(pause * 2, self._persistence.longest_pause_s)

    def _refused_pause(self, error: aiohttp.WSServerHandshakeError) -> float:
        """Return how long a refusal to connect wants us away."""
        asked = error.headers.get("Retry-After", "") if error.headers else ""
        if asked.isdecimal():
            return float(asked)
        return self._persistence.limited_pause_s if error.status in _TOO_MANY else 0.0

    def _tell_broken(self, reason: BreakReason) -> None:
        """Tell the reader once per break."""
        if not self._broken and self.stats.connects:
            self._broken = True
            self.inbox.tell(Broken(self.subscription, self._last_data_ns or now_ns(), now_ns(), reason))

    async def _once(self) -> BreakReason:
        """Live through one connection and return how it ended."""
        # Without a text of the venue's own, pings of the protocol keep watch; aiohttp closes a socket that leaves one unanswered.
        protocol_ping = self.heartbeat.every_s if self.heartbeat.text is None else None
        async with asyncio.timeout(self._persistence.connect_timeout_s):
            socket = await self._session.ws_connect(
                self.subscription.url, proxy=self._proxy, autoping=True, heartbeat=protocol_ping, compress=15,
                max_msg_size=self._persistence.max_message_bytes,
            )  # fmt: skip
        async with socket:
            self.stats.connects += 1
            self._last_any = self._last_data = time.monotonic()
            self._stalled = False
            watch = asyncio.create_task(self._keep(socket))
            try:
                for request in self.subscription.messages:
                    await socket.send_str(request)
                    if self.subscription.pause_s and len(self.subscription.messages) > 1:
                        await asyncio.sleep(self.subscription.pause_s)
                async for message in socket:
                    if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                        break
                    await self._take(message.data)
            finally:
                watch.cancel()
            return "stall" if self._stalled else "disconnect"

    async def _take(self, data: str | bytes) -> None:
        """Hand a frame on, with the moment it came."""
        moment = time.time_ns()
        payload = data.encode() if isinstance(data, str) else data
        control = _is_control(payload)
        if not control:
            self._last_data_ns = moment
            if self._broken:
                self._broken = False
                self.inbox.tell(Resumed(self.subscription, moment))
        frame = RawFrame(self.subscription, moment, payload)
        if not self.inbox.try_put(frame):
            await self.inbox.put(frame)
        self._last_any = (
            time.monotonic()
        )  # after the inbox took it: waiting for room is our silence, not the venue's
        if not control:
            self._last_data = self._last_any

    async def _keep(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Send heartbeats; close the socket when nothing, or no data, comes for too long."""
        text, silent = self.heartbeat.text, self.subscription.silent_after_s
        limit = self.heartbeat.dead_after_s
        next_ping = time.monotonic() + self.heartbeat.every_s
        while True:
            await asyncio.sleep(min(self.heartbeat.every_s, limit, silent or limit) / 4)
            now = time.monotonic()
            dead = text is not None and now - self._last_any > limit
            if dead or (silent is not None and now - self._last_data > silent):
                self.stats.stalls += 1
                self._stalled = True
                await socket.close()
                return
            if text is not None and now >= next_ping:
                next_ping = now + self.heartbeat.every_s
                await socket.send_str(text)


_DATA_STARTS = (b'{"stream"', b'{"topic"', b'{"arg"', b'{"e"')
_CONTROL_STARTS = (b'{"result"', b'{"success"', b'{"event"', b'{"req_id"', b'{"id"', b'{"error"', b'{"code"')


def _is_control(payload: bytes) -> bool:
    """Return whether a frame is an answer to a ping or a subscription rather than data; a look at its start is enough."""
    if payload.startswith(_DATA_STARTS):
        return False
    start = payload[:64]
    if start.startswith(b'{"channel"'):
        return b'"pong"' in start or b'"subscriptionResponse"' in start
    return payload == b"pong" or start.startswith(_CONTROL_STARTS) or b'"op":' in start
