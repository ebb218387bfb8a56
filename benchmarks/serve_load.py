"""Load on one server: many viewers of a price and a map that move ten times a second, and maps asked for all the while.

A lake is filled by a writer as a recorder would, ten times a second; the server follows it. Prints a table of latencies, what was
left out and whether that was counted, and the server's memory and processor time; ends with 1 where a promise broke: a request that
failed, a message lost without being counted, memory that grows, a viewer that was dropped. Times are printed and never judged.

    python benchmarks/serve_load.py --viewers 500 --rate 200 --seconds 300 [--plot memory.svg]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import numpy as np
import orjson
import polars as pl

from liqatlas.base.clock import NS_PER_MS, now_ns, parse_time
from liqatlas.flows.simulated import simulated_market
from liqatlas.store import Lake
from tests.e2e.serving import Served, served

if TYPE_CHECKING:
    from liqatlas.base.recording import Recording

#: Writes a second, as a recorder does.
WRITES_PER_S = 10
#: Every so many viewers one watches a map too, and one in so many reads slowly.
MAP_VIEWERS, SLOW_VIEWERS = 10, 50
#: Memory may end this much above where it stood after the first fifth of the time.
GROWTH = 1.15


@dataclass
class Tally:
    """What was seen."""

    latency_ms: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    delay_ms: list[float] = field(default_factory=list)
    messages: int = 0
    skipped: int = 0
    uncounted: int = 0
    out_of_order: int = 0
    dropped_viewers: int = 0
    opened: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)
    processor: tuple[float, float] = (0.0, 0.0)


def moved(market: tuple[Recording, ...], until_ns: int) -> list[Recording]:
    """Return the simulated recordings with their end at a moment."""
    out = []
    for one in market:
        span = one.span_ns()
        assert span is not None
        shift = until_ns - span[1]
        tables = {
            name: frame.with_columns(pl.col(c) + shift for c in frame.columns if c.startswith("ts_"))
            for name, frame in one.tables().items()
        }
        out.append(replace(one, **tables))  # type: ignore[arg-type]
    return out


def fill(folder: Path, days: float) -> list[Recording]:
    """Return the recordings that a lake was filled with."""
    market = moved(simulated_market(seed=4, days=days), now_ns() - 2_000 * NS_PER_MS)
    with Lake.create(folder) as lake:
        for one in market:
            for name, frame in one.tables().items():
                lake.ingest("bars" if name == "mark_bars" else name, one.instrument, frame)
    return market


def write(folder: Path, market: list[Recording], stop: threading.Event) -> None:
    """Append trades and marks of now, all venues, ten times a second."""
    rng = np.random.default_rng(1)
    ticks = {r.instrument.key: int(r.trades["price_ticks"][-1]) for r in market}
    with Lake.create(folder) as lake, lake.writer(bound_s=0.05) as writer:
        due = time.monotonic()
        while not stop.is_set():
            for one in market:
                key = one.instrument.key
                ticks[key] = max(ticks[key] + int(rng.integers(-40, 41)), 1)
                last = one.trades.tail(1)
                now = now_ns()
                trade = last.with_columns(
                    ts_event_ns=pl.lit(now), price_ticks=pl.lit(ticks[key]), trade_id=pl.lit(now // 1000)
                )
                price = ticks[key] * float(one.instrument.tick_size)
                mark = one.marks.tail(1).with_columns(ts_event_ns=pl.lit(now), mark_price=pl.lit(price))
                writer.append("trades", one.instrument, trade)
                writer.append("marks", one.instrument, mark)
            due += 1 / WRITES_PER_S
            stop.wait(max(due - time.monotonic(), 0))
        writer.flush(timeout_s=20)


async def view(
    one: Served, session: aiohttp.ClientSession, number: int, tally: Tally, stop: asyncio.Event
) -> None:
    """Watch until the end; every message must follow on the one before, what is missing must be counted in it."""
    seen: dict[str, int] = {}
    slow = number % SLOW_VIEWERS == 1
    try:
        async with session.ws_connect(f"{one.url}/ws/v1/stream", max_msg_size=0) as socket:
            tally.opened += 1
            channels = ["price", "map"] if number % MAP_VIEWERS == 0 else ["price"]
            for channel in channels:
                await socket.send_json(
                    {"op": "subscribe", "channel": channel, "asset": "BTC", "window": "24h"}
                )
            while not stop.is_set():
                message = await socket.receive()
                if message.type != aiohttp.WSMsgType.TEXT:
                    tally.dropped_viewers += not stop.is_set()
                    return
                note(orjson.loads(message.data), seen, tally, timed=not slow)
                if slow:
                    await asyncio.sleep(0.5)
    except (aiohttp.ClientError, OSError):
        tally.dropped_viewers += not stop.is_set()


def note(message: dict[str, Any], seen: dict[str, int], tally: Tally, *, timed: bool) -> None:
    """Take a message into the tally."""
    if "data" not in message:
        return
    channel, seq = message["channel"], message["seq"]
    tally.messages += 1
    before = seen.get(channel)
    if before is not None:
        if seq <= before:
            tally.out_of_order += 1
        tally.skipped += message["skipped"]
        tally.uncounted += abs(seq - before - 1 - message["skipped"])
    seen[channel] = seq
    if timed and channel == "price" and tally.messages % 20 == 0:
        tally.delay_ms.append((now_ns() - parse_time(message["as_of"])) / NS_PER_MS)


async def ask(one: Served, rate: float, seconds: float, tally: Tally) -> None:
    """Ask for maps at a steady rate; what is late is not left out."""
    paths = [f"/v1/map/BTC?window={w}" for w in ("12h", "24h", "3d")] + [
        "/v1/map/BTC?window=24h&bins=100",
        "/v1/markets",
    ]
    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(connector=connector, headers={"Accept-Encoding": "gzip"}) as session:
        tags: dict[str, str] = {}
        pending: set[asyncio.Task[None]] = set()

        async def once(number: int) -> None:
            path = paths[number % len(paths)]
            headers = {"If-None-Match": tags[path]} if number % 2 and path in tags else {}
            began = time.perf_counter()
            try:
                async with session.get(one.url + path, headers=headers) as answer:
                    await answer.read()
                    status = answer.status
                    tags[path] = answer.headers.get("ETag", "")
            except (aiohttp.ClientError, OSError):
                status = 0
            tally.latency_ms.append((time.perf_counter() - began) * 1e3)
            tally.statuses[status] = tally.statuses.get(status, 0) + 1

        began = time.monotonic()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(began + number / rate - time.monotonic(), 0))
            task = asyncio.create_task(once(number))
            pending.add(task)
            task.add_done_callback(pending.discard)
        await asyncio.gather(*pending)


async def watch_memory(pid: int, tally: Tally, stop: asyncio.Event) -> None:
    """Note the server's resident memory every second [MB]."""
    began = time.monotonic()
    while not stop.is_set():
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])  # noqa: ASYNC240
        tally.memory.append((time.monotonic() - began, pages * resource.getpagesize() / 1e6))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 1.0)


