"""A loopback exchange: REST and WebSocket of one venue over real sockets, from a market of known truth, with faults."""

from __future__ import annotations

import asyncio
import contextlib
import json
from email.utils import formatdate
from typing import TYPE_CHECKING, Protocol

from aiohttp import WSMsgType, web

from tests.stub_exchange.faults import Schedule
from tests.stub_exchange.market import Trade

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from tests.stub_exchange.faults import Planned
    from tests.stub_exchange.market import Event, Market


class Wire(Protocol):
    """How one venue puts the market into messages."""

    def channels(self, request: str, path: str) -> set[str]:
        """Return the channels a subscribe message (or a path) asks for."""

    def reply(self, request: str) -> list[str]:
        """Return what the venue answers to a message: acknowledgement or pong."""

    def opening(self, channel: str, market: Market) -> str | None:
        """Return what a channel sends first, such as a book snapshot."""

    def frame(self, event: Event, market: Market, shift_ms: int) -> tuple[str, str] | None:
        """Return an event's channel and message, or ``None`` where the venue streams no such thing."""

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Market) -> object:
        """Return a REST answer; raise ``LookupError`` for an unknown path."""

    def soft_failure(self) -> tuple[int, object]:
        """Return status and body of a failure in the venue's own words."""


class Client:
    """One connected socket."""

    def __init__(self, socket: web.WebSocketResponse, path: str) -> None:
        self.socket, self.path = socket, path
        self.channels: set[str] = set()
        self.stalled = False


