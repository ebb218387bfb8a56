"""A published client of the compatible interface, unmodified but for the address it asks, against a server over real prints."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import aiohttp
import numpy as np
import orjson
import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.clock import now_ns
from liqatlas.flows.ingest import keep
from liqatlas.flows.read import read
from liqatlas.store import Lake
from tests.unit.flows.markets import X, bars_market

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coinglass.client import CoinGlass

    from liqatlas.base.recording import Recording


def start(*options: str | Path) -> tuple[subprocess.Popen[str], str]:
    """Start a server; return it and its address once it is ready."""
    server = subprocess.Popen(
        [sys.executable, "-P", "-m", "liqatlas", "serve", "--port", "0", *map(str, options)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ), stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert server.stdout is not None
    assert server.stderr is not None
    address = server.stdout.readline().strip().rstrip("/")
    assert address.startswith("http://127.0.0.1:"), server.stderr.read()
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=10) as answer:
                if answer.status == 200:
                    return server, address
        except urllib.error.HTTPError as error:
            error.close()
        time.sleep(0.1)
    server.kill()
    pytest.fail(f"not ready within a minute: {server.stderr.read()}")


def stop(server: subprocess.Popen[str]) -> None:
    server.terminate()
    server.communicate(timeout=30)
    assert server.returncode == 0


@pytest.fixture(scope="module")
def prints(data_dir: Path) -> list[Recording]:
    return [r for r in read(data_dir / "okx_liquidations" / "liquidations.parquet") if r.liquidations.height]


@pytest.fixture(scope="module")
def address(data_dir: Path) -> Iterator[str]:
    server, address = start("--from", data_dir / "okx_liquidations" / "liquidations.parquet")
    yield address
    stop(server)


@pytest.fixture
def client(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CoinGlass]:
    import coinglass._base
    from coinglass.client import CoinGlass

    monkeypatch.setattr(coinglass._base, "BASE_URL", address)
    with CoinGlass("any", rate_limit=False) as client:
        yield client


@pytest.mark.data
def test_it_lists_coins_exchanges_and_pairs(client: CoinGlass) -> None:
    assert {"BTC", "ETH", "SOL"} <= set(client.get_supported_coins())
    assert "OKX" in client.get_supported_exchanges()
    assert "BTC-USDT-SWAP" in [row["instrument_id"] for row in client.get_supported_pairs("OKX")["OKX"]]


@pytest.mark.data
def test_it_reads_the_history_of_a_pair(client: CoinGlass, prints: list[Recording]) -> None:
    rows = client.get_liquidations("BTC-USDT-SWAP", "1h", exchange="OKX")
    recorded = next(r for r in prints if r.instrument.key == "okx:BTC-USDT-SWAP").liquidations
    for position, got in (("long", sum(r.long_usd for r in rows)), ("short", sum(r.short_usd for r in rows))):
        wanted = float(recorded.filter(pl.col("liquidated") == position)["notional_usd"].sum())
        assert np.isclose(got, wanted, rtol=1e-6), position
        assert wanted > 0


@pytest.mark.data
def test_it_reads_the_history_of_a_coin(client: CoinGlass, prints: list[Recording]) -> None:
    rows = client.get_liquidations_aggregated("ETH", "4h")
    wanted = sum(
        float(r.liquidations["notional_usd"].sum()) for r in prints if r.instrument.key == "okx:ETH-USDT-SWAP"
    )
    assert np.isclose(sum(row.long_usd + row.short_usd for row in rows), wanted, rtol=1e-6)


@pytest.mark.data
def test_it_reads_the_exchanges_of_a_day(client: CoinGlass) -> None:
    rows = client.get_liquidations_by_exchange("BTC", "24h")
    assert rows[0].exchange == "All"
    assert rows[0].total_usd > 0
    assert np.isclose(rows[0].total_usd, sum(row.total_usd for row in rows[1:]))
    assert np.isclose(rows[0].total_usd, rows[0].long_usd + rows[0].short_usd)


@pytest.mark.data
def test_it_is_told_what_is_not_served(client: CoinGlass) -> None:
    from coinglass.exceptions import APIError

    with pytest.raises(APIError, match="NOPE"):
        client.get_liquidations("NOPEUSDT", "1h", exchange="OKX")


@pytest.mark.data
def test_public_positions_in_their_shapes(data_dir: Path) -> None:
    server, address = start("--from", data_dir / "hyperliquid_positions")
    try:
        whales = get(f"{address}/api/hyperliquid/whale-position")
        assert whales
        assert all(row["position_value_usd"] >= 1e6 for row in whales)
        first = get(f"{address}/api/hyperliquid/position?symbol=ETH")
        second = get(f"{address}/api/hyperliquid/position?symbol=ETH&current_page=2")
        sizes = [row["position_value_usd"] for row in first["list"] + second["list"]]
        assert sizes == sorted(sizes, reverse=True)
        assert first["total_pages"] > 1
        user = get(f"{address}/api/hyperliquid/user-position?user_address={whales[0]['user']}")
        held = {one["position"]["coin"]: one["position"] for one in user["asset_positions"]}
        assert float(held[whales[0]["symbol"]]["szi"]) == whales[0]["position_size"]
        assert isinstance(get(f"{address}/api/hyperliquid/whale-alert"), list)
    finally:
        stop(server)


def get(url: str) -> dict:  # type: ignore[type-arg]
    with urllib.request.urlopen(url, timeout=60) as answer:
        tree = orjson.loads(answer.read())
    assert tree["code"] == "0"
    return tree["data"]  # type: ignore[no-any-return]


async def test_new_liquidations_are_pushed(tmp_path: Path) -> None:
    lake_path = tmp_path / "lake"
    with Lake.create(lake_path) as lake:
        keep(lake, bars_market(30, 1))
        server, address = start("--lake", lake_path)
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(f"{address}/ws-api?cg-api-key=x") as ws,
            ):
                await ws.send_str("ping")
                assert (await ws.receive(timeout=10)).data == "pong"
                await ws.send_str('{"method":"subscribe","channels":["liquidationOrders"]}')
                await ws.send_str("ping")
                assert (await ws.receive(timeout=10)).data == "pong"
                lake.ingest("liquidations", X, one_print())
                pushed = orjson.loads((await ws.receive(timeout=20)).data)
                await ws.send_str("{broken")
                assert orjson.loads((await ws.receive(timeout=10)).data)["code"] == "400"
        finally:
            stop(server)
    assert pushed["channel"] == "liquidationOrders"
    row = pushed["data"][0]
    assert (row["baseAsset"], row["exName"], row["symbol"], row["side"]) == ("BTC", "Binance", "BTCUSDT", 1)
    assert row["volUsd"] == 120_000.0


def one_print() -> pl.DataFrame:
    return schemas.LIQUIDATIONS.conform(
        pl.DataFrame(
            {
                "ts_event_ns": [now_ns()], "liquidated": ["long"], "price": [60_000.0], "price_kind": ["order"],
                "qty_native": [2.0], "notional_usd": [120_000.0],
            }
        )
    )  # fmt: skip
