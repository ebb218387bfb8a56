"""Scans into the lake: rows before registry, resumed after a kill, as-of queries equal to files, closings, changed margin tables."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from aiohttp.test_utils import TestServer

from liqatlas.base.clock import HOUR_NS, NS_PER_MS, now_ns
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.flows.build import build_heatmap
from liqatlas.flows.ingest import ingest_files
from liqatlas.flows.positions import build_measured_map, check_positions, positions_in
from liqatlas.flows.positions_report import TableRequest, report_positions
from liqatlas.flows.positions_scan import ScanPlan, ScanResult, scan_into_lake
from liqatlas.flows.reporter import Reporter
from liqatlas.flows.request import Request
from liqatlas.store import Lake
from tests.conftest import ROOT
from tests.hyperliquid_stub import COINS, TIME_MS, HyperliquidStub, VirtualClock, address, state_of
from tests.replay.positions.test_scan import client_of, truth_of

if TYPE_CHECKING:
    from pathlib import Path

DAY_MS = 86_400_000


async def scanned(
    stub: HyperliquidStub, lake: Path, accounts: list[str] | None = None, **plan: Any
) -> ScanResult:
    assert isinstance(stub.clock, VirtualClock)
    async with TestServer(stub.app()) as server:
        wanted = stub.addresses() if accounts is None else accounts
        with Lake.create(lake) as opened:
            return await scan_into_lake(
                opened, wanted, client_of(server, stub.clock), plan=ScanPlan(**{"batch": False, **plan}),
                clock_ns=lambda: stub.time_ms * NS_PER_MS,
            )  # fmt: skip


def lake_map(lake: Path, coin: str = "ETH", **more: Any) -> Any:
    return build_measured_map(Request(asset=coin, lake=lake, **more))


async def test_the_map_of_the_lake_is_the_map_of_the_file(tmp_path: Path) -> None:
    stub = HyperliquidStub.with_failures(300, time_ms=TIME_MS)
    result = await scanned(stub, tmp_path / "lake", retries=0)
    assert len(result.failed) == 30
    truth = truth_of(stub, tmp_path)
    for coin in COINS:
        ours, right = (
            lake_map(tmp_path / "lake", coin),
            build_measured_map(Request(asset=coin, paths=(truth,))),
        )
        np.testing.assert_array_equal(ours.usd, right.usd)
        np.testing.assert_array_equal(ours.price_edges, right.price_edges)
        expected = stub.open_interest[coin] / 2 * COINS[coin][0]
        assert ours.head.open_interest_usd == pytest.approx(expected)
        assert any("30 of 300 known accounts failed" in w for w in ours.head.warnings)
    with Lake.open(tmp_path / "lake") as lake:
        known = lake.accounts.table("hyperliquid")
    assert set(known.filter(known["outcome"] == "failed")["account"]) == set(result.failed)
    held = {a for a, s in stub.seen_states() if s["assetPositions"]}
    assert set(known.filter(known["notional_usd"] > 0)["account"]) == held


async def test_as_of_knows_each_snapshot_and_heatmap_and_changes_follow(tmp_path: Path) -> None:
    """Three scans a day apart with other accounts behind the same addresses: each as-of query tells its own day."""
    lake = tmp_path / "lake"
    for day in range(3):
        stub = HyperliquidStub(80, seed=day, time_ms=TIME_MS + day * DAY_MS)
        await scanned(stub, lake)
        right = build_measured_map(Request(asset="ETH", paths=(truth_of(stub, tmp_path),)))
        np.testing.assert_array_equal(lake_map(lake).usd, right.usd)
    for day in range(3):
        stub = HyperliquidStub(80, seed=day, time_ms=TIME_MS + day * DAY_MS)
        right = build_measured_map(Request(asset="ETH", paths=(truth_of(stub, tmp_path),)))
        as_of = stub.time_ms * NS_PER_MS + HOUR_NS
        np.testing.assert_array_equal(lake_map(lake, as_of_ns=as_of).usd, right.usd)
    heat = build_heatmap(Request(asset="ETH", kind="measured", lake=lake))
    assert [int(t) // NS_PER_MS for t in heat.times_ns] == [TIME_MS + d * DAY_MS for d in range(3)]
    request = Request(asset="ETH", lake=lake)
    snapshot = positions_in(request)
    now = (TIME_MS + 2 * DAY_MS) * NS_PER_MS
    report = report_positions(
        snapshot, TableRequest(as_of_ns=now, window_ns=request.window_ns, asset="ETH", top=0)
    )
    assert set(report.changed["change"]) >= {"opened", "closed", "turned"}
    first, second, last = ({address(n) for n in range(1, 81) if "ETH" in coins(n, seed)} for seed in range(3))
    empty = {address(n) for n in range(1, 81) if not coins(n, 1)}
    # Who held nothing on the second day and still does was closed between its last two different snapshots.
    gone = (second - last) | ((first & empty) - {address(n) for n in range(1, 81) if coins(n, 2)})
    assert set(report.changed.filter(report.changed["change"] == "closed")["account"]) == gone
    assert set(report.table["account"]) == last
    with pytest.raises(NotEnoughDataError, match="2026"):
        lake_map(lake, as_of_ns=(TIME_MS - 30 * DAY_MS) * NS_PER_MS)


def coins(number: int, seed: int) -> set[str]:
    return {p["position"]["coin"] for p in state_of(number, seed)["assetPositions"]}


async def test_a_margin_table_that_changed_judges_each_snapshot_by_its_day(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    await scanned(HyperliquidStub(120, time_ms=TIME_MS), lake)
    stub = HyperliquidStub(120, time_ms=TIME_MS + DAY_MS)
    stub.caps = {"SOL": 10}
    await scanned(stub, lake)
    snapshot = positions_in(Request(asset="SOL", lake=lake))
    assert {str(t.valid_from) for t in snapshot.holdings.tables if t.symbol == "SOL"} == {
        "2026-02-10",
        "2026-02-11",
    }
    test = check_positions(snapshot)
    assert test.within == test.checked > 50
    assert any("margin tables changed: SOL (2026-02-11)" in w for w in snapshot.holdings.warnings)
    first = check_positions(positions_in(Request(asset="SOL", lake=lake, as_of_ns=TIME_MS * NS_PER_MS)))
    assert first.within == first.checked


async def test_scan_that_was_killed_goes_on_and_repeats_little(tmp_path: Path) -> None:
    """``kill -9`` in the middle of a scan of 450: nothing of what the registry vouches for is missing, the rest is looked at."""
    stub = HyperliquidStub(450)
    stub.clock = asyncio.get_running_loop().time
    lake, accounts = tmp_path / "lake", tmp_path / "accounts.txt"
    accounts.write_text("\n".join(stub.addresses()))
    stub.batches = True
    async with TestServer(stub.app()) as server:
        url = str(server.make_url("")).rstrip("/")
        command: list[str | Path] = [
            sys.executable, "-P", "-m", "liqatlas", "positions", "--scan-lake", "--lake", lake, "--addresses", accounts, "--url", url
        ]  # fmt: skip
        environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        first = await asyncio.create_subprocess_exec(*command, env=environ, stderr=asyncio.subprocess.DEVNULL)
        while stub.attempts["fine"] < 210:  # noqa: ASYNC110 -- the stub counts, it does not tell
            await asyncio.sleep(0.01)
        first.send_signal(signal.SIGKILL)
        await first.wait()
        with Lake.open(lake) as opened:
            known = opened.accounts.table("hyperliquid")
            seen = known.filter(known["outcome"] != "new")
            held = set(known.filter(known["notional_usd"] > 0)["account"])
            rows = {
                a for one in opened.instruments()
                for a in opened.read("positions", one.venue, one.symbol, 0, 2**62)["account"]
            }  # fmt: skip
        assert 0 < seen.height < 450
        assert held <= rows
        if held == rows:  # the map of a scan that was cut off says so
            assert any("has not come to its end" in w for w in lake_map(lake).head.warnings)
        asked = stub.attempts["fine"]
        second = await asyncio.create_subprocess_exec(*command, env=environ, stderr=asyncio.subprocess.PIPE)
        _, said = await asyncio.wait_for(second.communicate(), 60)
        assert second.returncode == 0, said
    assert stub.attempts["fine"] - asked == 450 - seen.height
    ours = lake_map(lake)
    assert not [w for w in ours.head.warnings if "partial" in w]
    assert int(ours.head.model.parameters["accounts"]) == sum("ETH" in coins(n, 1) for n in range(1, 451))
    shown = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "liqatlas", "positions", "ETH", "--lake", lake, "--format", "json", "--top", "3",
        env=environ, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    tree = json.loads((await shown.communicate())[0])
    assert (len(tree["positions"]), tree["accounts_seen"]) == (3, ours.head.model.parameters["accounts"])


async def test_contexts_that_cannot_be_read_cost_coverage_only(tmp_path: Path) -> None:
    class Short(HyperliquidStub):
        def _meta(self) -> dict[str, Any]:
            return {"universe": [{"name": "BTC"}]}

    stub = Short(40, time_ms=TIME_MS)
    said: list[str] = []
    async with TestServer(stub.app()) as server:
        with Lake.create(tmp_path / "lake") as lake:
            result = await scan_into_lake(
                lake, stub.addresses(), client_of(server, stub.clock), plan=ScanPlan(batch=False),  # type: ignore[arg-type]
                clock_ns=lambda: TIME_MS * NS_PER_MS, reporter=Reporter(notice=said.append),
            )  # fmt: skip
    assert result.holds + result.empty == 40
    assert any("coverage will be unknown" in line for line in said)
    found = lake_map(tmp_path / "lake")
    assert found.usd.sum() > 0
    assert any("open interest is unknown" in w for w in found.head.warnings)


async def test_a_file_of_a_scan_goes_into_the_lake_with_its_closings(tmp_path: Path) -> None:
    holder = next(n for n in range(1, 50) if state_of(n, 1)["assetPositions"])
    empty = next(n for n in range(1, 50) if not state_of(n, 1)["assetPositions"])
    lines = [
        {
            "v": 1,
            "type": "clearinghouseState",
            "time": when,
            "user": address(holder),
            "data": state_of(n, 1) | {"time": when},
        }
        for when, n in ((TIME_MS, holder), (TIME_MS + DAY_MS, empty))
    ] + [
        {
            "v": 1,
            "type": "clearinghouseState",
            "time": TIME_MS,
            "user": address(99),
            "data": state_of(holder, 1) | {"time": TIME_MS},
        }
    ]
    path = tmp_path / "scan.jsonl"
    path.write_text("\n".join(json.dumps(line, separators=(",", ":")) for line in lines))
    for _ in range(2):
        ingest_files([path], tmp_path / "lake")
    coin = state_of(holder, 1)["assetPositions"][0]["position"]["coin"]
    now = (TIME_MS + DAY_MS) * NS_PER_MS
    for request in (
        Request(asset=coin, lake=tmp_path / "lake", as_of_ns=now),
        Request(asset=coin, paths=(path,), as_of_ns=now),
    ):
        assert build_measured_map(request).head.model.parameters["accounts"] == 1
    with Lake.open(tmp_path / "lake") as lake:
        known = dict(lake.accounts.table("hyperliquid").select("account", "outcome").iter_rows())
    assert known == {address(holder): "holds no position", address(99): "holds positions"}


async def test_a_scan_leaves_closed_days_in_files_and_removes_what_is_too_old(tmp_path: Path) -> None:
    """Snapshots of last year go with the next scan, trades of that time stay; those of last week rest in files."""
    lake, day_ns = tmp_path / "lake", 24 * HOUR_NS
    for back in (400, 7, 1):
        await scanned(HyperliquidStub(30, time_ms=(now_ns() - back * day_ns) // NS_PER_MS), lake)
    with Lake.open(lake) as opened:
        assert opened.verify().ok
        kept = {row.symbol: row.first_event_ns for row in opened.freshness() if row.dataset == "positions"}
        files = list(lake.glob("dataset=positions/**/*.parquet"))
        gone = [gap for gap in opened.list_gaps(dataset="positions") if "kept 180 days" in gap.reason]
    assert kept
    assert all(first > now_ns() - 8 * day_ns for first in kept.values())
    assert files
    assert gone
    assert lake_map(lake).head.model.parameters["accounts"] > 0
