"""Binance USD-M as one endless tape: every trade a plain function of its id, so that no session is too long to be known.

A child process sends it, as fast as it is taken or at a rate; REST gives any page of it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.stub_exchange.wire_binance import CONTRACTS, BinanceWire

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.sharedctypes import Synchronized

SYMBOL = "BTCUSDT"
#: Frames handed to the kernel at once, and bytes that may wait there.
_BURST, _BACKLOG = 100, 1 << 18
_LONG = 126


@dataclass(frozen=True)
class Tape:
    """``count`` trades from id 1; trade ``i`` happened at ``start_ms + i * 3_600_000 // per_hour``."""

    count: int
    start_ms: int
    per_hour: int = 1_000_000
    #: Messages a second; 0 sends as fast as they are taken.
    rate: float = 0.0

    def fields(self, i: int) -> tuple[str, str, int, str]:
        """Return price, size, moment [ms] and whether the buyer was the maker."""
        ticks = 600_000 + i * 7919 % 1_009 + (i // 50_000) % 400
        moment = self.start_ms + i * 3_600_000 // self.per_hour
        return f"{ticks // 10}.{ticks % 10}", f"0.{i * 31 % 900 + 100}", moment, "true" if i % 3 else "false"

    def frame(self, i: int) -> bytes:
        """Return a trade as a WebSocket frame, head included."""
        p, q, t, m = self.fields(i)
        text = (
            f'{{"stream":"btcusdt@aggTrade","data":{{"e":"aggTrade","E":{t},"a":{i},"s":"{SYMBOL}","p":"{p}","q":"{q}",'
            f'"f":{i},"l":{i},"T":{t},"m":{m}}}}}'
        ).encode()
        return struct.pack(">BBH", 0x81, _LONG, len(text)) + text

    def page(self, first: int, sent: int, limit: int) -> list[dict[str, object]]:
        """Return trades as REST gives them, none that was not sent."""
        out: list[dict[str, object]] = []
        for i in range(max(first, 1), min(first + limit, sent + 1)):
            p, q, t, m = self.fields(i)
            out.append({"a": i, "p": p, "q": q, "f": i, "l": i, "T": t, "m": m == "true"})
        return out


class _Listed:
    """What the wire's plain answers need of a market."""

    contracts = {c.symbol: c for c in CONTRACTS}  # noqa: RUF012

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def oi_lots(self, ts_ms: int) -> int:
        return 80_000_000 + ts_ms // 1_000 % 977


async def _serve(tape: Tape, port: Synchronized[int], sent: Synchronized[int]) -> None:
    market: Any = _Listed()
    wire = BinanceWire()

    async def rest(request: web.Request) -> web.Response:
        if request.path.endswith("aggTrades"):
            first = int(request.query.get("fromId", max(sent.value - 999, 1)))
            return web.json_response(tape.page(first, sent.value, int(request.query.get("limit", 500))))
        if request.path.endswith("openInterest"):  # in the tape's own time
            moment = tape.fields(sent.value)[2]
            lots = market.oi_lots(moment)
            return web.json_response(
                {"symbol": request.query["symbol"], "openInterest": f"{lots / 1_000}", "time": moment}
            )
        try:
            return web.json_response(wire.answer(request.path, request.query, b"", market))
        except LookupError:
            return web.json_response([], status=404)

    async def stream(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        asked = await socket.receive()
        for reply in wire.reply(asked.data):
            await socket.send_str(reply)
        if "aggTrade" in asked.data:
            await _send(request.transport, tape, sent)
        async for _ in socket:
            pass
        return socket

    app = web.Application()
    app.router.add_get("/market/stream", stream)
    app.router.add_get("/public/stream", stream)
    app.router.add_route("*", "/{tail:.*}", rest)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port.value = runner.addresses[0][1]
    await asyncio.Event().wait()


async def _send(transport: Any, tape: Tape, sent: Synchronized[int]) -> None:
    """Send what was not sent yet, held back by the receiver or by the rate."""
    begin, first = time.perf_counter(), sent.value
    while sent.value < tape.count and not transport.is_closing():
        now = sent.value
        stop = min(now + _BURST, tape.count)
        if tape.rate:
            due = first + int((time.perf_counter() - begin) * tape.rate)
            if due <= now:
                await asyncio.sleep(0.001)
                continue
            stop = min(stop, due)
        transport.write(b"".join(tape.frame(i) for i in range(now + 1, stop + 1)))
        sent.value = stop
        while transport.get_write_buffer_size() > _BACKLOG and not transport.is_closing():  # noqa: ASYNC110 (a bare transport tells nobody)
            await asyncio.sleep(0.0005)
        await asyncio.sleep(0)


def _run(tape: Tape, port: Synchronized[int], sent: Synchronized[int]) -> None:
    asyncio.run(_serve(tape, port, sent))


@contextlib.contextmanager
def endless(tape: Tape) -> Iterator[tuple[str, Synchronized[int]]]:
    """Give the address of a process that sends a tape, and how many trades it has sent."""
    context = get_context("spawn")
    port, sent = context.Value("i", 0), context.Value("q", 0)
    child = context.Process(target=_run, args=(tape, port, sent), daemon=True)
    child.start()
    try:
        for _ in range(1_000):
            if port.value:
                break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port.value}", sent
    finally:
        child.terminate()
        child.join()
