"""Messages a second over loopback through a whole feed, beside the floor of a bare aiohttp + msgspec loop.

Run: PYTHONPATH=src:. python benchmarks/bench_feed.py [messages]. A child process sends; CPU is this process's alone. The growth
of memory between the first and the last quarter is printed: a feed holds what it is given and no more.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from multiprocessing import Process, Queue
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from liqatlas.venues.binance.rest import BinanceClient
from liqatlas.venues.client import ClientOptions
from liqatlas.venues.feed import Feed, FeedOptions
from liqatlas.venues.subscriptions import Hosts
from tests.stub_exchange.wire_binance import CONTRACTS, BinanceWire


def serve(count: int, port: Queue[int]) -> None:
    """Send ``count`` trades to every socket that subscribes, as fast as it takes them."""

    async def stream(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        await socket.receive()
        now = int(time.time() * 1000)
        head = '{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1,"a":'
        for i in range(count):
            tail = f'{i + 1},"s":"BTCUSDT","p":"{60000 + i % 99}.1","q":"0.010","f":1,"l":1,"T":{now + i // 20},"m":true}}}}'
            await socket.send_str(head + tail)
        await socket.receive()
        return socket

    async def rest(request: web.Request) -> web.Response:
        class Plain:
            contracts = {c.symbol: c for c in CONTRACTS}  # noqa: RUF012

        market: Any = Plain()
        return web.json_response(BinanceWire().answer(request.path, request.query, b"", market))

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/market/stream", stream)
        app.router.add_get("/{tail:.*}", rest)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port.put(runner.addresses[0][1])
        await asyncio.sleep(3600)

    asyncio.run(run())


async def bare(port: int, count: int) -> tuple[float, float]:
    """Receive and decode, nothing else."""
    decoder = msgspec.json.Decoder()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{port}/market/stream") as socket,
    ):
        await socket.send_str("go")
        begin, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            decoder.decode((await socket.receive()).data)
        return time.perf_counter() - begin, time.process_time() - cpu


async def feed(port: int, count: int) -> tuple[float, float, int, Feed]:
    """Receive, parse, check ids, hand on rows; rows are dropped at once, as a recorder that has written them."""
    hosts = Hosts(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
    async with (
        BinanceClient(ClientOptions(hosts=hosts)) as client,
        Feed(client, ["BTCUSDT"], ["trades"], FeedOptions(audit_s=0)) as running,
    ):
        begin, cpu, rows, early = time.perf_counter(), time.process_time(), 0, 0
        while rows < count:
            rows += len((await running.next(1.0)).rows)
            if not early and rows > count / 4:
                early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        spent = time.perf_counter() - begin, time.process_time() - cpu
        return *spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - early, running


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    ports: Queue[int] = Queue()
    server = Process(target=serve, args=(count, ports), daemon=True)
    server.start()
    port = ports.get()
    wall, cpu = asyncio.run(bare(port, count))
    print(f"bare aiohttp + msgspec  {count / wall:>9,.0f} messages/s   {cpu / count * 1e6:6.2f} µs CPU each")
    ours, ours_cpu, growth, running = asyncio.run(feed(port, count))
    print(
        f"feed                    {count / ours:>9,.0f} messages/s   {ours_cpu / count * 1e6:6.2f} µs CPU each   "
        f"ratio {ours_cpu / cpu:4.2f}"
    )
    stats = running.inbox.stats
    print(json.dumps({
        "frames": running.stats.frames, "dropped": stats.dropped, "gaps": len(running.finish()), "waits": stats.waits,
        "peak_frames": stats.peak_frames, "peak_bytes": stats.peak_bytes, "memory_growth_kib_last_three_quarters": growth,
    }))  # fmt: skip
    server.terminate()


if __name__ == "__main__":
    main()
