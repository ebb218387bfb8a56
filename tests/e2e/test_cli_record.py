"""``record``, ``backfill`` and ``doctor`` as processes, against the stub exchange over real sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.clock import NS_PER_MS, now_ns
from liqatlas.store import Lake
from liqatlas.venues.bybit.parse import trade_number
from tests.conftest import ROOT
from tests.stub_exchange.market import Mark, Trade
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import market_of, wire_of
from tests.stub_exchange.wire_bybit import trade_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.stub_exchange.market import Market

#: What a crash may lose: the bound, the recorder's own wait, and a busy machine.
LOSS_S = 2.0


@asynccontextmanager
async def liqatlas(tmp: Path, *args: object) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a verb; what still runs at the end is killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "liqatlas", *map(str, args),
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "LIQATLAS_CACHE": str(tmp / "cache")},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ended(process: asyncio.subprocess.Process, limit_s: float = 60) -> tuple[int | None, str, str]:
    out, err = await asyncio.wait_for(process.communicate(), limit_s)
    return process.returncode, out.decode(), err.decode()


def ids_of(key: str, trades: list[Trade]) -> list[int]:
    if key == "bybit":
        return [trade_number(trade_id(t.symbol, t.last_id)) for t in trades]
    if key == "hyperliquid":
        return [(t.last_id * 0x9E3779B97F4A7C15) % 2**50 for t in trades]
    return [t.last_id for t in trades]


def recorded_ids(lake: Path, key: str, symbol: str) -> list[int]:
    with Lake.open(lake) as open_lake:
        return open_lake.read("trades", key, symbol, 0, now_ns() + 10**18)["trade_id"].to_list()


def first_symbol(market: Market) -> str:
    return next(iter(market.contracts))


@pytest.mark.parametrize("key", ["binance", "bybit", "okx", "hyperliquid"])
async def test_a_market_is_recorded_to_the_last_trade(key: str, tmp_path: Path) -> None:
    market = market_of(key)
    symbol = first_symbol(market)
    lake = tmp_path / "lake"
    async with StubExchange(wire_of(key), market, pace_s=0.002) as exchange:
        args = ("record", symbol, "--venues", key, "--host", f"{key}={exchange.rest_url}", "--lake", lake)
        async with liqatlas(tmp_path, *args, "--heartbeat-file", tmp_path / "beat") as process:
            await asyncio.wait_for(exchange.done.wait(), 60)
            await asyncio.sleep(1.5)
            process.send_signal(signal.SIGTERM)
            code, _, err = await ended(process)
    assert code == 0, err
    found = recorded_ids(lake, key, symbol)
    assert len(set(found)) == len(found)
    truth = ids_of(key, market.trades(symbol))
    if key == "okx":
        assert set(truth) <= set(found)
    else:
        assert sorted(found) == sorted(truth)
    with Lake.open(lake) as open_lake:
        if key == "hyperliquid":  # its trades name buyer and seller
            users = {
                u
                for t in market.trades(symbol)
                for u in (f"0x{t.last_id % 7:040x}", f"0x{t.last_id % 11 + 100:040x}")
            }
            known = open_lake.accounts.table(key)
            assert set(known["account"]) == users
            assert set(known["found_in"].cast(str)) == {"trades"}
        marks = [e for e in market.events if isinstance(e, Mark) and e.symbol == symbol]
        assert open_lake.read("marks", key, symbol, 0, now_ns() + 10**18).height > 0.9 * len(
            {m.ts_ms for m in marks}
        )


async def test_killed_at_any_instant_nothing_durable_is_lost_and_nothing_comes_twice(tmp_path: Path) -> None:
    market = market_of("binance", events=7_000, start_ms=now_ns() // NS_PER_MS + 3_000, step_ms=3)
    symbol, lake = first_symbol(market), tmp_path / "lake"
    async with StubExchange(wire_of("binance"), market, pace_s=0.06) as exchange:
        args = (
            "record",
            symbol,
            "--venues",
            "binance",
            "--host",
            f"binance={exchange.rest_url}",
            "--lake",
            lake,
        )
        for wait_s in (0.5, 1.2):
            async with liqatlas(tmp_path, *args) as process:
                before = len(exchange.sent_rows)
                await asyncio.wait_for(_sent(exchange, before + 20), 30)
                await asyncio.sleep(wait_s)
                safe = len(exchange.sent_rows)
                await asyncio.sleep(LOSS_S)
                process.kill()
                await process.wait()
            events = [e for _, e in exchange.sent_rows[before:safe]]
            sent = [e.last_id for e in events if isinstance(e, Trade) and e.symbol == symbol]
            assert sent
            found = recorded_ids(lake, "binance", symbol)
            assert set(sent) <= set(found)
            assert len(set(found)) == len(found)
        async with liqatlas(tmp_path, *args) as process:
            await asyncio.wait_for(exchange.done.wait(), 120)
            await asyncio.sleep(2)
            process.send_signal(signal.SIGINT)
            code, _, err = await ended(process)
    assert code == 0, err
    with Lake.open(lake) as open_lake:
        gaps = open_lake.list_gaps(dataset="trades", venue="binance", symbol=symbol)
    assert sum("not running" in gap.reason for gap in gaps) >= 1
    found = recorded_ids(lake, "binance", symbol)
    assert len(set(found)) == len(found)
    assert all(gap.filled for gap in gaps), gaps
    truth = [t.last_id for t in market.trades(symbol)]
    assert (
        found == truth[truth.index(found[0]) :]
    )  # what nobody heard while the recorder was dead came from REST


async def _sent(exchange: StubExchange, count: int) -> None:
    while len(exchange.sent_rows) < count:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
