"""What venues change under a running system: contract sizes, listings, funding intervals, pegs; maintenance and the end of a venue."""

# ruff: noqa: ARG002 -- a wire need not use all it is given

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from liqatlas.base.clock import HOUR_NS, now_ns
from liqatlas.base.errors import InputError, RuleError, SourceUnavailableError
from liqatlas.flows.doctor import examine_venues
from liqatlas.flows.venue_access import Access, known_venue, out_of_reach
from liqatlas.maps.pegs import peg_warnings
from liqatlas.rules import Maintenance, Positions, TierTable, liquidation_price
from liqatlas.rules.tier_search import tiered_liquidation_price
from liqatlas.venues import venue
from liqatlas.venues.feed import Feed
from liqatlas.venues.payload import usual_interval
from liqatlas.venues.rows import RowBatch
from tests.stub_exchange.faults import Schedule
from tests.stub_exchange.server import StubExchange
from tests.stub_exchange.session import CONTRACTS, OPTIONS, asking, client_of, market_of, wire_of
from tests.stub_exchange.wire_bitfinex import BitfinexWire
from tests.unit.flows import test_one_axis as axis

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from liqatlas.base.instruments import Instrument
    from tests.stub_exchange.market import Market

DAY = date(2026, 11, 22)
RENEWING = replace(OPTIONS, renew_s=0.15)


@pytest.mark.parametrize("change", ["size", "interval", "delisted"])
async def test_what_no_stream_tells_is_noticed_when_contracts_are_read_again(change: str) -> None:
    """Gate's contract becomes a tenth; before the change rows count the old size, from the batch after it the new one."""
    market = market_of("gate")
    async with (
        StubExchange(wire_of("gate"), market, Schedule(), wait_for=1, pace_s=0.02) as exchange,
        client_of("gate", exchange) as client,
    ):
        truth = CONTRACTS["gate"][0]
        known = await client.listings()
        old = known[truth.symbol]
        if change == "size":  # as it was before we asked last
            earlier = replace(old, instrument=replace(old.instrument, contract_value=truth.value * 10))
        elif change == "interval":
            earlier = replace(old, funding_interval_h=4.0)
        else:
            earlier = old
        known[truth.symbol] = earlier
        monkey: Any = client
        plain, told = client.load_listings, asyncio.Event()

        async def later() -> dict[
            str, Any
        ]:  # the venue changes only when something was told as it stood before
            await told.wait()
            return {k: v for k, v in (await plain()).items() if change != "delisted" or k != truth.symbol}

        monkey.load_listings = later
        async with Feed(client, market.contracts, ["trades", "funding", "marks"], RENEWING) as feed:
            before, after = RowBatch(), RowBatch()
            ended: list[str] = []
            changed: list[tuple[Instrument | None, Instrument]] = []
            quiet = 0
            while quiet < 3 or not told.is_set():
                batch = await feed.next(0.1)
                (after if changed or ended else before).merge(batch.rows)
                changed += batch.changed
                ended += batch.ended
                if before.of("trades", truth.symbol) and before.of("funding", truth.symbol):
                    told.set()
                quiet = quiet + 1 if exchange.done.is_set() and not batch else 0
    if change == "delisted":
        assert ended == [truth.symbol]
        return
    assert ended == []
    if change == "interval":
        hours = {row[2] for batch in (before, after) for row in batch.of("funding", truth.symbol)}
        assert hours == {4.0, 8.0}  # the running rate is told again under its new interval
        return
    ((was, now),) = changed
    assert was is not None
    assert (was.contract_value, now.contract_value) == (truth.value * 10, truth.value)
    lots = {t.last_id: float(t.lots * truth.lot) for t in market.trades(truth.symbol)}
    assert before.of("trades", truth.symbol)
    assert after.of("trades", truth.symbol)
    for rows, factor in ((before, 10), (after, 1)):
        for row in rows.of("trades", truth.symbol):
            assert row[2] == pytest.approx(lots[row[4]] * factor)  # type: ignore[index]


@pytest.mark.parametrize(
    ("key", "dataset_hours"),
    [("binance", 8.0), ("bybit", 8.0), ("okx", 8.0), ("gate", 8.0), ("bitget", 8.0), ("bitget_coinm", 8.0)],
)
async def test_payments_carry_the_hours_of_their_own_day(key: str, dataset_hours: float) -> None:
    """The contract pays every four hours today; its past payments lie eight hours apart and say so."""
    end = now_ns() // (8 * HOUR_NS) * 8 * HOUR_NS
    async with asking(key, Schedule()) as (client, _):
        symbol = CONTRACTS[key][0].symbol
        listings = await client.listings()
        listings[symbol] = replace(listings[symbol], funding_interval_h=4.0)
        rows = [
            row
            async for page in client.history("funding", symbol, end - 80 * HOUR_NS, end)
            for row in page.of("funding", symbol)
        ]
        assert {row[2] for row in rows[1:]} == {dataset_hours}
    assert usual_interval(4.0, 8.0) == 4.0  # the first payment after the change
    assert usual_interval(20.0, 8.0) == 8.0  # a missing payment is no interval


