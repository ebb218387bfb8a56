"""Kill ``liqatlas record`` with ``kill -9`` again and again while a stub exchange trades; print a table.

    python -m benchmarks.record_kills 100
    python -m benchmarks.record_kills 25 51     (rounds 51 to 75)

Per round: trades sent while the recorder lived and longer ago than the stated loss that are not in the lake (wanted 0), trades in
the lake twice (wanted 0). At the end, after one undisturbed run: trades of the whole market that are neither there nor in a
listed gap (wanted 0).
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
from pathlib import Path

from liqatlas.base.clock import NS_PER_MS, now_ns
from liqatlas.store import Lake
from tests.stub_exchange.market import Trade
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import market_of, wire_of

#: The bound of one second, the recorder's own tenth, and a busy machine [s].
LOSS_S = 2.0
#: Events of one round, at 333 a second.
EVENTS_PER_ROUND = 3_500


def ids_in(lake: Path, symbol: str) -> list[int]:
    with Lake.open(lake) as opened:
        return opened.read("trades", "binance", symbol, 0, now_ns() + 10**18)["trade_id"].to_list()


async def start(folder: Path, url: str, symbol: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "liqatlas", "record", symbol, "--venues", "binance", "--host", f"binance={url}", "--lake",
        str(folder / "lake"), env={**os.environ, "LIQATLAS_CACHE": str(folder / "cache")},
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def kills(rounds: int, first: int, folder: Path) -> int:
    market = market_of(
        "binance", events=EVENTS_PER_ROUND * (rounds + 2), start_ms=now_ns() // NS_PER_MS + 3_000, step_ms=3
    )
    symbol = next(iter(market.contracts))
    rng, lost_ever, twice_ever = random.Random(first), 0, 0
    print(f"{'round':>5} {'lived [s]':>9} {'sent, safe':>10} {'in the lake':>11} {'lost':>5} {'twice':>5}")
    async with StubExchange(wire_of("binance"), market, pace_s=0.06) as exchange:
        for number in range(first, first + rounds):
            before = len(exchange.sent_rows)
            process = await start(folder, exchange.rest_url, symbol)
            while len(exchange.sent_rows) < before + 20 and not exchange.done.is_set():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            lived = rng.uniform(0.0, 4.0)
            await asyncio.sleep(lived)
            safe = len(exchange.sent_rows)
            await asyncio.sleep(LOSS_S)
            process.kill()
            await process.wait()
            sent = {
                e.last_id
                for _, e in exchange.sent_rows[before:safe]
                if isinstance(e, Trade) and e.symbol == symbol
            }
            found = ids_in(folder / "lake", symbol)
            lost, twice = len(sent - set(found)), len(found) - len(set(found))
            lost_ever, twice_ever = lost_ever + lost, twice_ever + twice
            print(
                f"{number:5} {lived + LOSS_S:9.2f} {len(sent):10,} {len(found):11,} {lost:5} {twice:5}",
                flush=True,
            )
            if exchange.done.is_set():
                break
        process = await start(folder, exchange.rest_url, symbol)
        await asyncio.sleep(12)
        process.terminate()
        await process.wait()
        truth = list(market.trades(symbol))
    kept = set(ids_in(folder / "lake", symbol))
    with Lake.open(folder / "lake") as opened:
        gaps = opened.list_gaps(dataset="trades", venue="binance", symbol=symbol)
    listed = [(g.start_ns, g.end_ns or now_ns()) for g in gaps if not g.filled]
    first, last = min(kept), max(kept)
    missing = [
        t for t in truth
        if first <= t.last_id <= last and t.last_id not in kept
        and not any(a - 10**10 <= t.ts_ms * NS_PER_MS <= b + 10**10 for a, b in listed)
    ]  # fmt: skip
    print(
        f"lost {lost_ever}, twice {twice_ever}; gaps {len(gaps)}, filled {sum(g.filled for g in gaps)}; "
        f"of {len(truth):,} trades neither there nor in a listed gap: {len(missing)}"
    )
    return lost_ever + twice_ever + len(missing)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    rounds, first = (*given, *(100, 1)[len(given) :])
    with tempfile.TemporaryDirectory() as place:
        sys.exit(bool(asyncio.run(kills(rounds, first, Path(place)))))
