"""Bybit v5. Linear sizes in base coins, inverse sizes in USD. Pages below https://bybit-exchange.github.io/docs/v5/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.clock import MINUTE_NS
from liqatlas.venues.bybit import parse, parse_rest
from tests.conformance.venues.facts import Fact, perpetual

if TYPE_CHECKING:
    from liqatlas.venues.frames import Frame

_DOCS = "https://bybit-exchange.github.io/docs/v5/"
LISTINGS = {"BTCUSDT": perpetual("bybit", "BTCUSDT", "BTC", tick="0.5", hours=8.0)}
MS = 1_000_000


def _frame(payload: bytes) -> Frame:
    return parse.parse_frame(payload, LISTINGS)


FACTS = [
    # "S" side of the taker; "T" fill time; "i" trade id (a UUID, kept by its low 63 bits).
    Fact(
        "bybit", "ws_public_trade.json", _DOCS + "websocket/public/trade", _frame,
        rows={"trades": [{
            "symbol": "BTCUSDT", "ts_event_ns": 1709891679000 * MS, "price_ticks": 54902, "qty_native": 0.01,
            "taker_buy": True, "trade_id": 0x1F78_6F5D_7AB2_A110,
        }]},
    ),
    Fact(
        "bybit", "http_get_trades_recent.json", _DOCS + "market/recent-trade",
        lambda p: parse_rest.parse_trades(p, LISTINGS["BTCUSDT"]),
        rows={"trades": [{"price_ticks": 54901, "qty_native": 0.005, "taker_buy": True}]},
    ),
    # "u" update id in sequence; size 0 deletes a level.
    Fact(
        "bybit", "ws_orderbook_snapshot.json", _DOCS + "websocket/public/orderbook", _frame,
        book={"snapshot": True, "last_id": 123456789, "previous_id": None, "bids": [(27450.0, 0.5), (27449.5, 1.0)],
              "asks": [(27451.0, 0.75), (27451.5, 0.9)]},
    ),
    Fact(
        "bybit", "ws_orderbook_delta.json", _DOCS + "websocket/public/orderbook", _frame,
        book={"snapshot": False, "last_id": 123456790, "previous_id": 123456789, "bids": [(27450.0, 0.4)],
              "asks": [(27451.0, 0.0)]},
    ),
    Fact(
        "bybit", "http_get_orderbook.json", _DOCS + "market/orderbook", parse_rest.parse_book,
        book={"symbol": "BTCUSDT", "snapshot": True, "last_id": 1234567, "ts_event_ns": 1709891679000 * MS},
    ),
    # openInterest in base coins for linear, both sides together; openInterestValue in USD; fundingIntervalHour in hours.
    Fact(
        "bybit", "ws_ticker_linear.json", _DOCS + "websocket/public/ticker", _frame,
        rows={
            "marks": [{"ts_event_ns": 1673272861686 * MS, "mark_price": 17217.33, "index_price": 17227.36}],
            "open_interest": [{"oi_native": 34372.3805, "oi_published": 68744.761, "oi_usd": 591800617.955}],
            "funding": [{"funding_rate": -0.000212, "interval_h": 8.0, "settled": False}],
        },
        ticker={"last_price": 17216.0, "bid": 17215.5, "ask": 17216.0, "volume_24h_native": 91705.276,
                "turnover_24h": 1570383121.943499},
    ),
    # "confirm": whether the tick has ended; this one has not.
    Fact("bybit", "ws_kline.json", _DOCS + "websocket/public/kline", _frame),
    Fact(
        "bybit", "http_get_klines_linear.json", _DOCS + "market/kline",
        lambda p: parse_rest.parse_bars(p, MINUTE_NS),
        rows={"bars": [{
            "ts_open_ns": 1709891679000 * MS, "ts_close_ns": 1709891739000 * MS, "open": 27450.0, "high": 27460.0,
            "low": 27440.0, "close": 27455.0, "volume_native": 123.45, "taker_buy_native": None,
        }]},
    ),
    # fundingRateTimestamp is the moment of the payment; the spacing of these two is 8 h.
    Fact(
        "bybit", "http_get_funding_history.json", _DOCS + "market/history-fund-rate",
        lambda p: parse_rest.parse_funding_history(p, LISTINGS["BTCUSDT"]),
        rows={"funding": [
            {"ts_event_ns": 1709856000000 * MS, "funding_rate": 0.00015, "interval_h": 8.0, "settled": True},
            {"ts_event_ns": 1709884800000 * MS, "funding_rate": 0.0001, "interval_h": 8.0, "settled": True},
        ]},
    ),
    # qtyStep and tickSize are the steps; fundingInterval is in MINUTES (480 = 8 h; this sample's 8 is no interval).
    Fact(
        "bybit", "http_get_instruments_linear.json", _DOCS + "market/instrument", parse_rest.parse_instruments,
        listing=("BTCUSDT", {"asset": "BTC", "kind": "linear", "settle": "USDT", "tick_size": 0.5, "lot_size": 0.001,
                             "contract_value": 1, "expiry_ns": None, "funding_interval_h": None}),
    ),
    Fact(
        "bybit", "http_get_instruments_linear_symbol_type.json", _DOCS + "market/instrument", parse_rest.parse_instruments,
        listing=("TSLAUSDT", {"asset": "TSLA", "kind": "linear", "funding_interval_h": 8.0, "listed_ns": None}),
    ),
    # Inverse contracts are worth one US dollar each, margined in the coin.
    Fact(
        "bybit", "http_get_instruments_inverse.json", _DOCS + "market/instrument", parse_rest.parse_instruments,
        listing=("BTCUSD", {"asset": "BTC", "kind": "inverse", "settle": "BTC", "quote": "USD", "contract_value": 1}),
    ),
    Fact(
        "bybit", "http_get_instruments_inverse_symbol_type.json", _DOCS + "market/instrument", parse_rest.parse_instruments,
        listing=("BRENTUSD", {"kind": "inverse", "settle": "BRENT", "funding_interval_h": 8.0}),
    ),
    Fact("bybit", "ws_subscription_ack.json", _DOCS + "ws/connect", _frame, control="ack"),
    Fact("bybit", "ws_subscription_failure.json", _DOCS + "ws/connect", _frame, control="error"),
    # side Buy is a long; tradeMode 0 cross, 1 isolated; positionBalance is the position's margin.
    Fact(
        "bybit", "http_get_positions.json", _DOCS + "position",
        lambda p: parse_rest.parse_positions(p, "me"),
        rows={"positions": [
            {"symbol": "BTCUSDT", "account": "me", "position": "long", "qty_native": 0.5, "entry_price": 50000.0,
             "mark_price": 50500.0, "leverage": 10.0, "margin_mode": "cross", "margin_usd": 2500.0,
             "liquidation_price": 45000.0, "unrealised_pnl_usd": 250.0},
            {"symbol": "ETHUSDT", "position": "short", "qty_native": 5.0, "entry_price": 3000.0},
        ]},
    ),
]  # fmt: skip
