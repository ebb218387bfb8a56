"""What watches over ``record`` and steers it: metrics, heartbeat, reload of symbols, one run for cron."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from liqatlas.base.clock import NS_PER_MS, now_ns
from liqatlas.base.errors import LakeCorruptError, SourceUnavailableError, UnknownSymbolError
from liqatlas.store import Lake
from tests.e2e.test_cli_record import ended, liqatlas, recorded_ids
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import market_of, wire_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def until(true: Callable[[], bool], limit_s: float = 45) -> None:
    async with asyncio.timeout(limit_s):
        while not true():  # noqa: ASYNC110 (another process works)
            await asyncio.sleep(0.2)


async def live_levels(session: aiohttp.ClientSession, port: int) -> dict[str, Any]:
    """Return the levels of the one instrument that is recorded, once there is a sample of open interest."""
    async with asyncio.timeout(60):
        while True:
            async with session.get(f"http://127.0.0.1:{port}/levels/BTC") as answer:
                assert answer.status in {200, 404, 422}, await answer.text()
                if answer.status == 200:
                    return dict((await answer.json())["instruments"][0])
            await asyncio.sleep(0.3)


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def rows_of(lake: Path, symbol: str) -> int:
    try:
        return len(recorded_ids(lake, "binance", symbol))
    except (
        SourceUnavailableError,
        UnknownSymbolError,
        LakeCorruptError,
    ):  # no lake yet, or no such series in it
        return 0


async def test_a_recorder_is_watched_and_takes_another_coin_without_a_restart(tmp_path: Path) -> None:
    market = market_of("binance", events=40_000, start_ms=now_ns() // NS_PER_MS, step_ms=5)
    lake, names, port, beats = tmp_path / "lake", tmp_path / "names.txt", free_port(), []

    async def beat(request: web.Request) -> web.Response:
        beats.append(request.path)
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/beat", beat)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    heart = f"http://127.0.0.1:{runner.addresses[0][1]}/beat"
    names.write_text("BTC  # the first\n", encoding="utf-8")
    async with StubExchange(wire_of("binance"), market, pace_s=0.1) as exchange:
        args = (
            "record", "--symbols", names, "--venues", "binance", "--host", f"binance={exchange.rest_url}", "--lake", lake,
            "--metrics", port, "--heartbeat-url", heart, "--heartbeat-file", tmp_path / "beat", "--live-map",
        )  # fmt: skip
        async with liqatlas(tmp_path, *args) as process, aiohttp.ClientSession() as session:
            await until(lambda: rows_of(lake, "BTCUSDT") > 50)
            assert rows_of(lake, "ETHUSDT") == 0
            async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                text = await answer.text()
            async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
                assert answer.status == 200
            counts = dict(line.rsplit(" ", 1) for line in text.splitlines())
            assert int(counts['liqatlas_rows_total{venue="binance",dataset="trades"}']) > 50
            assert int(counts['liqatlas_dropped_total{venue="binance"}']) == 0
            assert int(counts['liqatlas_connected{venue="binance"}']) == 1
            assert int(counts["liqatlas_store_written_total"]) > 0
            levels = await live_levels(session, port)
            assert (levels["venue"], levels["symbol"]) == ("binance", "BTCUSDT")
            assert len(levels["price_edges"]) == len(levels["long_usd"]) + 1
            names.write_text("BTC\nETH\n", encoding="utf-8")
            process.send_signal(signal.SIGHUP)
            await until(lambda: rows_of(lake, "ETHUSDT") > 20)
            before = rows_of(lake, "BTCUSDT")
            await until(lambda: rows_of(lake, "BTCUSDT") > before)  # and goes on with the first
            await until(lambda: bool(beats))
            assert process.returncode is None
            process.send_signal(signal.SIGTERM)
            code, _, err = await ended(process)
    await runner.cleanup()
    assert code == 0, err
    assert "recording BTC, ETH from now on" in err
    assert (tmp_path / "beat").is_file()


async def test_once_fetches_what_came_since_the_last_time_and_leaves(tmp_path: Path) -> None:
    market = market_of("binance", events=200, start_ms=now_ns() // NS_PER_MS)
    lake = tmp_path / "lake"
    found = []
    async with StubExchange(wire_of("binance"), market) as exchange:
        for _ in range(2):
            asked = len(exchange.requests)
            args = (
                "record",
                "BTC",
                "--once",
                "--venues",
                "binance",
                "--host",
                f"binance={exchange.rest_url}",
                "--lake",
                lake,
            )
            async with liqatlas(tmp_path, *args) as process:
                code, _, err = await ended(process)
            assert code == 0, err
            with Lake.open(lake) as opened:
                end = now_ns() + 10**18
                heights = {
                    name: opened.read(name, "binance", "BTCUSDT", 0, end).height
                    for name in ("bars", "open_interest", "funding", "long_short_ratios")
                }
            found.append((heights, len(exchange.requests) - asked))
    (first, many), (second, few) = found
    assert first["bars"] >= 2 * 1_430  # a day of minutes, of trades and of the mark
    assert first["open_interest"] >= 280
    assert first["long_short_ratios"] >= 280
    assert first["funding"] >= 2
    assert all(second[name] >= first[name] for name in first)
    assert few < many
