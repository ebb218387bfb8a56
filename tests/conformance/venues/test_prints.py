"""Liquidation prints of four venues: the same words for the same event, and sizes in coins.

The recordings hold a side, a price and a size; each row is put back into the venue's message and read like a live one.
"""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from liqatlas.venues.binance import parse as binance
from liqatlas.venues.bybit import parse as bybit
from liqatlas.venues.okx import parse as okx
from tests.conformance.venues.facts import perpetual

if TYPE_CHECKING:
    from pathlib import Path

#: Contract values of https://www.okx.com/docs-v5/en/#public-data-rest-api-get-instruments (ctVal), as data/README infers them.
OKX_CONTRACT = {"BTC": "0.01", "ETH": "0.1", "SOL": "1", "DOGE": "1000", "HYPE": "0.1"}


def test_the_541_binance_prints(data_dir: Path) -> None:
    """``side`` is the ORDER's: SELL closes a long; ``base_qty`` and ``quote_qty`` are what was executed."""
    with (data_dir / "binance_force_orders" / "forceorders_20260106.csv").open(encoding="utf-8") as file:
        recorded = list(csv.DictReader(file))
    assert len(recorded) == 541
    listings = {s: perpetual("binance", s, s[:-4], tick="0.00001") for s in {r["symbol"] for r in recorded}}
    assert len(listings) == 9
    longs = 0
    for r in recorded:
        order = {
            "s": r["symbol"], "S": r["side"], "o": "LIMIT", "f": "IOC", "q": r["base_qty"], "p": "1", "ap": r["price"],
            "X": "FILLED", "l": r["base_qty"], "z": r["base_qty"], "T": round(float(r["ts_s"]) * 1000),
        }  # fmt: skip
        message = {"stream": "!forceOrder@arr", "data": {"e": "forceOrder", "E": order["T"], "o": order}}
        (row,) = binance.parse_frame(json.dumps(message).encode(), listings).batch.of(
            "liquidations", r["symbol"]
        )
        ts, liquidated, price, kind, quantity, usd, mark = row
        assert liquidated == {"SELL": "long", "BUY": "short"}[r["side"]]
        assert (ts, kind, mark) == (round(float(r["ts_s"]) * 1000) * 1_000_000, "fill", None)
        assert (price, quantity) == (float(r["price"]), float(r["base_qty"]))
        assert usd == pytest.approx(float(r["quote_qty"]), rel=1e-9)  # the recording's own product
        longs += liquidated == "long"
    assert longs == sum(r["side"] == "SELL" for r in recorded) > 0


def test_the_okx_prints(data_dir: Path) -> None:
    """Sizes are contracts; the recording's ``size_usd`` lacks the contract value, so contracts = size_usd / price."""
    frame = pl.read_parquet(data_dir / "okx_liquidations" / "liquidations.parquet").filter(
        pl.col("venue") == "okx"
    )
    assert frame.height == 5816
    listings = {
        f"{coin}-USDT-SWAP": perpetual(
            "okx", f"{coin}-USDT-SWAP", coin, tick="0.00001", value=value, hours=None
        )
        for coin, value in OKX_CONTRACT.items()
    }
    seen = set()
    for ts, _, coin, side, size_usd, price in frame.iter_rows():
        contracts = size_usd / price
        assert contracts * 100 == pytest.approx(
            round(contracts * 100), abs=1e-6
        )  # lots are hundredths at the finest
        symbol = f"{coin}-USDT-SWAP"
        ms = int(ts.timestamp() * 1000)
        detail = {"bkLoss": "0", "bkPx": str(price), "ccy": "", "posSide": "net", "side": side,
                  "sz": str(round(contracts, 2)), "ts": str(ms)}  # fmt: skip
        message = {
            "arg": {"channel": "liquidation-orders", "instType": "SWAP"},
            "data": [
                {"details": [detail], "instFamily": f"{coin}-USDT", "instId": symbol, "instType": "SWAP"}
            ],
        }
        (row,) = okx.parse_frame(json.dumps(message).encode(), listings).batch.of("liquidations", symbol)
        _, liquidated, _, kind, quantity, usd, _ = row
        assert liquidated == {"sell": "long", "buy": "short"}[side]
        assert kind == "bankruptcy"
        assert quantity == pytest.approx(contracts * float(OKX_CONTRACT[coin]), rel=1e-9)
        assert usd == pytest.approx(size_usd * float(OKX_CONTRACT[coin]), rel=1e-9)
        seen.add((coin, liquidated))
    assert seen == {(coin, position) for coin in OKX_CONTRACT for position in ("long", "short")}