def processor_seconds(pid: int) -> float:
    """Return user and system time of a process [s]."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run(
    folder: Path, market: list[Recording], *, viewers: int, rate: float, seconds: float
) -> tuple[Tally, str]:
    """Return the tally of one run and the server's own counters."""
    tally, stop, quiet = Tally(), asyncio.Event(), threading.Event()
    async with served(folder, "--lake", folder / "lake", "--sockets", 4 * viewers + 64) as one:
        writer = threading.Thread(target=write, args=(folder / "lake", market, quiet))
        writer.start()
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            tasks = [asyncio.create_task(view(one, session, n, tally, stop)) for n in range(viewers)]
            tasks.append(asyncio.create_task(watch_memory(one.process.pid, tally, stop)))
            before, began = processor_seconds(one.process.pid), time.monotonic()
            await ask(one, rate, seconds, tally)
            tally.processor = (processor_seconds(one.process.pid) - before, time.monotonic() - began)
            async with session.get(f"{one.url}/metrics") as answer:
                counters = await answer.text()
            stop.set()
            quiet.set()
            await asyncio.wait(tasks, timeout=10)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        writer.join()
        code = await one.stop()
        if code != 0 or "Traceback" in one.log():
            raise SystemExit(f"the server ended with {code}: {one.log()}")
    return tally, counters


def quantiles(values: list[float]) -> str:
    """Return the quantiles of a table's row."""
    if not values:
        return "no values"
    cuts = np.quantile(values, [0.5, 0.9, 0.99, 0.999, 1.0])
    return " | ".join(f"{cut:8.1f}" for cut in cuts)


def faults_of(tally: Tally, viewers: int) -> list[str]:
    """Return the promises that broke."""
    good = sum(n for status, n in tally.statuses.items() if status in {200, 304})
    asked = sum(tally.statuses.values())
    found = []
    if good != asked:
        found.append(f"{asked - good} of {asked} requests failed: {tally.statuses}")
    if tally.uncounted or tally.out_of_order:
        found.append(f"{tally.uncounted} messages missing and not counted, {tally.out_of_order} out of order")
    if tally.dropped_viewers or tally.opened != viewers:
        found.append(f"{tally.opened} of {viewers} viewers came in, {tally.dropped_viewers} were dropped")
    if not tally.messages:
        found.append("no message came")
    settled = [mb for _, mb in tally.memory[len(tally.memory) // 5 :]]
    if len(settled) > 60 and np.median(settled[-20:]) > GROWTH * np.median(settled[:20]):
        found.append(f"memory grew from {np.median(settled[:20]):.0f} to {np.median(settled[-20:]):.0f} MB")
    return found


def draw(tally: Tally, target: Path) -> None:
    """Draw the server's memory over time."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 2.6), layout="constrained")
    axes.plot(*zip(*tally.memory, strict=True))
    axes.set(
        xlabel="seconds",
        ylabel="resident memory [MB]",
        ylim=(0, None),
        title="Memory of the server under load",
    )
    figure.savefig(target)


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--days", type=float, default=4.0)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(hard, 4 * args.viewers + 1024) if hard > 0 else hard, hard)
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        market = fill(folder / "lake", args.days)
        tally, counters = asyncio.run(
            run(folder, market, viewers=args.viewers, rate=args.rate, seconds=args.seconds)
        )
    busy, elapsed = tally.processor
    print(f"{args.viewers} viewers at {WRITES_PER_S} Hz, {args.rate:g} requests/s for {args.seconds:g} s")
    print(f"{'[ms]':32} |      p50 |      p90 |      p99 |    p99.9 |      max")
    print(f"{'map request':32} | {quantiles(tally.latency_ms)}")
    print(f"{'row written to price shown':32} | {quantiles(tally.delay_ms)}")
    print(
        f"requests by status {tally.statuses}; {tally.messages:,} messages, {tally.skipped:,} states skipped and counted"
    )
    print(f"server: {busy / elapsed:.2f} cores, memory {tally.memory[0][1]:.0f} MB first, {tally.memory[-1][1]:.0f} MB last, "
          f"{max(mb for _, mb in tally.memory):.0f} MB most")  # fmt: skip
    print(
        "\n".join(
            line for line in counters.splitlines() if line.startswith(("liqatlas_stream", "liqatlas_answers"))
        )
    )
    if args.plot:
        draw(tally, args.plot)
    broken = faults_of(tally, args.viewers)
    for one in broken:
        print(f"BROKEN: {one}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
