"""dYdX v4. Sizes are coins, prices USD, moments ISO 8601; REST answers were recorded inside an envelope (``result``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from liqatlas.venues.dydx import parse, parse_rest
from liqatlas.venues.payload import decode
from tests.conformance.venues.facts import Fact, Parsed, perpetual

if TYPE_CHECKING:
    from collections.abc import Callable

    from liqatlas.venues.frames import Frame
    from liqatlas.venues.rows import RowBatch

_STREAM = "https://docs.dydx.exchange/api_integration-indexer/indexer_websocket"
_REST = "https://docs.dydx.exchange/api_integration-indexer/indexer_api"
LISTINGS = {s: perpetual("dydx", s, s[:3], tick="1", quote="USD", hours=1.0) for s in ("BTC-USD", "ETH-USD")}
RECV = 1_765_210_316_000 * 10**6
MS = 1_000_000


class _Envelope(msgspec.Struct):
    result: msgspec.Raw


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_MESSAGE = msgspec.json.Decoder(parse.Message)


def _frame(payload: bytes) -> Frame:
    return parse.parse_frame(payload, LISTINGS, RECV)


def _rest(read: Callable[[bytes], Parsed]) -> Callable[[bytes], Parsed]:
    return lambda payload: read(bytes(decode(_ENVELOPE, payload, "recording").result))


def _candles(payload: bytes) -> RowBatch:
    """Candles of the stream have the fields of REST; the client does not subscribe to them."""
    contents = bytes(decode(_MESSAGE, payload, "recording").contents)
    return parse_rest.parse_candles(
        contents if b'"candles"' in contents else b'{"candles": [' + contents + b"]}"
    )


def _clock(payload: bytes) -> Parsed:
    return {"clock": (parse_rest.parse_server_time(payload), 0.0)}


FACTS = [
    # "side" of the taker; "createdAt" the block's moment. Newest first in the answer.
    Fact(
        "dydx", "http_get_trades.json", _REST, _rest(lambda b: parse_rest.parse_trades(b, LISTINGS["BTC-USD"])),
        rows={"trades": [
            {"symbol": "BTC-USD", "ts_event_ns": 1765210290590 * MS, "price_ticks": 89942, "qty_native": 0.0001, "taker_buy": True,
             "trade_id": parse.trade_number("03f89a550000000200000002")},
            {"ts_event_ns": 1765210289425 * MS, "price_ticks": 89970, "qty_native": 0.0365},
            {"price_ticks": 89969, "qty_native": 0.1763, "trade_id": parse.trade_number("03f89a53000000020000000b")},
        ]},
    ),
    Fact(
        "dydx", "http_get_fills.json", _REST, _rest(lambda b: parse_rest.parse_fills(b, LISTINGS)),
        rows={"trades": [
            {"symbol": "BTC-USD", "price_ticks": 105117, "qty_native": 0.0001, "taker_buy": True, "ts_event_ns": 1762946392470 * MS},
            {"price_ticks": 104746, "taker_buy": False}, {"price_ticks": 104746, "taker_buy": False},
        ]},
    ),
    # "startedAt" opens the bar; "baseTokenVolume" coins; "startingOpenInterest" coins at its opening.
    Fact(
        "dydx", "http_get_candles.json", _REST, _rest(parse_rest.parse_candles),
        rows={
            "bars": [
                {"symbol": "BTC-USD", "ts_open_ns": 1765210260000 * MS, "ts_close_ns": 1765210320000 * MS, "open": 89934.0,
                 "high": 89970.0, "low": 89911.0, "close": 89941.0, "volume_native": 3.2767, "taker_buy_native": None,
                 "price_kind": "last"},
                {"open": 90043.0, "close": 89931.0, "volume_native": 3.9023}, {"open": 90002.0, "volume_native": 1.2221},
            ],
            "open_interest": [{"ts_event_ns": 1765210260000 * MS, "oi_native": 381.7348, "oi_published": 381.7348, "oi_usd": None},
                              {"oi_native": 382.3498}, {}],
        },
    ),
    # "rate" covers one hour: 0.000002375 is 19 millionths (the protocol's 8-hour rate) divided by 8.
    Fact(
        "dydx", "http_get_historical_funding.json", _REST, _rest(parse_rest.parse_funding_history),
        rows={"funding": [
            {"symbol": "BTC-USD", "ts_event_ns": 1765209600219 * MS, "funding_rate": 19e-6 / 8, "interval_h": 1.0, "settled": True},
            {"funding_rate": 3e-6 / 8}, {"funding_rate": 5e-6 / 8},
        ]},
    ),
    Fact(
        "dydx", "http_get_orderbook.json", _REST, _rest(lambda b: parse_rest.parse_book(b, "BTC-USD", RECV)),
        book={"snapshot": True, "ts_event_ns": RECV,
              "bids": [(89947.0, 0.0002), (89946.0, 0.0002), (89945.0, 0.1661), (89944.0, 0.0006), (89943.0, 0.0002)]},
    ),
    Fact(
        "dydx", "http_get_perpetual_markets.json", _REST, _rest(parse_rest.parse_instruments),
        listing=("SOL-USD", {"tick_size": 0.01, "lot_size": 0.1, "asset": "SOL", "quote": "USD", "settle": "USDC", "kind": "linear",
                             "status": "trading", "funding_interval_h": 1.0}),
    ),
    Fact("dydx", "http_get_time.json", _REST, _rest(_clock), prices={"clock": 0.0}),
    Fact(
        "dydx", "ws_trades_subscribed.json", _STREAM, _frame,
        rows={"trades": [{"symbol": "BTC-USD", "ts_event_ns": 1704067200000 * MS, "price_ticks": 43250, "qty_native": 0.5,
                          "taker_buy": True}]},
    ),
    Fact(
        "dydx", "ws_trades_update.json", _STREAM, _frame,
        rows={"trades": [
            {"ts_event_ns": 1704067201000 * MS, "price_ticks": 43248, "qty_native": 1.2, "taker_buy": False},
            {"ts_event_ns": 1704067202000 * MS, "price_ticks": 43252, "qty_native": 0.3, "taker_buy": True},
        ]},
    ),
    # "type" LIQUIDATED: the taker was liquidated on the book, a print AND a trade; it bought, so a short was closed.
    Fact(
        "dydx", "liquidated", _STREAM, _frame,
        rows={
            "trades": [{"price_ticks": 27839, "taker_buy": True}, {"price_ticks": 27837, "taker_buy": False}],
            "liquidations": [{"symbol": "BTC-USD", "ts_event_ns": 1680568159353 * MS, "liquidated": "short", "price": 27839.0,
                              "price_kind": "fill", "qty_native": 0.000100431, "notional_usd": 0.000100431 * 27839}],
        },
        documented='{"type":"channel_data","connection_id":"5","message_id":4,"id":"BTC-USD","channel":"v4_trades",'
        '"version":"1.1.0","contents":{"trades":[{"id":"8ee6d90d-272d-5edd-bf0f-2e4d6ae3d3b7","size":"0.000100431",'
        '"price":"27839","side":"BUY","createdAt":"2023-04-04T00:29:19.353Z","type":"LIQUIDATED"},{"id":'
        '"d310c32c-f066-5ba8-a97d-10a29d9a6c84","size":"0.000000005","price":"27837","side":"SELL",'
        '"createdAt":"2023-04-04T00:29:19.353Z","type":"LIMIT"}]}}',
    ),
    # The oracle price is the trigger: mark and index alike. Rates and open interest carry no moment: ours is taken.
    Fact(
        "dydx", "ws_markets_subscribed.json", _STREAM, _frame,
        rows={
            "marks": [{"symbol": "BTC-USD", "ts_event_ns": RECV, "mark_price": 43250.0, "index_price": 43250.0},
                      {"symbol": "ETH-USD", "mark_price": 2250.0}],
            "open_interest": [{"symbol": "BTC-USD", "ts_event_ns": RECV, "oi_native": 987654321.0}, {"oi_native": 123456789.0}],
            "funding": [{"symbol": "BTC-USD", "funding_rate": 0.0001, "interval_h": 1.0, "settled": False}, {"funding_rate": 0.00008}],
        },
    ),
    Fact(
        "dydx", "ws_markets_update.json", _STREAM, _frame,
        rows={"marks": [{"symbol": "BTC-USD", "ts_event_ns": 1704067260000 * MS, "mark_price": 43300.0},
                        {"symbol": "ETH-USD", "mark_price": 2255.0}]},
    ),
    Fact(
        "dydx", "ws_markets_status_update.json", _STREAM, _frame,
        rows={"funding": [{"symbol": "BTC-USD", "ts_event_ns": RECV, "funding_rate": 0.0001}, {"symbol": "ETH-USD"}]},
    ),
    Fact(
        "dydx", "ws_orderbook_subscribed.json", _STREAM, _frame,
        book={"snapshot": True, "bids": [(43240.0, 1.5), (43235.0, 2.3), (43230.0, 0.8)],
              "asks": [(43250.0, 1.2), (43255.0, 2.0), (43260.0, 0.9)]},
    ),
    # Levels of changes are pairs; size 0 removes.
    Fact(
        "dydx", "ws_orderbook_update.json", _STREAM, _frame,
        book={"snapshot": False, "bids": [(43240.0, 2.0), (43238.0, 1.5)], "asks": [(43250.0, 0.0), (43252.0, 3.0)]},
    ),
    Fact(
        "dydx", "ws_candles_subscribed.json", _STREAM, _candles,
        rows={"bars": [{"ts_open_ns": 1704067200000 * MS, "ts_close_ns": 1704067260000 * MS, "open": 43100.0, "high": 43500.0,
                        "low": 43000.0, "close": 43400.0, "volume_native": 12.345}],
              "open_interest": [{"oi_native": 1_000_000.0}]},
    ),
    Fact(
        "dydx", "ws_candles_update.json", _STREAM, _candles,
        rows={"bars": [{"ts_open_ns": 1704067260000 * MS, "close": 43550.0, "volume_native": 8.765}],
              "open_interest": [{"oi_native": 1_000_100.0}]},
    ),
    Fact("dydx", "ws_error.json", _STREAM, _frame, control="error"),
]  # fmt: skip
