"""Positions and loans from web addresses on loopback: read like files; a wrong, endless, stalled or missing answer is refused."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from liqatlas.base.errors import InputError, SourceUnavailableError
from liqatlas.cli.options import DataOptions, MomentOptions, OutputOptions, make_request
from liqatlas.flows.positions import build_measured_map
from liqatlas.flows.request import Request
from liqatlas.venues.download import checked_url, download
from tests.faults.test_positions_faults import scan_of
from tests.hyperliquid_stub import TIME_MS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunLiqatlas

WETH = "ethereum:0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
LOANS = {
    "ethereum": {"liqs": [{"owner": "0xa", "liqPrice": 1500.0, "collateral": WETH, "collateralAmount": "5000000000000000000"}]},
    "time": TIME_MS / 1000,
}  # fmt: skip
DYDX = {
    "isoTimestamp": "2026-02-10T19:00:00Z",
    "subaccounts": [{
        "address": "dydx1abc", "subaccountNumber": 0, "equity": "1000", "freeCollateral": "500",
        "openPerpetualPositions": {"ETH-USD": {
            "market": "ETH-USD", "status": "OPEN", "side": "LONG", "size": "2", "entryPrice": "1900", "unrealizedPnl": "200",
        }},
    }],
}  # fmt: skip


def app_of(answers: dict[str, Any]) -> web.Application:
    app = web.Application()

    async def answer(request: web.Request) -> web.StreamResponse:
        tree = answers.get(request.match_info["name"])
        return web.json_response(tree) if tree is not None else web.Response(status=404)

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"[" * 5000)
        await asyncio.sleep(3600)
        return response

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b" " * 65536)
        return response

    app.router.add_get("/stall", stall)
    app.router.add_get("/endless", endless)
    app.router.add_get("/{name}", answer)
    return app


async def test_loans_and_subaccounts_are_layers_of_their_own(tmp_path: Path) -> None:
    async with TestServer(app_of({"liqs.json": LOANS, "dydx": DYDX})) as server:
        urls = tuple(str(server.make_url(f"/{name}")) for name in ("liqs.json", "dydx"))
        request = Request(asset="ETH", paths=(scan_of(tmp_path),), urls=urls)
        result = await asyncio.to_thread(build_measured_map, request)
    layers = result.by_venue()
    assert layers["defi_lending"][0].sum() == pytest.approx(5 * 2000.0)
    assert layers["dydx"].sum() == pytest.approx(2 * 2000.0)
    units = {v.venue: v.unit for v in result.head.venues}
    assert units == {
        "hyperliquid": "USD of open contracts",
        "dydx": "USD of open contracts",
        "defi_lending": "USD of spot collateral",
    }


@pytest.mark.parametrize(
    "url", ["ftp://host/x", "file:///etc/passwd", "https://", "liqs.json", "https://u:p@host/x"]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        checked_url(url)


@pytest.mark.parametrize(
    ("name", "word"), [("absent", "HTTP 404"), ("stall", "0.0 MB"), ("endless", "more than 1 MB")]
)
async def test_limits_leave_nothing_behind(tmp_path: Path, name: str, word: str) -> None:
    async with TestServer(app_of({})) as server:
        with pytest.raises(SourceUnavailableError, match=word):
            await download(str(server.make_url(f"/{name}")), tmp_path, most_bytes=2**20, stall_s=0.3)
    assert not list(tmp_path.iterdir())  # noqa: ASYNC240 -- a folder of this test


async def test_from_url_on_the_command_line(run_liqatlas: RunLiqatlas, tmp_path: Path) -> None:
    path = scan_of(tmp_path)
    async with TestServer(app_of({"liqs.json": LOANS})) as server:
        url = str(server.make_url("/liqs.json"))
        done = await asyncio.to_thread(
            run_liqatlas,
            "map",
            "ETH",
            "--kind",
            "measured",
            "--from",
            path,
            "--from-url",
            url,
            "--format",
            "json",
        )
    assert done.returncode == 0, done.stderr
    tree = json.loads(done.stdout)
    assert [v["unit"] for v in tree["venues"]] == ["USD of open contracts", "USD of spot collateral"]
    with pytest.raises(InputError, match="--kind measured"):
        make_request("ETH", DataOptions(from_=(path,), from_url=(url,)), MomentOptions(), OutputOptions())
