"""What goes wrong around public positions: tables that changed, endpoints that break off, files that are none."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from liqatlas.base.errors import FormatError, InputError, SourceUnavailableError
from liqatlas.flows.margin_history import save_meta
from liqatlas.flows.positions import check_positions, read_positions
from liqatlas.flows.positions_scan import ScanPlan, scan_accounts
from liqatlas.flows.scan_targets import addresses_of_file
from liqatlas.venues.hyperliquid_accounts.asking import AccountClient, Limiter
from tests.hyperliquid_stub import TIME_MS, HyperliquidStub, VirtualClock, address, state_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.conftest import RunLiqatlas

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def scan_of(folder: Path, count: int = 80) -> Path:
    lines = [
        {"v": 1, "type": "clearinghouseState", "time": TIME_MS, "user": address(n), "data": state_of(n, 1)}
        for n in range(1, count)
    ]
    path = folder / "scan.jsonl"
    path.write_text("\n".join(json.dumps(line, separators=(",", ":")) for line in lines))
    return path


def test_a_margin_table_that_changed_shows_in_the_self_test(tmp_path: Path) -> None:
    """With BTC at half its leverage cap our BTC prices, and those of accounts that hold BTC, no longer fit; saved tables do."""
    scan = scan_of(tmp_path)
    meta = tmp_path / "meta.json"
    universe = [
        {"name": c, "szDecimals": 5, "maxLeverage": cap, "marginTableId": cap}
        for c, cap in (("BTC", 20), ("ETH", 25), ("SOL", 20))
    ]
    meta.write_text(json.dumps({"universe": universe, "marginTables": []}))
    before = check_positions(read_positions([scan]))
    after = check_positions(read_positions([scan], meta=meta))
    assert before.within == before.checked > 20
    assert after.checked == before.checked
    assert after.within < before.within
    assert sum(d.count for d in after.disagreements) == after.checked - after.within


@pytest.mark.parametrize(
    ("text", "error", "word"),
    [
        ("{", FormatError, "save-meta"),
        ("[]", FormatError, "universe"),
        ('{"universe":[{"name":"BTC","maxLeverage":"x"}]}', FormatError, "BTC|maxLeverage|number"),
    ],
)
def test_a_meta_file_that_is_none(tmp_path: Path, text: str, error: type[Exception], word: str) -> None:
    meta = tmp_path / "meta.json"
    meta.write_text(text)
    with pytest.raises(error, match=word):
        read_positions([scan_of(tmp_path)], meta=meta)


def test_an_address_file_without_addresses(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("0x123\nnot one\n")
    with pytest.raises(InputError, match="no account address"):
        addresses_of_file(path)
    with pytest.raises(InputError, match="cannot read"):
        addresses_of_file(tmp_path / "absent")


async def test_batches_that_break_off_fall_back_to_single_requests(tmp_path: Path) -> None:
    stub = HyperliquidStub(200)
    app, calls = stub.app(), 0

    @web.middleware
    async def spoil(request: web.Request, handler: Handler) -> web.StreamResponse:
        nonlocal calls
        body = await request.json()
        if body["type"] == "batchClearinghouseStates":
            calls += 1
            stub.batches = True
            if calls % 2 == 0:
                return web.json_response([{}])
        return await handler(request)

    app.middlewares.append(spoil)
    clock = VirtualClock()
    async with TestServer(app) as server:
        client = AccountClient(str(server.make_url("")), limiter=Limiter(clock=clock, sleep=clock.sleep))
        result = await scan_accounts(tmp_path / "s.jsonl", stub.addresses(), client, plan=ScanPlan())
    assert result.used_batches
    assert (result.holds + result.empty, result.failed) == (200, [])


async def test_nothing_answers(tmp_path: Path) -> None:
    clock = VirtualClock()
    client = AccountClient("http://127.0.0.1:9", limiter=Limiter(clock=clock, sleep=clock.sleep), timeout_s=1)
    result = await scan_accounts(tmp_path / "s.jsonl", [address(1)], client, plan=ScanPlan(retries=1))
    assert (result.holds + result.empty, result.failed) == (0, [address(1)])
    with pytest.raises(SourceUnavailableError, match="margin tables"):
        await asyncio.to_thread(save_meta, tmp_path / "meta.json", url="http://127.0.0.1:9")


async def test_the_limiter_waits_out_a_429(tmp_path: Path) -> None:
    """A second user behind the same address has spent the limit: the scan waits and loses nothing."""
    clock = VirtualClock()
    stub = HyperliquidStub(30, clock=clock)
    stub._spent.append((clock.now, 1200))
    async with TestServer(stub.app()) as server:
        client = AccountClient(str(server.make_url("")), limiter=Limiter(clock=clock, sleep=clock.sleep))
        result = await scan_accounts(
            tmp_path / "s.jsonl", stub.addresses(), client, plan=ScanPlan(retries=20, batch=False)
        )
    assert stub.attempts["limited"] > 0
    assert (result.holds + result.empty, result.failed) == (30, [])


async def test_scan_and_meta_from_the_command_line(run_liqatlas: RunLiqatlas, tmp_path: Path) -> None:
    stub = HyperliquidStub(30)
    stub.clock = asyncio.get_running_loop().time
    output, meta, accounts = tmp_path / "s.jsonl", tmp_path / "meta.json", tmp_path / "list.txt"
    accounts.write_text("\n".join(stub.addresses()))
    async with TestServer(stub.app()) as server:
        url = str(server.make_url("")).rstrip("/")
        scan = await asyncio.to_thread(
            run_liqatlas, "positions", "--scan", output, "--addresses", accounts, "--url", url
        )
        saved = await asyncio.to_thread(run_liqatlas, "positions", "--save-meta", meta, "--url", url)
    assert scan.returncode == 0, scan.stderr
    assert "30 accounts" in scan.stderr
    assert "none failed" in scan.stderr
    assert saved.returncode == 0, saved.stderr
    check = await asyncio.to_thread(
        run_liqatlas, "positions", "--from", output, "--meta", meta, "--check", "--format", "json"
    )
    tree = json.loads(check.stdout)
    assert tree["checked"] > 5
    assert tree["within_0_1_percent"] == 1
