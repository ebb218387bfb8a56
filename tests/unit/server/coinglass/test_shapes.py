from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from liqatlas.flows.build import compile_kernels
from liqatlas.flows.request import Request
from liqatlas.server.app import make_application
from liqatlas.server.guard import GuardRules
from tests.unit.server.asgi import ask
from tests.unit.server.coinglass.samples import BASE, DOCUMENTED, differences

if TYPE_CHECKING:
    from liqatlas.flows.serving import Source
    from tests.unit.server.asgi import App


@pytest.fixture(scope="module")
def app(source: Source) -> App:
    compile_kernels()
    return make_application(source, GuardRules()).asgi


@pytest.fixture(scope="module")
def exchange(source: Source) -> tuple[str, str]:
    """Return the interface's name of a served exchange and its pair."""
    from liqatlas.flows.coinglass.names import exchange_of

    one = next(m for m in source.markets() if "liquidations" in m.tables)
    return exchange_of(one.venue), one.symbol


def filled(target: str, exchange: tuple[str, str]) -> str:
    return target.replace("SIM", exchange[0]).replace("PAIR", exchange[1])


async def data(app: App, target: str) -> Any:
    reply = await ask(app, target)
    assert reply.status == 200, reply.body[:300]
    tree = reply.json()
    assert tree["code"] == "0"
    assert tree["msg"] == "success"
    return tree["data"]


@pytest.mark.parametrize("target", DOCUMENTED)
async def test_keys_and_types_are_the_documented_ones(
    app: App, exchange: tuple[str, str], target: str
) -> None:
    got = await data(app, filled(target, exchange))
    assert got, "an empty answer shows nothing of its shape"
    assert differences(DOCUMENTED[target], got) == []


async def test_pairs_are_listed_by_exchange(app: App, exchange: tuple[str, str]) -> None:
    got = await data(app, "/api/futures/supported-exchange-pairs")
    row = next(one for one in got[exchange[0]] if one["instrument_id"] == exchange[1])
    assert {
        "base_asset",
        "quote_asset",
        "settlement_currency",
        "max_leverage",
        "funding_interval",
        "price_tick_size",
    } < set(row)


async def test_history_adds_up_to_the_prints(app: App, source: Source, exchange: tuple[str, str]) -> None:
    rows = await data(app, filled(f"{BASE}/history?exchange=SIM&symbol=PAIR&interval=1h", exchange))
    prints = pl.concat(
        [r.liquidations for r in source.recordings(Request(asset="BTC")) if r.instrument.symbol == exchange[1]
         and r.instrument.venue == next(m.venue for m in source.markets() if "liquidations" in m.tables)]
    )  # fmt: skip
    for position in ("long", "short"):
        wanted = float(prints.filter(pl.col("liquidated") == position)["notional_usd"].sum())
        assert np.isclose(sum(float(row[f"{position}_liquidation_usd"]) for row in rows), wanted, rtol=1e-9)
    assert {b["time"] - a["time"] for a, b in pairwise(rows)} == {3_600_000}


