from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.clock import DAY_NS, now_ns
from liqatlas.base.errors import InputError
from liqatlas.flows.ingest import keep
from liqatlas.flows.record import RecordPlan, _other_names, read_names
from liqatlas.flows.record_watch import News, Recording
from liqatlas.flows.recorder import VenueRecorder, pool
from liqatlas.flows.request import parse_bytes
from liqatlas.flows.segments import recipe
from liqatlas.flows.terms import risk_terms
from liqatlas.flows.upkeep import upkeep
from liqatlas.flows.venue_access import Access
from liqatlas.flows.venue_state import VenueState
from liqatlas.levels.parameters import load_parameters
from liqatlas.store import Lake
from liqatlas.venues.feed import FeedOptions
from tests.conformance.store.rows import BTC, made_up, trades
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import client_of, market_of, wire_of
from tests.unit.flows.markets import X, trades_market

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.venues.frames import Listing


def plan(root: Path, **more: object) -> RecordPlan:
    return RecordPlan(names=("BTC",), venues=("binance",), lake=root, access=Access(budgets=root), **more)  # type: ignore[arg-type]


def test_max_disk_removes_the_oldest_days_says_so_and_keeps_prints(tmp_path: Path) -> None:
    said: list[str] = []
    today = now_ns() // DAY_NS * DAY_NS
    with Lake.create(tmp_path / "lake") as lake:
        for day in range(6):
            lake.ingest(
                "trades",
                BTC,
                trades(
                    20_000, start=today - (6 - day) * DAY_NS, step=4_000_000_000, first_id=1 + day * 20_000
                ),
            )
        lake.ingest("liquidations", BTC, made_up("liquidations", 50, 1))
        before = lake.disk_use()
        limit = before.used_bytes - sum(before.files_bytes.values()) // 3
        upkeep(lake, said.append, max_bytes=limit)
        left = lake.read("trades", BTC.venue, BTC.symbol, 0, now_ns())
        assert 0 < left.height < 120_000
        assert left["ts_event_ns"][-1] >= today - DAY_NS  # the newest stays
        assert left["ts_event_ns"][0] >= today - 5 * DAY_NS  # the oldest went
        assert lake.read("liquidations", BTC.venue, BTC.symbol, 0, now_ns()).height > 0
        kept = lake.disk_use().files_bytes
        assert kept["liquidations"] == before.files_bytes["liquidations"]
        assert kept["trades"] <= before.files_bytes["trades"] - sum(before.files_bytes.values()) // 3
        assert any(gap.reason and not gap.filled for gap in lake.list_gaps(dataset="trades"))
    assert said
    assert all(line.startswith("removed for room: ") for line in said)


@pytest.mark.kernels
def test_what_is_derived_is_sealed_before_its_rows_go(tmp_path: Path) -> None:
    recording = trades_market(80, 2)
    span = recording.span_ns()
    assert span is not None
    said: list[str] = []
    with Lake.create(tmp_path / "lake") as lake:
        keep(lake, recording)
        upkeep(lake, said.append)  # kept 90 days: all of it is older by the clock
        assert said[0].startswith("sealed ")
        assert lake.read("trades", X.venue, X.symbol, 0, span[1] + 1).is_empty()
        made_with = recipe(load_parameters(None), risk_terms(X, span[1]))
        sealed = lake.read_segments(X.venue, X.symbol, 0, 2**62, version=made_with.version, level="hour")
        assert len(sealed) > 70
        assert sum(one.inflow.sum() for one in sealed) > 0


def test_upkeep_that_fails_is_told_and_does_not_end_the_recorder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def full(self: Lake) -> None:
        raise InputError("no room")

    monkeypatch.setattr(Lake, "compact", full)
    with Lake.create(tmp_path / "lake") as lake:
        upkeep(lake, said.append)
    assert said == ["upkeep failed and is tried again: no room"]


def test_names_come_from_the_command_and_the_file_once_each(tmp_path: Path) -> None:
    file = tmp_path / "names"
    file.write_text("# coins\nETH\n\nBTC # again\n", encoding="utf-8")
    assert read_names(plan(tmp_path, names_file=file)) == ("BTC", "ETH")
    with pytest.raises(InputError, match="cannot be read"):
        read_names(plan(tmp_path, names_file=tmp_path / "absent"))


@pytest.mark.parametrize(("text", "count"), [("50GB", 50 * 10**9), ("1.5 MB", 1_500_000)])
def test_a_limit_is_read_in_the_units_people_write(text: str, count: int) -> None:
    assert parse_bytes(text) == count


def test_a_pool_named_by_hundreds_of_contracts_still_fits_a_folder(tmp_path: Path) -> None:
    names = [",".join(f"COIN{i}USDT" for i in range(n)) for n in (200, 201)]
    short = [pool("bybit", name) for name in names]
    assert len({one.symbol for one in short}) == 2
    assert pool("okx", "BTC-USDT").symbol == "BTC-USDT"
    rows = made_up("insurance_fund", 20, 1)
    with Lake.create(tmp_path / "lake") as lake:
        lake.ingest("insurance_fund", short[0], rows)
        found = lake.read("insurance_fund", "bybit", short[0].symbol, 0, now_ns())
    assert found.height == len({(r[0], r[1]) for r in rows.rows()})


