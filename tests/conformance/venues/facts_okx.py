"""OKX v5. Sizes in contracts, turned native. Anchors of https://www.okx.com/docs-v5/en/."""

from __future__ import annotations

from liqatlas.base.clock import MINUTE_NS
from liqatlas.base.errors import FormatError
from liqatlas.venues.frames import Frame
from liqatlas.venues.okx import parse, parse_rest
from tests.conformance.venues.facts import Fact, perpetual

_DOCS = "https://www.okx.com/docs-v5/en/#"
SWAP = perpetual("okx", "BTC-USDT-SWAP", "BTC", tick="0.1", value="0.01", hours=None)
# Some documentation samples use spot names; a size there is coins, so their listing has a contract value of 1.
SPOT_LIKE = {s: perpetual("okx", s, "BTC", tick="0.1", hours=None) for s in ("BTC-USDT", "BTC-USD")}
FINE = {"BTC-USDT": perpetual("okx", "BTC-USDT", "BTC", tick="0.01", hours=None)}
LISTINGS = {"BTC-USDT-SWAP": SWAP}
MS = 1_000_000

FACTS = [
    # "side" is the taker's; "count" fills end at "tradeId".
    Fact(
        "okx", "ws_trades.json", _DOCS + "order-book-trading-market-data-ws-trades-channel",
        lambda p: parse.parse_frame(p, SPOT_LIKE),
        rows={"trades": [{
            "ts_event_ns": 1630048897897 * MS, "price_ticks": 422199, "qty_native": 0.12060306, "taker_buy": True,
            "trade_id": 130639474,
        }]},
    ),
    Fact(
        "okx", "http_get_trades.json", _DOCS + "order-book-trading-market-data-get-trades",
        lambda p: parse_rest.parse_trades(p, SPOT_LIKE["BTC-USDT"]),
        rows={"trades": [{"trade_id": 734864332, "taker_buy": True, "qty_native": 0.0000125},
                         {"trade_id": 734864333, "taker_buy": False, "price_ticks": 1025379}]},
    ),
    # Levels are [price, size, "0", orders]; prevSeqId chains updates; the checksum is no longer filled.
    Fact(
        "okx", "ws_books_snapshot.json", _DOCS + "order-book-trading-market-data-ws-order-book-channel",
        lambda p: parse.parse_frame(p, SPOT_LIKE),
        book={"snapshot": True, "previous_id": None, "ts_event_ns": 1597026383085 * MS},
    ),
    Fact(
        "okx", "ws_books_update.json", _DOCS + "order-book-trading-market-data-ws-order-book-channel",
        lambda p: parse.parse_frame(p, SPOT_LIKE),
        book={"snapshot": False, "previous_id": 123456, "last_id": 123457},
    ),
    Fact(
        "okx", "ws_bbo_tbt.json", _DOCS + "order-book-trading-market-data-ws-order-book-channel",
        lambda p: parse.parse_frame(p, SPOT_LIKE),
        book={"snapshot": True, "bids": [(8476.97, 256.0)], "asks": [(8476.98, 415.0)], "last_id": 123456},
    ),
    Fact(
        "okx", "ws_tickers.json", _DOCS + "order-book-trading-market-data-ws-tickers-channel",
        lambda p: parse.parse_frame(p, SPOT_LIKE),
        ticker={"last_price": 9999.99, "bid": 8888.88, "ask": 9999.99, "volume_24h_native": 2222.0, "turnover_24h": None},
    ),
    # fundingTime and nextFundingTime lie 8 h apart; the rate is a fraction.
    Fact(
        "okx", "ws_funding_rate.json", _DOCS + "public-data-websocket-funding-rate-channel",
        lambda p: parse.parse_frame(p, LISTINGS),
        rows={"funding": [{"ts_event_ns": 1744590349506 * MS, "funding_rate": 0.0001, "interval_h": 8.0, "settled": False}]},
    ),
    # A day of UTC+8, of a spot pair: [ts, o, h, l, c, vol, volCcy, volCcyQuote, confirm].
    Fact(
        "okx", "ws_candle.json", _DOCS + "order-book-trading-market-data-ws-candlesticks-channel",
        lambda p: parse.parse_frame(p, FINE),
        rows={"bars": [{"ts_open_ns": 1597026383085 * MS, "open": 8533.02, "high": 8553.74, "low": 8527.17,
                        "close": 8548.26, "volume_native": 45247.0, "price_kind": "last"}]},
    ),
    # vol counts contracts of 0.01 BTC: the venue's own volCcy (10.4037, 71.6404) is the check.
    Fact(
        "okx", "http_get_candlesticks_full.json", _DOCS + "order-book-trading-market-data-get-candlesticks",
        lambda p: parse_rest.parse_bars(p, SWAP, MINUTE_NS),
        rows={"bars": [
            {"ts_open_ns": 1747094040000 * MS, "ts_close_ns": 1747094100000 * MS, "open": 102806.1, "high": 102820.4,
             "volume_native": 10.4037},
            {"ts_open_ns": 1747093980000 * MS, "volume_native": 71.6404},
        ]},
    ),
    # confirm is "0": these candles are still open and make no rows.
    Fact(
        "okx", "http_get_candlesticks.json", _DOCS + "order-book-trading-market-data-get-candlesticks",
        lambda p: parse_rest.parse_bars(p, SWAP, MINUTE_NS),
    ),
    # realizedRate is what was paid, fundingRate what was predicted.
    Fact(
        "okx", "http_get_funding_rate_history.json", _DOCS + "public-data-rest-api-get-funding-rate-history",
        lambda p: parse_rest.parse_funding_history(p, SWAP),
        rows={"funding": [
            {"ts_event_ns": 1704038400000 * MS, "funding_rate": -0.00002, "interval_h": 8.0, "settled": True},
            {"ts_event_ns": 1704067200000 * MS, "funding_rate": 0.00015, "interval_h": 8.0, "settled": True},
        ]},
    ),
    Fact(
        "okx", "http_get_mark_price.json", _DOCS + "public-data-rest-api-get-mark-price",
        lambda p: parse_rest.parse_marks(p, LISTINGS),
        rows={"marks": [{"ts_event_ns": 1744590349506 * MS, "mark_price": 84660.1, "index_price": None}]},
    ),
    Fact(
        "okx", "http_get_index_price.json", _DOCS + "public-data-rest-api-get-index-tickers",
        parse_rest.parse_index_prices, prices={"BTC-USDT": 103895.0},
    ),
    # ctVal × ctMult in ctValCcy: 0.01 BTC (linear), 100 USD (inverse).
    Fact(
        "okx", "http_get_instruments_swap.json", _DOCS + "public-data-rest-api-get-instruments", parse_rest.parse_instruments,
        listing=("BTC-USD-SWAP", {"asset": "BTC", "kind": "inverse", "contract_value": 100, "settle": "BTC", "quote": "USD",
                                  "tick_size": 0.1, "lot_size": 100, "expiry_ns": None}),
    ),
    Fact(
        "okx", "http_get_instruments_futures.json", _DOCS + "public-data-rest-api-get-instruments",
        parse_rest.parse_instruments,
        listing=("BTC-USD-241220", {"kind": "inverse", "contract_value": 100, "expiry_ns": 1734681600000 * MS}),
    ),
    Fact(
        "okx", "ws_instruments.json", _DOCS + "public-data-websocket-instruments-channel",
        lambda p: parse.parse_frame(p, LISTINGS), error=(FormatError, "channel 'instruments' is unknown"),
    ),
    # A margin pair, not a swap: tiers pass through raw to the rules room; the envelope must be a success.
    Fact(
        "okx", "http_get_position_tiers.json", _DOCS + "public-data-rest-api-get-position-tiers",
        lambda p: (parse_rest.answer(p, "position-tiers"), Frame())[1],
    ),
    # "pos" in contracts of 0.01 BTC.
    Fact(
        "okx", "http_get_positions.json", _DOCS + "trading-account-rest-api-get-positions",
        lambda p: parse_rest.parse_positions(p, "me", LISTINGS),
        rows={"positions": [{"symbol": "BTC-USDT-SWAP", "position": "long", "qty_native": 0.005, "entry_price": 10000.0,
                             "leverage": 10.0, "margin_mode": "isolated", "liquidation_price": 9000.0}]},
    ),
    # category full_liquidation: the ORDER sold, posSide says a long was closed; 0.5 contracts.
    Fact(
        "okx", "ws_orders_liquidation.json", _DOCS + "order-book-trading-trade-ws-order-channel",
        lambda p: parse_rest.parse_own_liquidations(p, LISTINGS),
        rows={"liquidations": [{"liquidated": "long", "price": 40000.0, "price_kind": "fill", "qty_native": 0.005,
                                "notional_usd": 200.0, "ts_event_ns": 1746947317402 * MS}]},
    ),
]  # fmt: skip
