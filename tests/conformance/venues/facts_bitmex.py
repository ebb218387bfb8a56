"""BitMEX. Sizes are contracts: XBTUSD one USD each, BCHUSDT and DOTUSDT parts of a coin. Recordings hold rows without envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.venues.bitmex import instruments, parse
from tests.conformance.venues.facts import Fact, perpetual

if TYPE_CHECKING:
    from collections.abc import Callable

    from liqatlas.venues.frames import Frame

_DOCS = "https://www.bitmex.com/app/wsAPI"
_REST = "https://www.bitmex.com/api/explorer/"
LISTINGS = {
    "XBTUSD": perpetual("bitmex", "XBTUSD", "BTC", tick="0.1", kind="inverse", quote="USD"),
    "BCHUSDT": perpetual("bitmex", "BCHUSDT", "BCH", tick="0.05", value="0.0001"),
    "DOTUSDT": perpetual("bitmex", "DOTUSDT", "DOT", tick="0.0001", value="0.001"),
}
RECV = 1_732_530_900_000 * 10**6
MS = 1_000_000


def _table(name: str) -> Callable[[bytes], Frame]:
    return lambda payload: parse.parse_rows(name, payload, LISTINGS, RECV)


_trades, _bins, _state = _table("trade"), _table("tradeBin1m"), _table("instrument")

FACTS = [
    # "side" is the taker's; one contract is one USD ("foreignNotional" equals "size").
    Fact(
        "bitmex", "ws_trade.json", _DOCS, _trades,
        rows={"trades": [{"symbol": "XBTUSD", "ts_event_ns": 1732436138704 * MS, "price_ticks": 985_709, "qty_native": 100.0,
                          "taker_buy": False, "trade_id": parse.trade_number("00000000-006d-1000-0000-000e8737d536")}]},
    ),
    Fact(
        "bitmex", "http_get_trades.json", _REST, _trades,
        rows={"trades": [
            {"ts_event_ns": 1732530900789 * MS, "price_ticks": 989_500, "qty_native": 100.0, "taker_buy": True},
            {"price_ticks": 989_510, "taker_buy": True}, {"price_ticks": 989_495, "qty_native": 50.0, "taker_buy": False},
        ]},
    ),
    # "timestamp" of a bar is its END.
    Fact(
        "bitmex", "ws_trade_bin_1m.json", _DOCS, _bins,
        rows={"bars": [{"symbol": "XBTUSD", "ts_open_ns": 1732392360000 * MS, "ts_close_ns": 1732392420000 * MS, "open": 97550.0,
                        "high": 97584.4, "low": 97550.0, "close": 97570.1, "volume_native": 84000.0, "taker_buy_native": None,
                        "price_kind": "last"}]},
    ),
    Fact(
        "bitmex", "http_get_trade_bins.json", _REST, _bins,
        rows={"bars": [
            {"ts_close_ns": 1732530600000 * MS, "open": 98900.0, "close": 98950.0, "volume_native": 150_000.0},
            {"ts_open_ns": 1732530600000 * MS, "volume_native": 95_000.0}, {"volume_native": 78_000.0, "close": 98970.0},
        ]},
    ),
    # A BUY order closes a short; the price is the bankruptcy price; the row carries no moment.
    Fact(
        "bitmex", "ws_liquidation.json", _DOCS, _table("liquidation"),
        rows={"liquidations": [{"symbol": "XBTUSD", "ts_event_ns": RECV, "liquidated": "short", "price": 95000.0,
                                "price_kind": "bankruptcy", "qty_native": 1000.0, "notional_usd": 1000.0}]},
    ),
    # "fundingInterval" counts from 2000-01-01: eight hours.
    Fact(
        "bitmex", "ws_funding_rate.json", _DOCS, _table("funding"),
        rows={"funding": [{"symbol": "XBTUSD", "ts_event_ns": 1732507200000 * MS, "funding_rate": 0.0001, "interval_h": 8.0,
                           "settled": True}]},
    ),
    # "openInterest" contracts; the index is "indicativeSettlePrice".
    Fact(
        "bitmex", "ws_instrument.json", _DOCS, _state,
        rows={
            "marks": [{"symbol": "XBTUSD", "ts_event_ns": 1732536000000 * MS, "mark_price": 95125.7, "index_price": 95126.0}],
            "open_interest": [{"oi_native": 123_456_789.0, "oi_published": 123_456_789.0, "oi_usd": 123_456_789.0}],
        },
        ticker={"last_price": 95123.5},
    ),
    # An update of the index alone is no mark.
    Fact("bitmex", "ws_instrument_index_update.json", _DOCS, _state, ticker={"last_price": None}),
    Fact(
        "bitmex", "ws_instrument_mark_update.json", _DOCS, _state,
        rows={"marks": [{"symbol": "DOTUSDT", "ts_event_ns": 1779886600500 * MS, "mark_price": 1.2669, "index_price": None}]},
    ),
    Fact(
        "bitmex", "ws_quote.json", _DOCS, _table("quote"),
        rows={"book_levels": [
            {"symbol": "BCHUSDT", "ts_event_ns": 1732315465085 * MS, "book_side": "bid", "level": 0, "price": 487.55, "qty_native": 10.3},
            {"book_side": "ask", "price": 488.25, "qty_native": 5.0},
        ]},
    ),
    Fact(
        "bitmex", "ws_orderbook_10.json", _DOCS, _table("orderBook10"),
        book={"symbol": "XBTUSD", "snapshot": True, "ts_event_ns": 1732436353513 * MS},
    ),
    Fact(
        "bitmex", "ws_orderbook_l2.json", _DOCS, _table("orderBookL2"),
        book={"snapshot": False, "last_id": 62400580205, "bids": [], "asks": [(98459.9, 33000.0)]},
    ),
    # "currentQty" signed contracts; "crossMargin" false is isolated.
    Fact(
        "bitmex", "http_get_positions.json", _REST, _table("position"),
        rows={"positions": [{"symbol": "XBTUSD", "account": "1234567", "position": "long", "qty_native": 100.0, "entry_price": 98390.88,
                             "mark_price": 98000.0, "leverage": 10.0, "margin_mode": "isolated", "liquidation_price": 49195.44}]},
    ),
    Fact(
        "bitmex", "ws_position.json", _DOCS, _table("position"),
        rows={"positions": [{"position": "long", "qty_native": 1000.0, "entry_price": 98039.5, "mark_price": 98500.0, "leverage": 100.0,
                             "margin_mode": "isolated", "liquidation_price": 1255.0}]},
    ),
    Fact(
        "bitmex", "http_get_instrument_xbtusd.json", _REST, instruments.parse_instruments,
        listing=("XBTUSD", {"asset": "BTC", "kind": "inverse", "contract_value": 1, "lot_size": 100, "tick_size": 0.1, "quote": "USD",
                            "settle": "BTC", "funding_interval_h": 8.0, "status": "trading"}),
    ),
    Fact("bitmex", "http_error_response.json", _REST, parse.parse_failure, control="error"),
]  # fmt: skip
