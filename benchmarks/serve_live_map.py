"""The map of now of a lake that grows: composed anew from the lake, and from the histories a server keeps at hand.

    python -m benchmarks.serve_live_map 100 1000      (trades a second and venue …)

A lake of two venues gets its last hour and a half as hot rows at the rate, then a tenth of a second of rows at a time; after each
the map of seven days is made both ways. Both must be the same; what is compared is the processor time of one map.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base import schemas
from liqatlas.base.clock import DAY_NS, HOUR_NS, NS_PER_S, parse_time
from liqatlas.flows.build import build_map
from liqatlas.flows.request import Request
from liqatlas.store import Lake
from tests.unit.flows.markets import X

if TYPE_CHECKING:
    from liqatlas.base.instruments import Instrument

BEGIN = parse_time("2026-06-10T10:00Z")
END = BEGIN + 3 * HOUR_NS // 2
VENUES = (X, replace(X, venue="bybit"))
STEP_NS = NS_PER_S // 10
STEPS = 20


def rows(start_ns: int, end_ns: int, rate: float, seed: int) -> dict[str, pl.DataFrame]:
    """Return trades at a rate, marks every second and open interest every five seconds of ``[start, end)``."""
    rng = np.random.default_rng(seed)
    count = max(int((end_ns - start_ns) / 1e9 * rate), 1)
    moments = np.sort(rng.integers(start_ns, end_ns, count))
    price = 60_000 * (1 + 0.01 * np.sin(moments / 9e12) + rng.normal(0, 0.0003, count))
    trades = {
        "ts_event_ns": moments, "price_ticks": np.rint(price * 10).astype(np.int64),
        "qty_native": rng.lognormal(-2, 1, count), "taker_buy": rng.random(count) < 0.5,
        "trade_id": moments,
    }  # fmt: skip
    seconds = np.arange(-(-start_ns // NS_PER_S), -(-end_ns // NS_PER_S)) * NS_PER_S
    marks = {"ts_event_ns": seconds, "mark_price": 60_000 * (1 + 0.01 * np.sin(seconds / 9e12))}
    at = seconds[seconds // NS_PER_S % 5 == 0]
    value = 80_000 + 500 * np.sin(at / 3e12)
    interest = {"ts_event_ns": at, "oi_native": value, "oi_published": value}
    return {
        "trades": schemas.TRADES.conform(pl.DataFrame(trades)),
        "marks": schemas.MARKS.conform(pl.DataFrame(marks)),
        "open_interest": schemas.OPEN_INTEREST.conform(pl.DataFrame(interest)),
    }


def append(lake: Lake, tables: dict[str, pl.DataFrame], instrument: Instrument) -> None:
    """Write rows as a recorder does."""
    with lake.writer(bound_s=0.05) as writer:
        for name, frame in tables.items():
            for part in frame.iter_slices(20_000):
                writer.wait(writer.append(name, instrument, part))


def fill(lake: Lake, rate: float) -> None:
    """Give the lake nine days as files and its last hour and a half as hot rows."""
    for seed, instrument in enumerate(VENUES):
        for day in range(9):
            begin = BEGIN - (9 - day) * DAY_NS
            for name, frame in rows(begin, begin + DAY_NS, 0.5, seed + day).items():
                lake.ingest(name, instrument, frame)
        append(lake, rows(BEGIN, END, rate, seed), instrument)


def main(rates: list[float]) -> int:
    from liqatlas.flows.lake_memory import LakeMemory

    wrong = 0
    print(f"{'trades/s':>9} {'from the lake':>14} {'kept at hand':>13}   [ms of processor a map, median]")
    for rate in rates:
        with tempfile.TemporaryDirectory() as place:
            root = Path(place) / "lake"
            request = Request(asset="BTC", lake=root, window_ns=7 * DAY_NS)
            took: tuple[list[float], list[float]] = ([], [])
            with Lake.create(root) as lake, LakeMemory(root) as memory:
                fill(lake, rate)
                for step in range(STEPS):
                    at = END + step * STEP_NS
                    for seed, instrument in enumerate(VENUES):
                        append(lake, rows(at, at + STEP_NS, rate, seed), instrument)
                    made = []
                    for times, kept in zip(took, (None, memory), strict=True):
                        began = time.process_time()
                        made.append(build_map(request, memory=kept))
                        times.append((time.process_time() - began) * 1e3)
                    wrong += not np.array_equal(made[0].usd, made[1].usd)
        lake_ms, kept_ms = (float(np.median(times[2:])) for times in took)
        print(f"{rate:9,.0f} {lake_ms:14.1f} {kept_ms:13.1f}", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main([float(text) for text in sys.argv[1:]] or [100.0, 1_000.0])))
