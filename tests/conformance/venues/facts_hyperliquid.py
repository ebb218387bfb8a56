"""Hyperliquid. Sizes in coins. Pages below https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.errors import FormatError
from liqatlas.venues.hyperliquid import parse, parse_account, parse_rest
from liqatlas.venues.rows import RowBatch
from tests.conformance.venues.facts import Fact, perpetual

if TYPE_CHECKING:
    from liqatlas.venues.frames import Frame

_DOCS = "https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/"
LISTINGS = {
    coin: perpetual("hyperliquid", coin, coin, tick=tick, hours=1.0, quote="USD")
    for coin, tick in (("BTC", "0.1"), ("ETH", "0.01"), ("SOL", "0.0001"))
}
MS = 1_000_000
RECEIVED = 1_790_000_000_000 * MS


def _frame(payload: bytes) -> Frame:
    return parse.parse_frame(payload, LISTINGS, RECEIVED)


def _wrapped_book(payload: bytes) -> Frame:
    """The file holds what stands under ``data`` of an l2Book message."""
    return _frame(b'{"channel":"l2Book","data":' + payload + b"}")


def _main_dex(payload: bytes) -> RowBatch:
    """Name the first two coins of the main dex; the recording holds no universe."""
    names = ["BTC", "ETH"] + [f"coin-{i}" for i in range(2, 230)]
    whole = parse.parse_all_contexts(payload, {"": names}, RECEIVED)
    first = RowBatch()
    for dataset, symbol, rows in whole:
        if symbol == "BTC":
            first.extend(dataset, symbol, rows)
    return first


FACTS = [
    # side: the aggressor's, B bought and A sold; newest first; users are buyer and seller.
    Fact(
        "hyperliquid", "http_recent_trades_btc.json", _DOCS + "websocket/subscriptions#data-formats",
        lambda p: parse_rest.parse_trades(p, LISTINGS["BTC"]),
        rows={"trades": [
            {"ts_event_ns": 1769916000000 * MS, "price_ticks": 1043000, "qty_native": 0.005, "taker_buy": False,
             "trade_id": 300001},
            {"taker_buy": True, "price_ticks": 1043105, "trade_id": 300002},
            {"taker_buy": False, "trade_id": 300003},
        ]},
    ),
    # levels: bids first, then asks; no sequence number, the whole book each time.
    Fact(
        "hyperliquid", "http_l2_book_btc.json", _DOCS + "info-endpoint#l2-book-snapshot", parse_rest.parse_book,
        book={"symbol": "BTC", "snapshot": True, "ts_event_ns": 1761786491067 * MS},
    ),
    Fact(
        "hyperliquid", "http_l2_book_snapshot.json", _DOCS + "info-endpoint#l2-book-snapshot", parse_rest.parse_book,
        book={"snapshot": True, "last_id": 1703875200000},
    ),
    Fact(
        "hyperliquid", "ws_book_data.json", _DOCS + "websocket/subscriptions#data-formats", _wrapped_book,
        book={"snapshot": True, "previous_id": None},
    ),
    # Hourly payments, a premium may be missing.
    Fact(
        "hyperliquid", "http_funding_history.json", _DOCS + "info-endpoint/perpetuals#retrieve-historical-funding-rates",
        parse_rest.parse_funding_history,
        rows={"funding": [
            {"ts_event_ns": 1769908800000 * MS, "funding_rate": 0.0000125, "interval_h": 1.0, "settled": True},
            {"funding_rate": -0.0000081, "interval_h": 1.0},
            {"funding_rate": 0.0000033, "interval_h": 1.0},
        ]},
    ),
    # szDecimals 5 leaves 6 - 5 = 1 decimal of price.
    Fact(
        "hyperliquid", "http_meta_perp_sample.json", _DOCS + "tick-and-lot-size", parse_rest.parse_instruments,
        listing=("BTC", {"asset": "BTC", "kind": "linear", "tick_size": 0.1, "lot_size": 0.00001, "settle": "USDC",
                         "funding_interval_h": 1.0, "status": "trading"}),
    ),
    # collateralToken 0 is USDC; a builder's dex may settle in another token.
    Fact(
        "hyperliquid", "http_all_perp_metas_non_usdc_collateral.json", _DOCS + "info-endpoint/perpetuals",
        parse_rest.parse_instruments,
        listing=("hyna:BTC", {"asset": "BTC", "settle": "token-235"}),
    ),
    # openInterest counts both sides (base.instruments); funding is the rate per hour.
    Fact(
        "hyperliquid", "ws_all_dexs_asset_ctxs.json", _DOCS + "info-endpoint/perpetuals#retrieve-perpetuals-asset-contexts",
        _main_dex,
        rows={
            "marks": [{"symbol": "BTC", "ts_event_ns": RECEIVED, "mark_price": 77562.0, "index_price": 77605.0}],
            "open_interest": [{"oi_published": 27353.17682, "oi_native": 27353.17682 / 2,
                               "oi_usd": 27353.17682 / 2 * 77562.0}],
            "funding": [{"funding_rate": -0.0000015186, "interval_h": 1.0, "settled": False}],
        },
    ),
    Fact(
        "hyperliquid", "ws_allmids.json", _DOCS + "websocket/subscriptions", _frame,
        ticker={"symbol": "BTC", "last_price": 80868.5},
    ),
    # An answer without marginSummary is a soft refusal, never an empty account.
    Fact(
        "hyperliquid", "http_clearinghouse_state_negative_total_raw_usd.json",
        _DOCS + "info-endpoint/perpetuals#retrieve-users-perpetuals-account-summary",
        lambda p: parse_account.parse_clearinghouse_state(p, "0xabc"), error=(FormatError, "marginSummary"),
    ),
    # The account SOLD against somebody else's liquidation: the liquidated one bought back a short.
    Fact(
        "hyperliquid", "ws_user_fill_liquidation.json", _DOCS + "websocket/subscriptions#data-formats",
        lambda p: parse_account.parse_liquidation_fills(p, "0xabc"),
        rows={"liquidations": [{"symbol": "BTC", "ts_event_ns": 1781528065899 * MS, "liquidated": "short", "price": 66653.0,
                                "price_kind": "fill", "qty_native": 0.001, "mark_price": 66607.0}]},
    ),
]  # fmt: skip