@pytest.mark.parametrize(
    ("side", "position_side", "liquidated"),
    [
        ("buy", "short", "short"), ("sell", "long", "long"), ("sell", "net", "long"), ("buy", "net", "short"),
    ],
)  # fmt: skip
def test_okx_position_side_goes_before_the_order(side: str, position_side: str, liquidated: str) -> None:
    """Documented sample: posSide short, side buy, 13 contracts, price 0.007831 (IOST-USDT-SWAP).

    https://www.okx.com/docs-v5/en/#public-data-websocket-liquidation-orders-channel, read 2026-11-22.
    """
    listings = {
        "IOST-USDT-SWAP": perpetual(
            "okx", "IOST-USDT-SWAP", "IOST", tick="0.000001", value="1000", hours=None
        )
    }
    detail = {"bkLoss": "0", "bkPx": "0.007831", "ccy": "", "posSide": position_side, "side": side, "sz": "13",
              "ts": "1692266434010"}  # fmt: skip
    data = [{"details": [detail], "instFamily": "IOST-USDT", "instId": "IOST-USDT-SWAP", "instType": "SWAP"}]
    message = {"arg": {"channel": "liquidation-orders", "instType": "SWAP"}, "data": data}
    (row,) = okx.parse_frame(json.dumps(message).encode(), listings).batch.of("liquidations")
    assert row[1] == liquidated
    assert row[4] == 13_000.0
    assert row[5] == pytest.approx(13_000 * 0.007831)


@pytest.mark.parametrize(("side", "liquidated"), [("Sell", "short"), ("Buy", "long")])
def test_bybit_side_is_the_position(side: str, liquidated: str) -> None:
    """Documented sample: S Sell, 20,000 ROSE at 0.04499; Buy means that a long position was liquidated.

    https://bybit-exchange.github.io/docs/v5/websocket/public/all-liquidation, read 2026-11-22.
    """
    listings = {"ROSEUSDT": perpetual("bybit", "ROSEUSDT", "ROSE", tick="0.00001")}
    data = [{"T": 1739502302929, "s": "ROSEUSDT", "S": side, "v": "20000", "p": "0.04499"}]
    message = {"topic": "allLiquidation.ROSEUSDT", "type": "snapshot", "ts": 1739502303204, "data": data}
    (row,) = bybit.parse_frame(json.dumps(message).encode(), listings).batch.of("liquidations")
    ts, position, price, kind, quantity, usd, _ = row
    assert (ts, position, price, kind, quantity) == (
        1739502302929 * 10**6,
        liquidated,
        0.04499,
        "bankruptcy",
        20_000.0,
    )
    assert usd == pytest.approx(899.8)


def test_bybit_inverse_sizes_are_dollars() -> None:
    listings = {"BTCUSD": perpetual("bybit", "BTCUSD", "BTC", tick="0.5", kind="inverse", quote="USD")}
    data = [{"T": 1739502302929, "s": "BTCUSD", "S": "Buy", "v": "5000", "p": "40000"}]
    message = {"topic": "allLiquidation.BTCUSD", "type": "snapshot", "ts": 1739502303204, "data": data}
    (row,) = bybit.parse_frame(json.dumps(message).encode(), listings).batch.of("liquidations")
    assert row[4] == row[5] == 5000.0  # not multiplied by the price


def test_a_binance_order_without_a_fill_is_counted_not_kept() -> None:
    listings = {"BTCUSDT": perpetual("binance", "BTCUSDT", "BTC", tick="0.1")}
    order = {"s": "BTCUSDT", "S": "BUY", "q": "1", "p": "100", "ap": "0", "X": "NEW", "z": "0", "T": 1}
    frame = binance.parse_frame(json.dumps({"e": "forceOrder", "E": 1, "o": order}).encode(), listings)
    assert len(frame.batch) == 0
    assert frame.skipped == {"liquidation order without a fill": 1}