async def test_a_liquidated_long_is_a_sell_order(app: App, source: Source, exchange: tuple[str, str]) -> None:
    rows = await data(app, filled(f"{BASE}/order?exchange=SIM&symbol=BTC&min_liquidation_amount=0", exchange))
    known = {
        (row["ts_event_ns"] // 1_000_000, row["price"]): row["liquidated"]
        for r in source.recordings(Request(asset="BTC"))
        for row in r.liquidations.iter_rows(named=True)
    }
    assert rows
    assert {row["side"]: known[row["time"], row["price"]] for row in rows} == {2: "long", 1: "short"}
    assert [row["time"] for row in rows] == sorted((row["time"] for row in rows), reverse=True)


async def test_a_map_adds_up_to_ours(app: App, source: Source) -> None:
    from liqatlas.flows.coinglass.levels import coin_request
    from liqatlas.flows.coinglass.names import MAP_RANGES

    got = (await data(app, f"{BASE}/aggregated-map?symbol=BTC&range=1d"))["data"]
    ours = source.map(coin_request("BTC", MAP_RANGES["1d"]))
    assert np.isclose(sum(rows[0][1] for rows in got.values()), ours.usd.sum(), rtol=1e-6)
    assert all(float(key) == rows[0][0] for key, rows in got.items())


async def test_longs_lie_below_the_price_unless_the_printed_orientation_is_asked(app: App) -> None:
    row = (await data(app, f"{BASE}/max-pain?range=24h"))[0]
    assert row["long_max_pain_liq_price"] < row["price"] < row["short_max_pain_liq_price"]
    swapped = (await data(app, f"{BASE}/max-pain?range=24h&orientation=documented"))[0]
    assert swapped["long_max_pain_liq_price"] == row["short_max_pain_liq_price"]


async def test_realised_cells_hold_the_prints_of_the_window(app: App, source: Source) -> None:
    got = await data(app, f"{BASE}/aggregated-heatmap/model3?symbol=BTC&range=24h")
    now = source.now_ns()
    usd = sum(
        float(r.liquidations.filter(pl.col("ts_event_ns") > now - 86_400 * 10**9)["notional_usd"].sum())
        for r in source.recordings(Request(asset="BTC"))
    )
    shown = sum(cell[2] for cell in got["liquidation_leverage_data"])
    assert 0 < shown <= usd * (1 + 1e-9)
    assert shown > 0.9 * usd, "prints beyond the drawn prices are few"
    assert all(
        0 <= x < len(got["price_candlesticks"]) and 0 <= y < len(got["y_axis"])
        for x, y, _ in got["liquidation_leverage_data"]
    )


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (f"{BASE}/history?exchange=Nowhere&symbol=BTCUSDT&interval=1h", 404),
        (f"{BASE}/history?exchange=SIM&symbol=NOPEUSDT&interval=1h", 404),
        (f"{BASE}/history?exchange=SIM&symbol=PAIR&interval=7h", 400),
        (f"{BASE}/history?exchange=SIM&symbol=PAIR", 400),
        (f"{BASE}/history?exchange=SIM&symbol=PAIR&interval=1h&limit=many", 400),
        (f"{BASE}/history?exchange=SIM&symbol=PAIR&interval=1h&start_time=-4", 400),
        (f"{BASE}/aggregated-map?symbol=BTC&range=2d", 400),
        (f"{BASE}/order?exchange=SIM&symbol=BTC&min_liquidation_amount=lots", 400),
        (f"{BASE}/heatmap/model4?exchange=SIM&symbol=PAIR&range=12h", 404),
        (f"{BASE}/aggregated-heatmap/model2?symbol=BTC&range=12h", 404),
        ("/api/hyperliquid/user-position?user_address=nobody", 400),
        ("/api/hyperliquid/whale-position", 404),
        ("/api/futures/nothing", 404),
    ],
)
async def test_what_cannot_be_answered_is_said_in_the_envelope(
    app: App, exchange: tuple[str, str], target: str, status: int
) -> None:
    reply = await ask(app, filled(target, exchange))
    tree = reply.json()
    assert (reply.status, tree["code"]) == (status, str(status))
    assert tree["msg"]
    assert "data" not in tree


async def test_habits_of_clients_are_borne(app: App, exchange: tuple[str, str]) -> None:
    slashes = await data(app, filled(f"/{BASE}/coin-list?ex=SIM", exchange))
    assert slashes == await data(app, filled(f"{BASE}/coin-list?exchange=SIM", exchange))
    listed = f"{BASE}/aggregated-history?exchange_list=Nowhere, SIM&symbol=BTC&interval=1h".replace(
        " ", "%20"
    )
    assert await data(app, filled(listed, exchange))
    small = await data(app, filled(f"{BASE}/history?exchange=SIM&symbol=PAIR&interval=1m&limit=5", exchange))
    assert len(small) == 5
    assert await data(app, f"{BASE}/exchange-list") == await data(app, f"{BASE}/exchange-list?range=24h")
