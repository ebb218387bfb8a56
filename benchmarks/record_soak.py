"""Soak the recorder: up to 200,000 messages over loopback, memory and CPU per message as a table.

    python -m benchmarks.record_soak 200000

The recorder is the real process. Prints resident memory of the recorder every
few seconds; after warm-up it must not grow. ``benchmarks/bench_feed.py`` has the floor of a bare aiohttp and msgspec loop.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.record_kills import start

from liqatlas.base.clock import NS_PER_MS, now_ns
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import market_of, wire_of

#: The stub keeps its whole market in memory, which bounds a session.
SESSION = 200_000


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def soak(messages: int, folder: Path) -> None:
    market = market_of("binance", events=min(messages, SESSION), start_ms=now_ns() // NS_PER_MS, step_ms=1)
    symbol = next(iter(market.contracts))
    print(f"{'messages':>12} {'per s':>8} {'memory [MB]':>12} {'CPU per message [us]':>21}")
    async with StubExchange(wire_of("binance"), market, pace_s=0.0, burst=200) as exchange:
        process = await start(folder, exchange.rest_url, symbol)
        begun = time.monotonic()
        last = -1
        while not exchange.done.is_set() or exchange.sent != last:
            last = exchange.sent
            await asyncio.sleep(3)
            spent = cpu_s(process.pid)
            rate = exchange.sent / (time.monotonic() - begun)
            each = 1e6 * spent / max(exchange.sent, 1)
            print(
                f"{exchange.sent:12,} {rate:8,.0f} {resident_mb(process.pid):12.0f} {each:21.1f}", flush=True
            )
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(soak(int(sys.argv[1]) if len(sys.argv) > 1 else SESSION, Path(place)))
