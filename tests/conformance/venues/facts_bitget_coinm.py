"""Bitget coin-margined futures, as the unified account's documentation shows its messages (none was recorded). Sizes are USD.

The pages show a contract of another product where they show one at all; ours bears the names and steps of ``BTCUSD_CM``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.errors import FormatError
from liqatlas.venues.bitget_coinm import parse, parse_rest
from tests.conformance.venues.facts import Fact, perpetual

if TYPE_CHECKING:
    from liqatlas.venues.frames import Frame, Listing

_DOCS = "https://www.bitget.com/api-doc/uta/"
LISTINGS: dict[str, Listing] = {
    "BTCUSD_CM": perpetual(
        "bitget_coinm", "BTCUSD_CM", "BTC", tick="0.1", kind="inverse", quote="USD", lot="1"
    )
}
BTC = LISTINGS["BTCUSD_CM"]
MS = 1_000_000


def _frame(payload: bytes) -> Frame:
    return parse.parse_frame(payload, LISTINGS, "usd")


def _in_coins(payload: bytes) -> Frame:
    return parse.parse_frame(payload, LISTINGS, "coin")


def _of(topic: str) -> str:
    return f'"arg":{{"instType":"coin-futures","symbol":"BTCUSD_CM","topic":"{topic}"}}'


_TICKER = (
    '{"data":[{"bid1Price":"99999","lowPrice24h":"98200","ask1Price":"100000","highPrice24h":"100000","turnover24h":"3750302",'
    '"volume24h":"37.722858","lastPrice":"100000","indexPrice":"99990.5","markPrice":"100000","fundingRate":"0.0001",'
    '"nextFundingTime":"1736380800000","openInterest":"%s"}],'
    + _of("ticker")
    + ',"action":"snapshot","ts":1736371332162}'
)

FACTS = [
    # "v": COIN-Futures: the unit is the quote coin; "S": side of the fill, taken as the taker's.
    Fact(
        "bitget_coinm", "trades", _DOCS + "websocket/public/New-Trades-Channel", _frame,
        rows={"trades": [{"symbol": "BTCUSD_CM", "ts_event_ns": 1736348770627 * MS, "price_ticks": 1_000_000, "qty_native": 118.0,
                          "taker_buy": True, "trade_id": 1260903622036942849}]},
        documented='{"data":[{"p":"100000","S":"buy","T":"1736348770627","v":"118","i":"1260903622036942849",'
        '"L":"1234568787787878787","isRPI":"no"}],' + _of("publicTrade") + ',"action":"snapshot","ts":1736371104297}',
    ),
    # 0.00118 is no whole number of contracts of 1 USD: coins in disguise, never a row.
    Fact(
        "bitget_coinm", "a trade in coins", _DOCS + "websocket/public/New-Trades-Channel", _frame,
        error=(FormatError, "no whole number of contracts of 1 USD"),
        documented='{"data":[{"p":"100000","S":"buy","T":"1736348770627","v":"0.00118","i":"1260903622036942849"}],'
        + _of("publicTrade") + ',"action":"snapshot","ts":1736371104297}',
    ),
    # Open interest without a unit of its own: whole contracts are USD ...
    Fact(
        "bitget_coinm", "ticker", _DOCS + "websocket/public/Tickers-Channel", _frame,
        rows={
            "marks": [{"symbol": "BTCUSD_CM", "ts_event_ns": 1736371332162 * MS, "mark_price": 100_000.0, "index_price": 99990.5}],
            "open_interest": [{"oi_native": 5_000_000.0, "oi_published": 5_000_000.0, "oi_usd": 5_000_000.0}],
            "funding": [{"funding_rate": 0.0001, "interval_h": 8.0, "settled": False}],
        },
        ticker={"last_price": 100_000.0, "bid": 99999.0, "ask": 100_000.0, "volume_24h_native": None, "turnover_24h": 3750302.0},
        documented=_TICKER % "5000000",
    ),
    # ... and coins, where the venue was seen to send coins, are valued at the mark.
    Fact(
        "bitget_coinm", "ticker with coins", _DOCS + "websocket/public/Tickers-Channel", _in_coins,
        rows={
            "marks": [{"mark_price": 100_000.0}],
            "open_interest": [{"oi_native": 5_012_500.0, "oi_published": 50.125, "oi_usd": 5_012_500.0}],
            "funding": [{"settled": False}],
        },
        documented=_TICKER % "50.125",
    ),
    Fact(
        "bitget_coinm", "book", _DOCS + "public/OrderBook", lambda body: parse_rest.parse_book(body, BTC),
        book={"snapshot": True, "bids": [(71213.8, 1836.0), (71213.3, 10000.0)], "asks": [(73000.0, 7.0)],
              "ts_event_ns": 1730969017964 * MS},
        documented='{"code":"00000","msg":"success","requestTime":1730969017897,"data":{"a":[[73000.0,7]],"b":[[71213.8,1836],[71213.3,'
        '10000]],"ts":"1730969017964"}}',
    ),
    Fact(
        "bitget_coinm", "acknowledgement", _DOCS + "websocket/public/New-Trades-Channel", _frame, control="ack",
        documented='{"event":"subscribe",' + _of("publicTrade") + ',"connId":"xxxxxxxxxx"}',
    ),
    # Contracts of one USD, prices in steps of priceMultiplier, paid in the base coin.
    Fact(
        "bitget_coinm", "instruments", _DOCS + "public/Instruments", parse_rest.parse_instruments,
        listing=("BTCUSD_CM", {"tick_size": 0.1, "lot_size": 1.0, "contract_value": 1.0, "quote": "USD", "settle": "BTC", "kind": "inverse",
                               "funding_interval_h": 8.0, "status": "trading", "expiry_ns": None}),
        documented='{"code":"00000","msg":"success","requestTime":1770531054230,"data":[{"symbol":"BTCUSD_CM","category":"COIN-FUTURES",'
        '"baseCoin":"BTC","quoteCoin":"USD","minOrderQty":"1","pricePrecision":"1","quantityPrecision":"0","priceMultiplier":"0.1",'
        '"quantityMultiplier":"","type":"perpetual","minOrderAmount":"5","status":"online","deliveryTime":"","fundInterval":"8"},'
        '{"symbol":"BTCCMZ26","category":"COIN-FUTURES","baseCoin":"BTC","quoteCoin":"USD","pricePrecision":"1","quantityPrecision":"0",'
        '"priceMultiplier":"0.1","quantityMultiplier":"1","type":"delivery","status":"online","deliveryTime":"1798185600000",'
        '"fundInterval":""}]}',
    ),
    # "size": COIN-Futures: the unit is the quote coin.
    Fact(
        "bitget_coinm", "recent fills", _DOCS + "public/Fills", lambda body: parse_rest.parse_trades(body, BTC),
        rows={"trades": [{"ts_event_ns": 1627116776464 * MS, "price_ticks": 299_905, "qty_native": 166.0, "taker_buy": False,
                          "trade_id": 1}]},
        documented='{"code":"00000","data":[{"execId":"1","execLinkId":"12345877111","price":"29990.5","size":"166","side":"sell",'
        '"ts":"1627116776464","isRPI":"no"}],"msg":"success","requestTime":1690313813709}',
    ),
    # Trade volume in the base coin, turnover in the quote coin: 81246917.3294 / 2990.08 = 27172.16, between low and high.
    Fact(
        "bitget_coinm", "candles", _DOCS + "public/Get-Candle-Data", lambda body: parse_rest.parse_bars(body, "BTCUSD_CM", 60_000 * MS),
        rows={"bars": [{"ts_open_ns": 1687708800000 * MS, "open": 27176.93, "high": 27177.43, "low": 27166.93, "close": 27177.43,
                        "volume_native": 81246917.3294}]},
        documented='{"code":"00000","msg":"success","requestTime":1695865864944,"data":[["1687708800000","27176.93","27177.43","27166.93",'
        '"27177.43","2990.08","81246917.3294"]]}',
    ),
    Fact(
        "bitget_coinm", "candles whose amounts contradict their prices", _DOCS + "public/Get-Candle-Data",
        lambda body: parse_rest.parse_bars(body, "BTCUSD_CM", 60_000 * MS), error=(FormatError, "which is USD cannot be told"),
        documented='{"code":"00000","msg":"success","requestTime":1695865864944,"data":[["1687708800000","27176.93","27177.43","27166.93",'
        '"27177.43","2990.08","2990.08"]]}',
    ),
    Fact(
        "bitget_coinm", "paid funding", _DOCS + "public/Get-History-Funding-Rate",
        lambda body: parse_rest.parse_funding_history(body, BTC),
        rows={"funding": [
            {"ts_event_ns": 1754870400000 * MS, "funding_rate": 0.0001, "interval_h": 8.0, "settled": True},
            {"ts_event_ns": 1754899200000 * MS, "funding_rate": 0.0001, "interval_h": 8.0, "settled": True},
        ]},
        documented='{"code":"00000","msg":"success","requestTime":1754908278922,"data":{"resultList":[{"symbol":"BTCUSD_CM",'
        '"fundingRate":"0.0001","fundingRateTimestamp":"1754899200000"},{"symbol":"BTCUSD_CM","fundingRate":"0.0001",'
        '"fundingRateTimestamp":"1754870400000"}]}}',
    ),
]  # fmt: skip