class Maintained(BitfinexWire):
    """Bitfinex while it is being worked on: a state of 0, and an error in its own words everywhere else."""

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Market) -> object:
        return [0] if path.endswith("/platform/status") else self.soft_failure()[1]


async def test_a_venue_in_maintenance_is_one_clear_error_and_others_go_on(tmp_path: Path) -> None:
    async with (
        StubExchange(Maintained(), market_of("bitfinex")) as down,
        StubExchange(wire_of("gate"), market_of("gate")) as up,
        client_of("bitfinex", down) as client,
    ):
        with pytest.raises(SourceUnavailableError, match="in maintenance"):
            await client.clock_skew()
        with pytest.raises(SourceUnavailableError, match="20060, 'maintenance'"):
            await client.listings()
        access = Access({"bitfinex": down.rest_url, "gate": up.rest_url}, {}, tmp_path)
        missing = await out_of_reach(access, ["bitfinex", "gate"])
        assert list(missing) == ["bitfinex"]
        assert "in maintenance" in missing["bitfinex"]


def test_a_venue_that_closed_for_good_says_so_everywhere(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="closed on 2026-09-23: its past is ingested from files"):
        known_venue("bitmex")
    with pytest.raises(InputError, match="no live client"):
        venue("bitmex")
    (health,) = examine_venues(Access(budgets=tmp_path), ["bitmex"])
    assert not health.reachable
    assert health.problem == "closed on 2026-09-23: its past is ingested from files"
    assert len(examine_venues(Access(budgets=tmp_path), [], ask=False)) == 11


def test_a_lost_peg_is_told_by_the_marks_of_other_quotes() -> None:
    worlds = [
        replace(w, premium="1.12") if w.quote == "USDT" else w
        for w in axis.WORLDS
        if w.venue in {"binance", "okx", "dydx"}
    ]
    result = axis.map_of(*worlds)
    (said,) = [w for w in result.head.warnings if "peg" in w]
    assert "marks quoted in USDT stand +12.2 % off those in USD" in said
    # the axis is not: levels of both quotes lie around one price
    middle, usd = np.log(result.price_mid), result.usd.sum(axis=1)
    centres = (usd * middle).sum(axis=2) / usd.sum(axis=2)
    assert np.ptp(centres, axis=0).max() < middle[1] - middle[0]
    assert not [w for w in axis.map_of(*axis.WORLDS[:3]).head.warnings if "peg" in w]
    assert peg_warnings([("USDT", 100.0), ("USDT", 103.0)]) == []


def test_tiers_in_contracts_and_tiers_in_notional_are_not_mixed_up() -> None:
    """OKX's 2,000 contracts of 0.1 ETH are 200 ETH: read as 2,000 USD the second tier would hold for nearly everybody."""
    floors, rates, caps = np.array([0.0, 2000.0]), np.array([0.01, 0.015]), np.array([75.0, 50.0])

    def table(unit: Any, value: float = np.nan) -> TierTable:
        return TierTable(
            "okx", "ETH-USDT", floors, rates, np.zeros(2), caps, unit, DAY, "https://example.org", DAY,
            whole_position=True, contract_value=value,
        )  # fmt: skip

    held = Positions.isolated(1, 100.0, entry=3000.0, leverage=10.0)  # 100 ETH: 1,000 contracts, 300,000 USD
    by_contracts = tiered_liquidation_price(held, table("contracts", 0.1)).item()
    by_notional = tiered_liquidation_price(held, table("usd")).item()
    assert by_contracts == pytest.approx(liquidation_price(held, Maintenance.of(0.01)).item())
    assert by_notional == pytest.approx(liquidation_price(held, Maintenance.of(0.015)).item())
    with pytest.raises(RuleError, match="contract"):
        tiered_liquidation_price(held, table("contracts"))


@pytest.mark.parametrize(("leverage", "reached"), [(1.0, False), (1.01, True), (10.0, True)])
def test_an_inverse_short_holds_its_own_hedge(leverage: float, reached: bool) -> None:
    held = Positions.isolated(-1, 10_000.0, entry=50_000.0, leverage=leverage, kind="inverse")
    level = liquidation_price(held, Maintenance.of(0.004)).item()
    assert np.isfinite(level) == reached
    assert level > 50_000.0


async def test_contracts_that_moved_to_another_product_are_pointed_to() -> None:
    """Bitget's coin-margined futures ended on 2026-09-17; those of its unified account are counted in another unit."""
    async with asking("bitget", Schedule()) as (client, _):
        for name in ("BTCUSD", "ethusdh26", "BTCUSD_CM"):
            with pytest.raises(
                InputError, match="ended those contracts here on 2026-09-17; ask venue bitget_coinm"
            ):
                await client.listing(name)
        assert (await client.listing("BTC")).instrument.symbol == CONTRACTS["bitget"][0].symbol


def test_what_a_venue_does_not_say_is_unknown_not_guessed() -> None:
    for key in ("bitget", "bitget_coinm"):
        assert venue(key).capabilities().capabilities.liquidations == "unknown"
    assert venue("bitfinex").capabilities().capabilities.tiers == "unknown"
