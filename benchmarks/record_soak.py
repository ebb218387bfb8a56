"""Soak the recorder: millions of messages over loopback, its memory as a picture, CPU per message beside a floor.

    python -m benchmarks.record_soak 20000000 soak.svg

The recorder is the real process, into a real lake with compaction; the tape is endless and any part of it can be told again. After
warm-up resident memory must not grow, and never exceed a cap; at the end every trade stands in the lake once. The floor is a bare aiohttp and msgspec loop
over the same tape.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import aiohttp
import msgspec
import numpy as np

from liqatlas.base.clock import HOUR_NS, now_ns
from liqatlas.store import Lake
from tests.stub_exchange.endless import SYMBOL, Tape, endless

MILLION = 1_000_000
#: Trades of a market's day: as many as the busiest contract has, rewritten by compaction as the day grows.
PER_DAY = 5 * MILLION
#: Resident memory at any moment, compaction included [MB].
CAP_MB = 512
#: Memory counts from here on: by then files were compacted twice [s]. A run with fewer samples after it is too short to judge.
WARM_S, ENOUGH = 150.0, 20
#: Growth of memory that is allowed after warm-up [share].
GROWTH = 0.1
Sample = tuple[int, float, float, float]


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def durable_rows(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            found = re.search(
                r'liqatlas_rows_total\{venue="binance",dataset="trades"\} (\d+)', answer.read().decode()
            )
    except OSError:
        return 0
    return int(found[1]) if found else 0


async def soak(tape: Tape, folder: Path) -> list[Sample]:
    """Return (messages received, seconds, memory [MB], CPU [s]) every few seconds."""
    port, samples = free_port(), []
    print(f"{'messages':>12} {'per s':>8} {'memory [MB]':>12} {'CPU per message [us]':>21}", flush=True)
    with endless(tape) as (url, sent):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "liqatlas", "record", "BTC", "--venues", "binance", "--host", f"binance={url}", "--lake",
            str(folder / "lake"), "--metrics", str(port), env={**os.environ, "LIQATLAS_CACHE": str(folder / "cache")},
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        begun, rows = 0.0, 0
        while rows < tape.count:
            await asyncio.sleep(3)
            rows = await asyncio.to_thread(durable_rows, port)
            if not sent.value:
                continue
            begun = begun or time.monotonic() - 3
            samples.append((rows, time.monotonic() - begun, resident_mb(process.pid), cpu_s(process.pid)))
            done, seconds, memory, spent = samples[-1]
            print(
                f"{done:12,} {done / seconds:8,.0f} {memory:12.0f} {1e6 * spent / max(done, 1):21.1f}",
                flush=True,
            )
        process.terminate()
        await process.wait()
    return samples


async def bare(tape: Tape) -> float:
    """Return the CPU of receiving and decoding alone [us a message]."""
    decoder = msgspec.json.Decoder()
    with endless(tape) as (url, _):
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/market/stream") as stream:
            await stream.send_str('{"id": 1, "method": "SUBSCRIBE", "params": ["btcusdt@aggTrade"]}')
            begin = time.process_time()
            for _ in range(tape.count + 1):
                decoder.decode((await stream.receive()).data)
            return 1e6 * (time.process_time() - begin) / tape.count


def judge(tape: Tape, folder: Path, samples: list[Sample]) -> int:
    """Print what the lake holds and whether memory grew; return how much is wrong."""
    with Lake.open(folder / "lake") as lake:
        start = tape.start_ms * 1_000_000
        rows = twice = 0
        seen_last = 0
        for hour in range(start // HOUR_NS * HOUR_NS, now_ns() + HOUR_NS, HOUR_NS):
            ids = lake.read("trades", "binance", SYMBOL, hour, hour + HOUR_NS)["trade_id"].to_numpy()
            if len(ids):
                rows += len(ids)
                twice += len(ids) - len(np.unique(ids)) + int(ids.min() <= seen_last)
                seen_last = int(ids.max())
        gaps = [g for g in lake.list_gaps(dataset="trades", venue="binance", symbol=SYMBOL) if not g.filled]
    peak = max(s[2] for s in samples)
    print(
        f"{tape.count:,} sent, {rows:,} in the lake, lost {tape.count - rows}, twice {twice}, listed gaps {len(gaps)}; "
        f"peak {peak:.0f} MB of at most {CAP_MB}"
    )
    warm = [s[2] for s in samples if s[1] >= WARM_S]
    early = late = 0.0
    if len(warm) >= ENOUGH:
        early, late = float(np.median(warm[: len(warm) // 2])), float(np.median(warm[len(warm) // 2 :]))
        print(f"memory after warm-up: median {early:.0f} MB in the first half, {late:.0f} MB in the second")
    else:
        print("too short to tell whether memory grows after warm-up")
    return int(rows != tape.count) + twice + len(gaps) + int(late > early * (1 + GROWTH)) + int(peak > CAP_MB)


def draw(samples: list[Sample], floor_us: float, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    done, seconds, memory, spent = (np.array(column) for column in zip(*samples, strict=True))
    figure, (upper, lower) = plt.subplots(2, 1, sharex=True, figsize=(8, 5), layout="constrained")
    upper.plot(done / MILLION, memory)
    upper.set(ylabel="resident memory [MB]", ylim=(0, None), title="Recorder under a flood over loopback")
    lower.plot(
        done[1:] / MILLION, 1e6 * np.diff(spent) / np.maximum(np.diff(done), 1), label="recorder, all of it"
    )
    lower.axhline(floor_us, linestyle="--", color="grey", label="floor: bare aiohttp + msgspec loop")
    lower.set(ylabel="CPU per message [µs]", xlabel="messages [million]", ylim=(0, None))
    lower.legend()
    figure.savefig(path)
    del seconds


async def main(count: int, picture: Path | None) -> int:
    floor = await bare(Tape(min(count, MILLION), 0))
    print(f"floor, bare aiohttp + msgspec: {floor:.1f} us a message")
    days = count // PER_DAY + 2
    tape = Tape(count, now_ns() // 1_000_000 - days * 24 * 3_600_000, per_hour=PER_DAY // 24)
    with tempfile.TemporaryDirectory() as place:
        samples = await soak(tape, Path(place))
        done, seconds, _, spent = samples[-1]
        each = 1e6 * spent / done
        print(
            f"{done / seconds:,.0f} messages a second, {each:.1f} us CPU a message, {each / floor:.1f} times the floor"
        )
        if picture is not None:
            draw(samples, floor, picture)
        return judge(tape, Path(place), samples)


if __name__ == "__main__":
    sys.exit(
        asyncio.run(
            main(
                int(sys.argv[1]) if len(sys.argv) > 1 else MILLION,
                Path(sys.argv[2]) if len(sys.argv) > 2 else None,
            )
        )
    )
