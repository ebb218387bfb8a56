"""The ``liquidationOrders`` channel over a WebSocket at ``/ws-api``: text frames ``ping`` and ``pong``, subscriptions as JSON."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import orjson
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from liqatlas.flows.coinglass.follow import NewPrints

if TYPE_CHECKING:
    from litestar.handlers import WebsocketRouteHandler

    from liqatlas.flows.serving import Source

CHANNEL = "liquidationOrders"
LOOK_EVERY_S = 0.25
MOST_SOCKETS = 200
#: Messages that wait for a slow client; older ones are dropped and counted.
MOST_WAITING = 64
MOST_FRAME = 4_096
MOST_FAULTS = 20
#: A client that says nothing for this long is let go [s]; the interface asks for a ping every 20 s.
PATIENCE_S = 120.0
TRY_LATER, POLICY = 1013, 1008

Socket = WebSocket[Any, Any, Any]


class Orders:
    """The sockets of the channel and the one task that looks for new rows while there are any."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._waiting: dict[Socket, asyncio.Queue[bytes]] = {}
        self._subscribed: set[Socket] = set()
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0

    async def serve(self, socket: Socket) -> None:
        """Serve one socket until either side ends it."""
        await socket.accept()
        if len(self._waiting) >= MOST_SOCKETS:
            await socket.close(TRY_LATER, f"{MOST_SOCKETS} sockets are open, which is all there may be")
            return
        waiting: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
        self._waiting[socket] = waiting
        writer = asyncio.create_task(self._write(socket, waiting))
        try:
            await self._read(socket, waiting)
        except (WebSocketDisconnect, TimeoutError):
            pass
        finally:
            del self._waiting[socket]
            self._subscribed.discard(socket)
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await writer
            with contextlib.suppress(Exception):
                await socket.close()

    async def _read(self, socket: Socket, waiting: asyncio.Queue[bytes]) -> None:
        faults = 0
        while faults < MOST_FAULTS:
            async with asyncio.timeout(PATIENCE_S):
                message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = _text(message)
            if text.strip() == "ping":
                self._put(waiting, b"pong")
            elif not self._obey(socket, text):
                faults += 1
                self._put(
                    waiting,
                    orjson.dumps(
                        {
                            "code": "400",
                            "msg": f'wanted ping, or {{"method":"subscribe","channels":["{CHANNEL}"]}}',
                        }
                    ),
                )
        await socket.close(POLICY, "too many frames that cannot be read")

    def _obey(self, socket: Socket, text: str) -> bool:
        """Subscribe or unsubscribe as a frame says; return whether it could be read."""
        if len(text) > MOST_FRAME:
            return False
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError:
            return False
        if (
            not isinstance(frame, dict)
            or not isinstance(frame.get("channels"), list)
            or CHANNEL not in frame["channels"]
        ):
            return False
        if frame.get("method") == "subscribe":
            self._subscribed.add(socket)
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._follow())
        elif frame.get("method") == "unsubscribe":
            self._subscribed.discard(socket)
        else:
            return False
        return True

    def _put(self, waiting: asyncio.Queue[bytes], message: bytes) -> None:
        if waiting.full():
            waiting.get_nowait()
            self.dropped += 1
        waiting.put_nowait(message)

    async def _write(self, socket: Socket, waiting: asyncio.Queue[bytes]) -> None:
        while True:
            message = await waiting.get()
            await socket.send_data(message.decode(), mode="text")

    async def _follow(self) -> None:
        """Look for new rows for as long as somebody wants them."""
        prints = NewPrints(self._source)
        await asyncio.to_thread(prints.look)
        while self._subscribed:
            await asyncio.sleep(LOOK_EVERY_S)
            rows = await asyncio.to_thread(prints.look)
            if rows:
                message = orjson.dumps({"channel": CHANNEL, "data": rows})
                for socket in self._subscribed:
                    self._put(self._waiting[socket], message)


def _text(message: Any) -> str:
    return message.get("text") or (message.get("bytes") or b"").decode("utf-8", "replace")


def orders_route(source: Source) -> WebsocketRouteHandler:
    """Return the route of the channel."""
    orders = Orders(source)

    @websocket("/ws-api")
    async def ws_api(socket: Socket) -> None:
        await orders.serve(socket)

    return ws_api
