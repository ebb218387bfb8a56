"""Bitget, as its documentation shows its messages (none was recorded). Sizes are base coins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.venues.bitget import parse, parse_rest
from tests.conformance.venues.facts import Fact, perpetual

if TYPE_CHECKING:
    from liqatlas.venues.frames import Frame

_DOCS = "https://www.bitget.com/api-doc/contract/"
LISTINGS = {"BTCUSDT": perpetual("bitget", "BTCUSDT", "BTC", tick="0.1")}
MS = 1_000_000


def _frame(payload: bytes) -> Frame:
    return parse.parse_frame(payload, LISTINGS)


FACTS = [
    # "side": the direction of the trade, taken as the taker's; "size" base coins.
    Fact(
        "bitget", "trades", _DOCS + "websocket/public/New-Trades-Channel", _frame,
        rows={"trades": [
            {"symbol": "BTCUSDT", "ts_event_ns": 1695716760565 * MS, "price_ticks": 270_005, "qty_native": 0.001, "taker_buy": True,
             "trade_id": 1111111111},
            {"ts_event_ns": 1695716759514 * MS, "price_ticks": 270_000, "taker_buy": False},
        ]},
        documented='{"action":"snapshot","arg":{"instType":"USDT-FUTURES","channel":"trade","instId":"BTCUSDT"},"data":[{'
        '"ts":"1695716760565","price":"27000.5","size":"0.001","side":"buy","tradeId":"1111111111"},{"ts":"1695716759514",'
        '"price":"27000.0","size":"0.001","side":"sell","tradeId":"1111111111"}],"ts":1695716761589}',
    ),
    # "holdingAmount": open interest in base coins.
    Fact(
        "bitget", "ticker", _DOCS + "websocket/public/Tickers-Channel", _frame,
        rows={
            "marks": [{"symbol": "BTCUSDT", "ts_event_ns": 1695715383039 * MS, "mark_price": 26990.1, "index_price": 27000.2}],
            "open_interest": [{"oi_native": 7747.3, "oi_usd": None}],
            "funding": [{"funding_rate": 0.00001, "interval_h": 8.0, "settled": False}],
        },
        ticker={"last_price": 27000.5, "bid": 27000.0, "ask": 27000.5, "volume_24h_native": 1402.2, "turnover_24h": 37887111.5},
        documented='{"action":"snapshot","arg":{"instType":"USDT-FUTURES","channel":"ticker","instId":"BTCUSDT"},"data":[{'
        '"instId":"BTCUSDT","lastPr":"27000.5","bidPr":"27000","askPr":"27000.5","fundingRate":"0.000010",'
        '"nextFundingTime":"1695722400000","markPrice":"26990.1","indexPrice":"27000.2","holdingAmount":"7747.3",'
        '"baseVolume":"1402.2","quoteVolume":"37887111.5","symbolType":"1","symbol":"BTCUSDT","ts":"1695715383039"}],'
        '"ts":1695715383039}',
    ),
    Fact(
        "bitget", "book of fifteen levels", _DOCS + "websocket/public/Order-Book-Channel", _frame,
        book={"snapshot": True, "last_id": 123, "bids": [(27000.0, 2.71)], "asks": [(27000.5, 8.76)],
              "ts_event_ns": 1695716059516 * MS},
        documented='{"action":"snapshot","arg":{"instType":"USDT-FUTURES","channel":"books15","instId":"BTCUSDT"},"data":[{'
        '"asks":[["27000.5","8.760"]],"bids":[["27000.0","2.710"]],"checksum":0,"seq":123,"ts":"1695716059516"}],'
        '"ts":1695716059516}',
    ),
    # The tick is priceEndStep in the last of pricePlace decimals; sizeMultiplier is the step of sizes.
    Fact(
        "bitget", "contracts", _DOCS + "market/Get-All-Symbols-Contracts", parse_rest.parse_instruments,
        listing=("BTCUSDT", {"tick_size": 0.1, "lot_size": 0.01, "quote": "USDT", "settle": "USDT", "kind": "linear",
                             "funding_interval_h": 8.0, "status": "trading", "expiry_ns": None}),
        documented='{"code":"00000","msg":"success","requestTime":1695793701269,"data":[{"symbol":"BTCUSDT","baseCoin":"BTC",'
        '"quoteCoin":"USDT","takerFeeRate":"0.0006","supportMarginCoins":["USDT"],"minTradeNum":"0.01","priceEndStep":"1",'
        '"volumePlace":"2","pricePlace":"1","sizeMultiplier":"0.01","symbolType":"perpetual","symbolStatus":"normal",'
        '"deliveryTime":"","launchTime":"","fundInterval":"8","maxLever":"125"}]}',
    ),
]  # fmt: skip