async def test_what_has_no_stream_is_recorded_as_well(tmp_path: Path) -> None:
    market, stop = market_of("binance", events=2_000, start_ms=now_ns() // 1_000_000), asyncio.Event()
    with Lake.create(tmp_path / "lake") as lake, lake.writer() as writer:
        async with (
            StubExchange(wire_of("binance"), market, pace_s=0.05) as exchange,
            client_of("binance", exchange) as client,
        ):
            recorder = VenueRecorder(
                lake, writer, client, ["BTC"], silent_s=30, options=FeedOptions(poll_s=0.3, audit_s=0)
            )
            seen: list[int] = []
            recorder.on_rows = lambda rows, _: seen.append(len(rows))
            task = asyncio.create_task(recorder.run(stop))
            async with asyncio.timeout(30):
                while not {"insurance_fund", "open_interest"} <= set(recorder.state.rows):  # noqa: ASYNC110 (the recorder counts)
                    await asyncio.sleep(0.1)
            stop.set()
            await task
        writer.flush(timeout_s=10)
        for dataset in ("insurance_fund", "open_interest", "trades"):
            assert lake.read(dataset, "binance", "BTCUSDT", 0, now_ns() + 10**18).height > 0, dataset
    assert sum(seen) >= sum(recorder.state.rows.values())  # rows are shown before they are written


@pytest.mark.parametrize("change", ["size", "delisted"])
async def test_a_contract_that_changes_or_ends_is_told_and_its_rows_keep_their_size(
    tmp_path: Path, change: str
) -> None:
    market = market_of("gate")
    async with (
        StubExchange(wire_of("gate"), market, wait_for=1, pace_s=0.02) as exchange,
        client_of("gate", exchange) as client,
    ):
        known = await client.listings()
        symbol = next(iter(market.contracts))
        real = known[symbol]
        with Lake.create(tmp_path / "lake") as lake, lake.writer(bound_s=0.1) as writer:
            if change == "size":  # as it was before we asked last
                value = real.instrument.contract_value
                known[symbol] = replace(real, instrument=replace(real.instrument, contract_value=value * 10))
            else:
                plain = client.load_listings

                async def without() -> dict[str, Listing]:
                    return {k: v for k, v in (await plain()).items() if k != symbol}

                client.load_listings = without  # type: ignore[method-assign]
            one = VenueRecorder(
                lake, writer, client, [symbol], silent_s=60, options=FeedOptions(renew_s=0.15)
            )
            recording = Recording({"gate": one}, writer)
            said: list[str] = []
            news, stop = News(recording, said.append), asyncio.Event()
            task = asyncio.create_task(one.run(stop))
            for _ in range(100):
                await asyncio.sleep(0.1)
                news.look()
                if said:
                    break
            stop.set()
            await task
            writer.flush()
            versions = lake.instrument_versions("gate", symbol)
    if change == "delisted":
        assert said[0] == (f"gate: no longer traded: {symbol}; what was recorded stays")
        return
    assert len(said) == 1
    assert said[0].startswith(f"gate: {symbol} changed: contract_value ")
    assert [v.instrument.contract_value for v in versions] == [value * 10, value]


def test_trouble_is_told_once_and_its_end_too(tmp_path: Path) -> None:
    said: list[str] = []
    with Lake.create(tmp_path / "lake") as lake, lake.writer() as writer:
        recorder = SimpleNamespace(state=VenueState("binance"))
        news = News(Recording({"binance": recorder}, writer), said.append)  # type: ignore[dict-item]
        news.look()
        assert said == []
        writer._stats = replace(writer.stats, error="no room", pending_rows=7)
        news.look()
        news.look()
        recorder.state.problem = "no frame for 120 s: opening the feed anew"
        news.look()
        news.look()
        writer._stats = replace(writer.stats, error="", pending_rows=0)
        news.look()
    assert said == [
        "7 rows wait in memory and are tried again: no room",
        "binance: no frame for 120 s: opening the feed anew",
        "rows are written again, 0 still wait",
    ]


async def test_other_names_that_no_venue_lists_leave_the_feeds_as_they_are(tmp_path: Path) -> None:
    market = market_of("binance")
    names = tmp_path / "names"
    said: list[str] = []
    async with StubExchange(wire_of("binance"), market) as exchange, client_of("binance", exchange) as client:
        with Lake.create(tmp_path / "lake") as lake, lake.writer() as writer:
            one = VenueRecorder(lake, writer, client, ("BTCUSDT",), silent_s=60)
            recording = Recording({"binance": one}, writer)
            stop, restart = asyncio.Event(), asyncio.Event()
            plan_ = RecordPlan(
                names=(),
                venues=("binance",),
                lake=tmp_path,
                access=Access(budgets=tmp_path),
                names_file=names,
            )

            async def reload(text: str) -> None:
                names.write_text(text)
                count = len(said)
                restart.set()
                while len(said) == count and not task.done():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

            idle = asyncio.create_task(asyncio.Event().wait())
            task = asyncio.create_task(_other_names(plan_, recording, [idle], (stop, restart), said.append))  # type: ignore[list-item]
            await asyncio.sleep(0)
            await reload("NONSENSE\n")
            await reload("# nothing\n")
            await reload("BTCUSDT\n")
            assert not task.done()
            await reload("BTCUSDT\nNONSENSE\nETHUSDT\n")
            assert await task == ("BTCUSDT", "NONSENSE", "ETHUSDT")
            idle.cancel()
    assert "NONSENSE" in said[0]
    assert said[0].endswith("the former names stay")
    assert said[1].endswith("the former names stay")
    assert said[2].startswith("the names are the same")
    assert said[3].endswith("going on without it")
