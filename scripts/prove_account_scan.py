"""Scan 45,000 generated accounts under the venue's limits, 5 % failing hard and 5 % softly, and compare the map with the truth.

Three times: one by one and in batches into a file, one by one into a lake.

The clock is a virtual one: the scan takes the venue's minutes without waiting them. Run from the project's root:
``./dev run scripts/prove_account_scan.py`` or ``PYTHONPATH=src:. python scripts/prove_account_scan.py [ACCOUNTS]``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from aiohttp.test_utils import TestServer

from liqatlas.base.clock import NS_PER_MS
from liqatlas.flows.positions import build_measured_map
from liqatlas.flows.positions_scan import ScanPlan, ScanResult, scan_accounts, scan_into_lake
from liqatlas.flows.request import Request
from liqatlas.store import Lake
from liqatlas.venues.hyperliquid_accounts.asking import AccountClient, Limiter
from liqatlas.venues.hyperliquid_accounts.dump import answer_line
from tests.hyperliquid_stub import COINS, TIME_MS, HyperliquidStub, VirtualClock, address


async def scan(stub: HyperliquidStub, output: Path, *, batch: bool) -> ScanResult:
    """Scan every account of the stub once, failures once more, into a file or (a name without an ending) into a lake."""
    clock = stub.clock
    assert isinstance(clock, VirtualClock)

    def now_ns() -> int:
        return stub.time_ms * NS_PER_MS

    async with TestServer(stub.app()) as server:
        limiter = Limiter(clock=clock, sleep=clock.sleep)
        client = AccountClient(str(server.make_url("")), limiter=limiter)
        plan = ScanPlan(retries=1, batch=batch)
        if output.suffix:
            return await scan_accounts(output, stub.addresses(), client, plan=plan, clock_ns=now_ns)
        with Lake.create(output) as lake:
            return await scan_into_lake(lake, stub.addresses(), client, plan=plan, clock_ns=now_ns)


def main() -> int:
    """Run the proof and say what it found."""
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 45_000
    verdicts = [prove(accounts, how) for how in HOW]  # each is run, whatever came before
    return 0 if all(verdicts) else 1


#: What is done: name, batch requests, where it goes.
HOW = (
    ("single requests", False, "scan.jsonl"),
    ("batch requests", True, "scan.jsonl"),
    ("into a lake", False, "lake"),
)


def prove(accounts: int, how: tuple[str, bool, str]) -> bool:
    """Scan in one way; return whether the failures found are those injected and the map is the truth."""
    name, batch, place = how
    stub = HyperliquidStub.with_failures(accounts, batches=batch, time_ms=TIME_MS)
    injected = {address(n) for n in stub.hard | stub.soft}
    with tempfile.TemporaryDirectory() as folder:
        output, truth = Path(folder) / place, Path(folder) / "truth.jsonl"
        start = time.perf_counter()
        result = asyncio.run(scan(stub, output, batch=batch))
        took = time.perf_counter() - start
        states = stub.seen_states()
        truth.write_bytes(b"".join(answer_line(a, s["time"], json.dumps(s).encode()) for a, s in states))
        equal = all(_same(output, truth, coin) for coin in COINS)
    found = set(result.failed) == injected
    assert isinstance(stub.clock, VirtualClock)
    print(
        f"{name}: {result.sentence()}\n"
        f"  failures found = injected: {found} ({len(injected):,}); map = truth on what was seen: {equal}\n"
        f"  {(stub.clock.now - 1000) / 60:.1f} min of the venue's clock, at most {stub.most_weight:.0f} weight in any minute, "
        f"{stub.attempts['limited']} answers of 429; {took:.0f} s here"
    )
    return found and equal and stub.attempts["limited"] == 0


def _same(output: Path, truth: Path, coin: str) -> bool:
    place = Request(asset=coin, paths=(output,)) if output.suffix else Request(asset=coin, lake=output)
    ours, right = build_measured_map(place), build_measured_map(Request(asset=coin, paths=(truth,)))
    return bool(np.array_equal(ours.usd, right.usd) and np.array_equal(ours.price_edges, right.price_edges))


if __name__ == "__main__":
    raise SystemExit(main())
