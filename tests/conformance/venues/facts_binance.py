"""Binance USD-M. Times in ms, sizes in base coins. Pages below https://developers.binance.com/docs/derivatives/usds-margined-futures/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.venues.binance import parse
from tests.conformance.venues.facts import Fact, perpetual

if TYPE_CHECKING:
    from liqatlas.venues.frames import Frame

_DOCS = "https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/"
# The samples of the documentation are not market prices: the tick is chosen so that they lie on it.
LISTINGS = {s: perpetual("binance", s, s[:3], tick="0.0001") for s in ("BTCUSDT", "BNBUSDT")}


def _frame(payload: bytes) -> Frame:
    return parse.parse_frame(payload, LISTINGS)


MS = 1_000_000

FACTS = [
    # "m": Is the buyer the market maker? true, so the taker sold. "T": trade time. "a": aggregate trade id.
    Fact(
        "binance", "agg_trade_stream.json", _DOCS + "Aggregate-Trade-Streams", _frame,
        rows={"trades": [{
            "symbol": "BTCUSDT", "ts_event_ns": 123456785 * MS, "price_ticks": 10, "qty_native": 100.0,
            "taker_buy": False, "trade_id": 5933014,
        }]},
    ),
    Fact(
        "binance", "trade_stream.json", _DOCS + "Aggregate-Trade-Streams", _frame,
        rows={"trades": [{"ts_event_ns": 123456785 * MS, "taker_buy": False, "trade_id": 5933014, "qty_native": 100.0}]},
    ),
    # Best bid "b" with quantity "B", best ask "a" with "A"; "T" transaction time.
    Fact(
        "binance", "book_ticker_stream.json", _DOCS + "Individual-Symbol-Book-Ticker-Streams", _frame,
        rows={"book_levels": [
            {"ts_event_ns": 1568014460891 * MS, "book_side": "bid", "level": 0, "price": 25.3519, "qty_native": 31.21},
            {"book_side": "ask", "level": 0, "price": 25.3652, "qty_native": 40.66},
        ]},
    ),
    # "U" first, "u" last update id in the event, "pu" the last id of the event before; quantities are absolute.
    Fact(
        "binance", "depth_update_stream.json", _DOCS + "Diff-Book-Depth-Streams", _frame,
        book={"snapshot": False, "first_id": 157, "last_id": 160, "previous_id": 149, "bids": [(0.0024, 10.0)],
              "asks": [(0.0026, 100.0)]},
    ),
    # "x": is this kline closed; "T" is its last ms; "v" base volume; "V" taker-buy base volume.
    Fact(
        "binance", "kline_stream_closed.json", _DOCS + "Kline-Candlestick-Streams", _frame,
        rows={"bars": [{
            "ts_open_ns": 1638747660000 * MS, "ts_close_ns": 1638747720000 * MS, "open": 0.001, "high": 0.0025,
            "low": 0.001, "close": 0.002, "volume_native": 1000.0, "taker_buy_native": 500.0, "price_kind": "last",
        }]},
    ),
    Fact("binance", "kline_stream_open.json", _DOCS + "Kline-Candlestick-Streams", _frame),
    # "S" is the side of the ORDER: a sell order closes a long. "ap" average price, "z" filled accumulated quantity.
    Fact(
        "binance", "liquidation_stream.json", _DOCS + "Liquidation-Order-Streams", _frame,
        rows={"liquidations": [{
            "symbol": "BTCUSDT", "ts_event_ns": 1568014460893 * MS, "liquidated": "long", "price": 9910.12345678,
            "price_kind": "fill", "qty_native": 0.014, "notional_usd": 0.014 * 9910.12345678, "mark_price": None,
        }]},
    ),
    # "p" mark, "i" index, "r" funding rate (a fraction), "T" the NEXT funding time, so "E" is the sample's moment.
    Fact(
        "binance", "mark_price_stream.json", _DOCS + "Mark-Price-Stream", _frame,
        rows={
            "marks": [{"ts_event_ns": 1562305380000 * MS, "mark_price": 11794.15, "index_price": 11784.62659091}],
            "funding": [{"ts_event_ns": 1562305380000 * MS, "funding_rate": 0.00038167, "interval_h": 8.0, "settled": False}],
        },
    ),
    # "c" last price, "v" base volume of 24 h, "q" quote volume.
    Fact(
        "binance", "ticker_stream.json", _DOCS + "Individual-Symbol-Ticker-Streams", _frame,
        ticker={"last_price": 16584.6, "volume_24h_native": 122474.816, "turnover_24h": 2036102085.697464},
    ),
]  # fmt: skip
