"""``liqatlas record`` against four exchanges at once, each with a long schedule of faults; a table of injected and found.

    python -m benchmarks.record_faults 240 venues.txt     (seconds)

An injected gap is a run of trades that no connection was sent. It is *filled* when all of them stand in the lake (from REST), *listed*
when the others lie in a gap the lake lists, and missed otherwise (wanted 0).
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from liqatlas.base.clock import NS_PER_MS, NS_PER_S, now_ns
from liqatlas.store import Lake
from liqatlas.venues.bybit.parse import trade_number
from tests.stub_exchange.faults import Planned, Schedule
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import market_of, wire_of
from tests.stub_exchange.wire_bybit import trade_id

if TYPE_CHECKING:
    from tests.stub_exchange.faults import RestFault
    from tests.stub_exchange.market import Market, Trade

VENUES = ("binance", "bybit", "okx", "hyperliquid")
COUNTED = ("binance", "okx")
STEP_MS = 20
#: Stream faults, and how many events lie between two of them.
KINDS = ("drop", "duplicate", "reorder", "delay", "gap", "truncate")
EVERY = 40
#: A gap's stretch counts as met this far beside it: clocks and polls are no finer.
SLACK_NS = 2 * NS_PER_S
REST: tuple[RestFault, ...] = ("429", "500", "503", "soft", "cut_body", "418")


def native_id(key: str, symbol: str, number: int) -> int:
    """Return the id a trade has in the lake."""
    if key == "bybit":
        return trade_number(trade_id(symbol, number))
    return number * 0x9E3779B97F4A7C15 % 2**50 if key == "hyperliquid" else number


def schedule(events: int, seed: int, *, counted: bool) -> Schedule:
    """Return a fault every :data:`EVERY` events, two cuts, one silent stall, a clock jump where ids count, and REST faults."""
    rng, out = random.Random(seed), Schedule()
    for at in range(200, events - 600, EVERY):
        kind = rng.choice(KINDS)
        where = at + rng.randrange(EVERY // 2)
        out.stream[where] = Planned(where, kind, length=rng.randint(2, 8))  # type: ignore[arg-type]
    for share in (0.3, 0.5):
        out.stream[int(share * events)] = Planned(int(share * events), "cut", length=5)
    out.stream[int(0.65 * events)] = Planned(int(0.65 * events), "stall")
    if counted:  # an hour ahead and back: rows keep their ids, so that nothing comes twice
        for share in (0.8, 0.82):
            out.stream[int(share * events)] = Planned(int(share * events), "clock_jump")
    out.rest = {6 + 4 * i: fault for i, fault in enumerate(REST * 4)}
    return out


@dataclass
class Verdict:
    """What became of one venue's faults."""

    injected: dict[str, int]
    gaps: int = 0
    trades: int = 0
    filled: int = 0
    listed: int = 0
    missed: int = 0
    twice: int = 0
    kept: int = 0
    other_gaps: int = 0

    @property
    def found(self) -> int:
        return self.filled + self.listed


def runs_lost(market: Market, symbol: str, lost: set[int]) -> list[list[Trade]]:
    """Return the withheld trades in runs without a sent one between them."""
    out: list[list[Trade]] = []
    before = False
    for trade in market.trades(symbol):
        gone = trade.last_id in lost
        if gone and before:
            out[-1].append(trade)
        elif gone:
            out.append([trade])
        before = gone
    return out


def judge(lake: Lake, key: str, market: Market, faults: Schedule) -> Verdict:
    out = Verdict(
        {kind: count for kind, count in sorted(faults.injected.items()) if kind != "withheld_trades"}
    )
    for symbol in list(market.contracts)[:1]:
        ids = lake.read("trades", key, symbol, 0, now_ns() + 10**18)["trade_id"].to_list()
        kept = set(ids)
        out.kept, out.twice = len(ids), len(ids) - len(kept)
        gaps = lake.list_gaps(venue=key)
        listed = [
            (g.start_ns - SLACK_NS, (g.end_ns or now_ns()) + SLACK_NS)
            for g in gaps
            if g.dataset == "trades" and g.symbol in (symbol, "*") and not g.filled
        ]
        out.other_gaps = sum(g.dataset != "trades" for g in gaps)
        truth = market.trades(symbol)
        known = [t.ts_ms for t in truth if native_id(key, symbol, t.last_id) in kept]
        for run in runs_lost(market, symbol, set(faults.withheld.get(symbol, []))):
            if not known[0] <= run[0].ts_ms <= known[-1]:
                continue  # before the recorder came, or after it left
            out.gaps, out.trades = out.gaps + 1, out.trades + len(run)
            absent = [t for t in run if native_id(key, symbol, t.last_id) not in kept]
            if not absent:
                out.filled += 1
            elif all(any(a <= t.ts_ms * NS_PER_MS <= b for a, b in listed) for t in absent):
                out.listed += 1
            else:
                out.missed += 1
                after_s = (run[0].ts_ms - market.start_ms) / 1_000
                print(
                    f"missed: {key} {symbol}, {len(absent)} trades {after_s:.1f} s after the beginning",
                    file=sys.stderr,
                )
    return out


#: The market goes on so long without faults: the turnover of a minute is compared with the venue's bar when a later trade came.
TAIL_S = 100.0
#: After the last event: what was asked for comes in.
SETTLE_S = 5.0


async def session(
    seconds: float,
    folder: Path,
    *,
    venues: tuple[str, ...] = VENUES,
    tail_s: float = TAIL_S,
    seed: int = 1,
) -> dict[str, Verdict]:
    """Record exchanges for so long, and a quiet while after it, and return what became of their faults."""
    events, after = int(seconds * 1_000 / STEP_MS), int(tail_s * 1_000 / STEP_MS)
    begin = now_ns() // NS_PER_MS + 4_000
    markets = {key: market_of(key, events=events + after, start_ms=begin, step_ms=STEP_MS) for key in venues}
    faults = {key: schedule(events, seed + i, counted=key in COUNTED) for i, key in enumerate(venues)}
    exchanges = {
        key: StubExchange(wire_of(key), markets[key], faults[key], pace_s=STEP_MS / 1_000 * 0.98, burst=1)
        for key in venues
    }
    args = ["record", "BTC", "--venues", *venues, "--lake", str(folder / "lake")]
    for exchange in exchanges.values():
        await exchange.__aenter__()
    try:
        for key, exchange in exchanges.items():
            args += ["--host", f"{key}={exchange.rest_url}"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "liqatlas", *args, env={**os.environ, "LIQATLAS_CACHE": str(folder / "cache")},
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await asyncio.gather(*(exchange.done.wait() for exchange in exchanges.values()))
        await asyncio.sleep(SETTLE_S)
        process.terminate()
        await process.wait()
    finally:
        for exchange in exchanges.values():
            await exchange.__aexit__(None, None, None)
    with Lake.open(folder / "lake") as lake:
        return {key: judge(lake, key, markets[key], faults[key]) for key in venues}


def table(verdicts: dict[str, Verdict]) -> str:
    lines = [
        "| venue | faults injected | trades withheld | gaps injected | found | filled | listed | missed | rows twice |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for key, v in verdicts.items():
        faults = ", ".join(f"{kind} {count}" for kind, count in v.injected.items())
        lines.append(
            f"| {key} | {faults} | {v.trades} | {v.gaps} | {v.found} | {v.filled} | {v.listed} | {v.missed} | {v.twice} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        found = asyncio.run(session(float(sys.argv[1]) if len(sys.argv) > 1 else 240.0, Path(place)))
    print(table(found))
    sys.exit(any(v.missed or v.twice or not v.gaps for v in found.values()))
