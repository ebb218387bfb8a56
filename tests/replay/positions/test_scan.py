"""Scans of generated accounts: three outcomes, the limit kept, the map equal to the truth on what was seen, resumed when cut off."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from liqatlas.base.clock import NS_PER_MS, now_ns
from liqatlas.base.errors import SourceUnavailableError
from liqatlas.flows.positions import build_measured_map, check_positions, read_positions
from liqatlas.flows.positions_scan import ScanPlan, ScanResult, scan_accounts
from liqatlas.flows.reporter import Reporter
from liqatlas.flows.request import Request
from liqatlas.flows.scan_targets import addresses_of_file
from liqatlas.venues.hyperliquid_accounts.asking import AccountClient, Limiter
from liqatlas.venues.hyperliquid_accounts.dump import answer_line
from liqatlas.venues.hyperliquid_accounts.state import read_state
from tests.hyperliquid_stub import COINS, TIME_MS, HyperliquidStub, VirtualClock, address, state_of

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.maps.liquidation_map import LiquidationMap


def client_of(server: BaseTestServer, clock: VirtualClock) -> AccountClient:
    limiter = Limiter(clock=clock, sleep=clock.sleep)
    url = str(server.make_url("")).rstrip("/")
    return AccountClient(url, limiter=limiter, leaderboard_url=f"{url}/leaderboard", timeout_s=5)


async def scanned(
    stub: HyperliquidStub, output: Path, plan: ScanPlan, accounts: list[str] | None = None
) -> ScanResult:
    assert isinstance(stub.clock, VirtualClock)
    async with TestServer(stub.app()) as server:
        wanted = stub.addresses() if accounts is None else accounts
        clock_ns = (lambda: stub.time_ms * NS_PER_MS) if stub.time_ms else now_ns
        client = client_of(server, stub.clock)
        return await scan_accounts(output, wanted, client, plan=plan, clock_ns=clock_ns)


def map_of(path: Path, coin: str) -> LiquidationMap:
    return build_measured_map(Request(asset=coin, paths=(path,)))


def truth_of(stub: HyperliquidStub, folder: Path) -> Path:
    """Write the states of every account that can be seen, as a scan without failures would have."""
    import json

    path = folder / "truth.jsonl"
    lines = [answer_line(a, s["time"], json.dumps(s).encode()) for a, s in stub.seen_states()]
    path.write_bytes(b"".join(lines))
    return path


@pytest.mark.parametrize("batches", [False, True])
async def test_failures_found_are_failures_injected(tmp_path: Path, batches: bool) -> None:
    stub = HyperliquidStub.with_failures(1200, batches=batches)
    output = tmp_path / "scan.jsonl"
    result = await scanned(stub, output, ScanPlan(retries=1, batch=True))
    injected = {address(n) for n in stub.hard | stub.soft}
    assert set(result.failed) == injected
    assert (result.hard > 0, result.used_batches) == (not batches, batches)
    assert result.holds + result.empty + len(result.failed) == stub.accounts
    assert result.empty == sum(not s["assetPositions"] for _, s in stub.seen_states())
    assert stub.attempts["limited"] == 0
    assert 0 < stub.most_weight <= 1200


async def test_map_is_the_truth_on_what_was_seen(tmp_path: Path) -> None:
    stub = HyperliquidStub.with_failures(400, time_ms=TIME_MS)
    output = tmp_path / "scan.jsonl"
    await scanned(stub, output, ScanPlan(retries=0, batch=False))
    truth = truth_of(stub, tmp_path)
    for coin in COINS:
        ours, right = map_of(output, coin), map_of(truth, coin)
        np.testing.assert_array_equal(ours.usd, right.usd)
        np.testing.assert_array_equal(ours.price_edges, right.price_edges)
        assert any("40 of 400 answers are failures" in w for w in ours.head.warnings)
        expected = stub.open_interest[coin] / 2 * COINS[coin][0]
        assert ours.head.open_interest_usd == pytest.approx(expected)
        assert ours.head.coverage is not None
        seen = sum(
            abs(float(p["position"]["szi"])) * COINS[coin][0]
            for _, s in stub.seen_states() for p in s["assetPositions"] if p["position"]["coin"] == coin
        )  # fmt: skip
        assert ours.head.coverage.observed_share == pytest.approx(seen / (2 * expected), rel=1e-9)


async def test_levels_of_a_scan_are_reproduced_from_the_accounts_own_equity(tmp_path: Path) -> None:
    stub = HyperliquidStub(300)
    output = tmp_path / "scan.jsonl"
    await scanned(stub, output, ScanPlan(batch=False))
    test = check_positions(read_positions([output]))
    held = sum(
        p["position"]["liquidationPx"] is not None for _, s in stub.seen_states() for p in s["assetPositions"]
    )
    assert (test.checked, test.within) == (held, held)


async def test_failures_that_pass_are_tried_again(tmp_path: Path) -> None:
    stub = HyperliquidStub.with_failures(200, times=1)
    result = await scanned(stub, tmp_path / "scan.jsonl", ScanPlan(retries=2, batch=False))
    assert result.failed == []
    assert (result.hard, result.soft) == (stub.attempts["hard"], stub.attempts["soft"]) == (10, 10)


async def test_scan_cut_off_half_way_goes_on_where_it_stopped(tmp_path: Path) -> None:
    stub = HyperliquidStub(300)
    output = tmp_path / "scan.jsonl"
    await scanned(stub, output, ScanPlan(batch=False), stub.addresses()[:120])
    whole = output.read_bytes()
    end = whole.rindex(b'{"v":1,"type":"scan end"')
    output.write_bytes(whole[: end - 40])
    said = map_of(output, "ETH").head.warnings
    assert any("cut off after 119 of 120 accounts" in w for w in said)
    before = stub.attempts["fine"]
    result = await scanned(stub, output, ScanPlan(batch=False))
    assert stub.attempts["fine"] - before in {300 - 119, 300 - 120 + 1}
    assert result.bad_lines == 1
    assert (result.resumed, result.holds + result.empty) == (119, 300)
    ours, right = map_of(output, "ETH"), map_of(truth_of(stub, tmp_path), "ETH")
    np.testing.assert_allclose(
        ours.usd, right.usd, rtol=1e-12
    )  # the mark is value / size, rounded by account


async def test_the_limit_is_kept_at_600_accounts_a_minute(tmp_path: Path) -> None:
    clock = VirtualClock()
    stub = HyperliquidStub(2000, clock=clock)
    start = clock.now
    await scanned(stub, tmp_path / "scan.jsonl", ScanPlan(batch=False))
    assert stub.attempts["limited"] == 0
    assert 60 * 2000 / 600 * 0.9 < clock.now - start < 60 * 2000 / 600 * 1.5


async def test_near_and_large_accounts_are_looked_at_more_often(tmp_path: Path) -> None:
    """Half an hour of the virtual clock: who is near is asked again and again, who holds nothing once."""
    clock = VirtualClock()
    stub = HyperliquidStub(60, clock=clock)
    async with TestServer(stub.app()) as server:
        plan = ScanPlan(rounds_s=1800, batch=False)
        await scan_accounts(
            tmp_path / "scan.jsonl",
            stub.addresses(),
            client_of(server, clock),
            plan=plan,
            clock_ns=lambda: int(clock.now * 1e9),
        )
    near: list[int] = []
    empty: list[int] = []
    for number in range(1, 61):
        state = read_state(state_of(number, stub.seed), "a", 0)
        (near if state.distance < 0.1 else empty if not state.rows else []).append(stub._asked[number])
    assert stub.attempts["limited"] == 0
    assert near
    assert set(empty) == {1}
    assert min(near) >= 2


async def test_leaderboard_gives_the_accounts_and_the_largest_go_first(tmp_path: Path) -> None:
    stub = HyperliquidStub(50)
    output = tmp_path / "scan.jsonl"
    async with TestServer(stub.app()) as server:
        client = client_of(server, stub.clock)  # type: ignore[arg-type]
        result = await scan_accounts(
            output, [], client, leaderboard=True, plan=ScanPlan(batch=False, workers=1)
        )
    assert result.holds + result.empty == 50
    import json

    lines = [json.loads(line) for line in output.read_bytes().splitlines()]
    users = [line["user"] for line in lines if "user" in line]
    assert users == [address(n) for n in range(50, 0, -1)]


async def test_leaderboard_that_stalls_says_how_far_it_came(tmp_path: Path) -> None:
    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"leaderboardRows":[' + b" " * 300_000)
        await asyncio.sleep(3600)
        return response

    app = web.Application()
    app.router.add_get("/leaderboard", stall)
    async with TestServer(app) as server:
        url = str(server.make_url("/leaderboard"))
        client = AccountClient(str(server.make_url("")), leaderboard_url=url, timeout_s=0.2)
        with pytest.raises(SourceUnavailableError, match=r"stopped after 0\.\d MB"):
            async with client:
                await client.leaderboard()


async def test_leaderboard_that_stalls_half_way_is_used_as_far_as_it_came(tmp_path: Path) -> None:
    """40 MB that stop after three accounts: those are scanned, and the map says that it is partial."""
    stub = HyperliquidStub(60)

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        rows = ",".join(f'{{"ethAddress":"{address(n)}","accountValue":"{n}.0","x":1}}' for n in range(1, 41))
        await response.write(b'{"leaderboardRows":[' + rows.encode() + b"," + b" " * 600_000)
        await asyncio.sleep(3600)
        return response

    app = stub.app()
    app.router.add_get("/stalling", stall)
    output = tmp_path / "scan.jsonl"
    async with TestServer(app) as server:
        url, clock = str(server.make_url("")).rstrip("/"), stub.clock
        assert isinstance(clock, VirtualClock)
        limiter = Limiter(clock=clock, sleep=clock.sleep)
        client = AccountClient(url, limiter=limiter, leaderboard_url=f"{url}/stalling", timeout_s=0.3)
        result = await scan_accounts(output, [], client, leaderboard=True, plan=ScanPlan(batch=False))
    assert result.holds + result.empty == 40
    assert "partial: the leaderboard stopped after 0.6 MB" in result.sentence()
    coin = next(p["position"]["coin"] for n in range(1, 41) for p in state_of(n, 1)["assetPositions"])
    assert any(
        "partial: the leaderboard stopped after 0.6 MB" in w for w in map_of(output, coin).head.warnings
    )


async def test_official_client_reads_the_same_states(tmp_path: Path) -> None:
    sdk = pytest.importorskip("hyperliquid.info", reason="hyperliquid-python-sdk is not installed")
    stub = HyperliquidStub(40, time_ms=TIME_MS)
    async with TestServer(stub.app()) as server:
        url = str(server.make_url("")).rstrip("/")

        def theirs() -> list[dict[str, object]]:
            info = sdk.Info(url, skip_ws=True)
            states = [info.user_state(a) for a in stub.addresses()]
            info.session.close()
            return states

        found = await asyncio.to_thread(theirs)
        async with client_of(server, stub.clock) as client:  # type: ignore[arg-type]
            ours = [(a, await client.state(a)) for a in stub.addresses()]
    for (account, answer), state in zip(ours, found, strict=True):
        mine = read_state(answer.body, account, 0)
        assert mine == read_state(state, account, 0)
        assert mine.ts_event_ns == state["time"] * NS_PER_MS  # type: ignore[operator]
        held = {p["position"]["coin"]: p["position"] for p in state["assetPositions"]}  # type: ignore[attr-defined]
        assert {row.coin for row in mine.rows} == set(held)
        for row in mine.rows:
            signed = row.qty_native if row.position == "long" else -row.qty_native
            assert signed == float(held[row.coin]["szi"])
            level = held[row.coin]["liquidationPx"]
            assert row.liquidation_price == (None if level is None else float(level))


A, B = address(7), address(8)
HASH, CLOID = f"0x{'ab' * 32}", f"0x{'cd' * 16}"


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("list.txt", f"{A}\n{B}\n0x12\n{A}z\n", 2),
        ("trades.json", f'[{{"coin":"BTC","users":["{A}","0x{B[2:].upper()}"],"hash":"{HASH}"}}]', 0),
        (
            "board.json",
            f'{{"leaderboardRows":[{{"ethAddress":"{A}","accountValue":"1"}},{{"ethAddress":"{B}"}}]}}',
            0,
        ),
        (
            "node_fills",
            (
                f'{{"local_time":"t","block_number":1,"events":[["{A}",{{"coin":"BTC","cloid":"{CLOID}","hash":"{HASH}"}}]]}}\n'
                f'{{"local_time":"t","block_number":2,"events":[["{B}",{{"coin":"ETH","cloid":null}}],["{A}",{{}}]]}}\n'
            ),
            0,
        ),
        (
            "state.json",
            f'{{"exchange":{{"user_states":[["{A}",{{"p":[]}}],["{B}",{{"p":[[0,{{"s":1}}]]}}]]}}}}',
            0,
        ),
    ],
)
def test_addresses_are_found_in_any_file(tmp_path: Path, name: str, text: str, wrong: int) -> None:
    path, said = tmp_path / name, list[str]()
    path.write_text(text)
    assert addresses_of_file(path, Reporter(notice=said.append)) == [A, B]
    assert [f"{wrong} words are no addresses" in line for line in said] == ([True] if wrong else [])


def test_addresses_across_the_pieces_of_a_large_file(tmp_path: Path) -> None:
    """Pieces of one MiB: an address on the border is found once, and a hash cut there is none."""
    path = tmp_path / "large.txt"
    for shift in range(0, 140, 6):
        head = b" " * ((1 << 20) - shift)
        path.write_bytes(head + A.encode() + b" " + HASH.encode() + b" 0x12 " + b" " * (1 << 20) + B.encode())
        said: list[str] = []
        assert addresses_of_file(path, Reporter(notice=said.append)) == [A, B]
        assert len(said) == 1
        assert ": 1 words are no addresses" in said[0]