class StubExchange:
    """Plays a market to whoever subscribes; ``async with`` binds it to a free port of 127.0.0.1.

    Parameters
    ----------
    pace_s
        Pause after each ``burst`` events.
    wait_for
        Number of sockets that must have subscribed before the market begins to move.
    wait_messages
        Number of subscribe messages that must have come as well, where a venue takes many a socket.
    ack_after_s
        How long the venue takes over each subscribe message: channels of a socket open one after another.
    """

    def __init__(
        self,
        wire: Wire,
        market: Market,
        schedule: Schedule | None = None,
        *,
        pace_s: float = 0.0,
        burst: int = 20,
        wait_for: int = 1,
        wait_messages: int = 0,
        ack_after_s: float = 0.0,
    ) -> None:
        self.wire, self.market, self.schedule = wire, market, schedule or Schedule()
        self.pace_s, self.burst, self.wait_for = pace_s, burst, wait_for
        self.wait_messages, self._asked = wait_messages, 0
        self.ack_after_s = ack_after_s
        self.clients: list[Client] = []
        self.requests: list[str] = []
        self.sent = 0
        self.sent_rows: list[tuple[int, Event]] = []
        self.connects = 0
        self.done = asyncio.Event()
        self._ready = asyncio.Event()
        self.port = 0
        self._held: list[tuple[Event, str, str]] = []
        self._outage = self._refusing = 0
        self._shift_ms = 0
        self._runner: web.AppRunner | None = None
        self._player: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._player = asyncio.create_task(self._play())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._player is not None
        assert self._runner is not None
        self._player.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._player
        for client in self.clients:
            await client.socket.close()
        await self._runner.cleanup()

    @property
    def rest_url(self) -> str:
        """Where REST answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_url(self) -> str:
        """Where streams are."""
        return f"ws://127.0.0.1:{self.port}"

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request)
        return await self._rest(request)

    # --- REST ---------------------------------------------------------------------------------------------------

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        fault = self.schedule.rest.get(len(self.requests))
        self.requests.append(request.path)
        body = await request.read()
        if fault is not None:
            self.schedule.injected[fault] += 1
        if fault in {"429", "418", "403", "451", "500", "503"}:
            limited = fault in {"429", "418", "403"} and self.schedule.retry_after is not None
            headers = {"Retry-After": self.schedule.retry_after or "0"} if limited else {}
            return web.Response(status=int(fault), text="no", headers=headers)
        if fault == "soft":
            status, answer = self.wire.soft_failure()
            return web.json_response(answer, status=status)
        if fault == "hang":
            await asyncio.sleep(30)
        try:
            answer = self.wire.answer(request.path, request.query, body, self.market)
        except LookupError as error:
            return web.json_response({"error": str(error)}, status=404)
        if isinstance(answer, bytes):  # a file
            return web.Response(body=answer[: len(answer) // 2] if fault == "cut_body" else answer)
        text = json.dumps(answer)
        # Bitfinex gives no clock but this header
        now_ms = getattr(self.market, "now_ms", None)  # a recorded market has no clock of its own
        headers = {} if now_ms is None else {"Date": formatdate(now_ms() / 1000, usegmt=True)}
        return web.Response(
            text=text[: len(text) // 2] if fault == "cut_body" else text, content_type="application/json", headers=headers
        )  # fmt: skip

    # --- WebSocket ----------------------------------------------------------------------------------------------

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self._refusing > 0:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        self.connects += 1
        client = Client(socket, request.path)
        self.clients.append(client)
        try:
            async for message in socket:
                if message.type != WSMsgType.TEXT:
                    break
                await self._take(client, message.data)
        finally:
            if client in self.clients:
                self.clients.remove(client)
        return socket

    async def _take(self, client: Client, request: str) -> None:
        await asyncio.sleep(self.ack_after_s)
        if not client.stalled:
            for reply in self.wire.reply(request):
                await client.socket.send_str(reply)
        wanted = self.wire.channels(request, client.path)
        for channel in sorted(wanted - client.channels):
            opening = self.wire.opening(channel, self.market)
            if opening is not None:
                await client.socket.send_str(opening)
        client.channels |= wanted
        self._asked += bool(wanted)
        if sum(bool(c.channels) for c in self.clients) >= self.wait_for and self._asked >= self.wait_messages:
            self._ready.set()

    async def _play(self) -> None:
        await self._ready.wait()
        await asyncio.sleep(0.05)  # let the subscriptions of one client arrive together
        index = 0
        while (event := self.market.advance()) is not None:
            await self._emit(index, event)
            index += 1
            if index % self.burst == 0:
                await asyncio.sleep(self.pace_s)
        await self._release()
        self.done.set()

    async def _emit(self, index: int, event: Event) -> None:
        """Send one event, or do to it what the schedule says."""
        self._refusing = max(0, self._refusing - 1)
        planned = self.schedule.stream.get(index)
        made = self.wire.frame(event, self.market, self._shift_ms)
        if planned is not None:
            await self._disturb(planned)
        if made is None:
            return
        channel, text = made
        kind = planned.kind if planned else None
        if self._outage > 0 or kind == "drop":
            self._outage = max(0, self._outage - 1)
            self._withhold(event)
        elif kind == "reorder":
            self._held.append((event, channel, text))
            self.schedule.injected["reordered"] += 1
        elif kind == "truncate":
            self._withhold(event)
            await self._send(event, channel, text[: len(text) // 2], whole=False)
        else:
            await self._send(event, channel, text)
            if kind == "duplicate":
                self.schedule.injected["duplicated"] += isinstance(event, Trade)
                await self._send(event, channel, text)
            await self._release()

    async def _disturb(self, planned: Planned) -> None:
        """Do what concerns the connection rather than one frame."""
        self.schedule.injected[planned.kind] += 1
        if planned.kind == "gap":
            self._outage = planned.length
        elif planned.kind == "delay":
            await asyncio.sleep(planned.seconds)
        elif planned.kind == "clock_jump":
            self._shift_ms = 0 if self._shift_ms else planned.jump_ms
        elif planned.kind == "cut":
            for client in list(self.clients):
                client.channels.clear()
                transport = client.socket._req.transport if client.socket._req else None
                if transport is not None:
                    transport.abort()
            self._refusing = planned.length
        elif planned.kind == "stall":
            for client in self.clients:
                client.stalled = True

    def _withhold(self, event: Event) -> None:
        """Note a trade that nobody is sent."""
        if isinstance(event, Trade):
            ids = range(event.last_id - event.ids + 1, event.last_id + 1)
            self.schedule.withheld.setdefault(event.symbol, []).extend(ids)
            self.schedule.injected["withheld_trades"] += event.ids

    async def _release(self) -> None:
        """Send what was held back to come late."""
        held, self._held = self._held, []
        for event, channel, text in held:
            await self._send(event, channel, text)

    async def _send(self, event: Event, channel: str, text: str, *, whole: bool = True) -> None:
        """Send to everybody who subscribed and is not stalled."""
        reached = False
        for client in list(self.clients):
            if channel in client.channels and not client.stalled:
                with contextlib.suppress(ConnectionError, RuntimeError):
                    await client.socket.send_str(text)
                    self.sent += 1
                    reached = True
        if whole and reached:
            self.sent_rows.append((self.sent, event))
