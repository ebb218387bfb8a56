"""Zero is not unknown: exchanges and pairs whose liquidations nobody recorded are not said to have had none."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.clock import DAY_NS, HOUR_NS, MINUTE_NS
from liqatlas.base.instruments import Instrument
from liqatlas.flows.ingest import keep
from liqatlas.flows.serving import Source
from liqatlas.flows.serving_held import HeldBacking
from liqatlas.flows.serving_lake import LakeBacking
from liqatlas.server.app import make_application
from liqatlas.server.guard import GuardRules
from liqatlas.store import Lake
from tests.unit.flows.markets import START, bars_market
from tests.unit.server.asgi import ask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from liqatlas.base.recording import Recording

BASE = "/api/futures/liquidation"
HOURS = 72
NOW = START + HOURS * HOUR_NS


def instrument(venue: str, symbol: str = "BTCUSDT", asset: str = "BTC") -> Instrument:
    return Instrument(venue, symbol, asset, tick_size=Decimal("0.1"), lot_size=Decimal("0.001"))


def prints(*moments: int) -> pl.DataFrame:
    return schemas.LIQUIDATIONS.conform(
        pl.DataFrame(
            {
                "ts_event_ns": moments, "liquidated": ["long"] * len(moments), "price": [60_000.0] * len(moments),
                "price_kind": ["order"] * len(moments), "qty_native": [2.0] * len(moments),
                "notional_usd": [120_000.0] * len(moments),
            }
        )
    )  # fmt: skip


def totals(moment: int) -> pl.DataFrame:
    return schemas.LIQUIDATION_BARS.conform(
        pl.DataFrame(
            {
                "ts_open_ns": [moment], "ts_close_ns": [moment + HOUR_NS], "long_usd": [7_000.0], "short_usd": [500.0],
            }
        )
    )  # fmt: skip


def recordings() -> list[Recording]:
    """Three days of four venues: prints, a vendor's totals, prints that end on the first day, and none."""

    def of(venue: str, seed: int) -> Recording:
        return bars_market(HOURS, seed, instrument=instrument(venue))

    return [
        replace(of("binance", 1), liquidations=prints(START + 30 * HOUR_NS, NOW - 2 * HOUR_NS)),
        replace(of("kraken", 2), liquidation_bars=totals(NOW - 3 * HOUR_NS)),
        replace(of("okx", 3), liquidations=prints(START + 2 * HOUR_NS)),
        of("hyperliquid", 4),
        bars_market(HOURS, 5, instrument=instrument("binance", "ETHUSDT", "ETH")),
    ]


@pytest.fixture(scope="module", params=["memory", "lake"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    if request.param == "memory":
        yield Source(HeldBacking(recordings(), simulated=False))
        return
    path: Path = tmp_path_factory.mktemp("unknown") / "lake"
    with Lake.create(path) as lake:
        for one in recordings():
            keep(lake, one)
    opened = Source(LakeBacking(path))
    yield opened
    opened.close()


async def answer(source: Source, target: str) -> tuple[int, Any]:
    reply = await ask(make_application(source, GuardRules()).asgi, target)
    tree = reply.json()
    return reply.status, tree.get("data", tree["msg"])


async def test_only_exchanges_that_are_known_have_a_row(source: Source) -> None:
    status, rows = await answer(source, f"{BASE}/exchange-list?range=24h")
    assert status == 200
    assert [(row["exchange"], row["liquidation_usd"]) for row in rows] == [
        ("All", 127_500.0), ("Binance", 120_000.0), ("Kraken", 7_500.0),
    ]  # fmt: skip


async def test_a_quiet_hour_of_a_recorded_exchange_is_a_zero(source: Source) -> None:
    _, rows = await answer(source, f"{BASE}/exchange-list?range=1h")
    assert {row["exchange"]: row["liquidation_usd"] for row in rows}["Binance"] == 0.0


async def test_only_coins_that_are_known_have_a_row(source: Source) -> None:
    status, rows = await answer(source, f"{BASE}/coin-list?exchange=Binance")
    assert status == 200
    assert [(row["symbol"], row["liquidation_usd_24h"]) for row in rows] == [("BTC", 120_000.0)]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("coin-list?exchange=Hyperliquid", "no liquidation of Hyperliquid is recorded"),
        ("coin-list?exchange=OKX", "newest liquidations recorded here are of 2026-05-29 23:00 UTC"),
        ("exchange-list?symbol=ETH", "no liquidation of Binance is recorded"),
        ("history?exchange=Hyperliquid&symbol=BTCUSDT&interval=1h", "no liquidation of Hyperliquid"),
        ("history?exchange=Binance&symbol=ETHUSDT&interval=1h", "no liquidation of Binance"),
        ("aggregated-history?exchange_list=Hyperliquid&symbol=BTC&interval=1h", "no liquidation of Hyp"),
        ("order?exchange=Hyperliquid&symbol=BTC&min_liquidation_amount=0", "no liquidation of Hyp"),
    ],
)
async def test_what_is_not_known_is_not_zero(source: Source, target: str, said: str) -> None:
    status, text = await answer(source, f"{BASE}/{target}")
    assert status == 404
    assert said in text


async def test_a_history_goes_from_the_first_print_to_where_it_is_known(source: Source) -> None:
    _, rows = await answer(source, f"{BASE}/history?exchange=Binance&symbol=BTCUSDT&interval=1h")
    assert (rows[0]["time"], rows[0]["long_liquidation_usd"]) == ((START + 30 * HOUR_NS) // 10**6, "120000")
    assert rows[-1]["time"] >= (NOW - 2 * HOUR_NS) // 10**6
    _, rows = await answer(source, f"{BASE}/history?exchange=OKX&symbol=BTCUSDT&interval=1h")
    assert rows[-1]["time"] == (START + 2 * HOUR_NS + DAY_NS) // 10**6


async def test_a_vendors_totals_are_summed_of_a_lake_too(source: Source) -> None:
    _, rows = await answer(source, f"{BASE}/aggregated-history?exchange_list=kraken&symbol=BTC&interval=1h")
    assert rows[0] == {
        "time": (NOW - 3 * HOUR_NS) // 10**6,
        "aggregated_long_liquidation_usd": 7_000.0,
        "aggregated_short_liquidation_usd": 500.0,
    }


def test_the_stretch_in_which_liquidations_are_known_is_the_prints_own(source: Source) -> None:
    known = {(m.venue, m.symbol): m.prints_ns for m in source.markets()}
    assert known["okx", "BTCUSDT"] == (START + 2 * HOUR_NS, START + 2 * HOUR_NS)
    assert known["hyperliquid", "BTCUSDT"] is None
    first, last = known["kraken", "BTCUSDT"] or (0, 0)
    assert first == NOW - 3 * HOUR_NS
    assert 0 <= last - first <= HOUR_NS + MINUTE_NS
