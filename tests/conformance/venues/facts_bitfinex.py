"""Bitfinex, as its documentation and a merged pull request of another project show its rows (none was recorded)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.venues.bitfinex import parse, parse_rest, parse_stream
from tests.conformance.venues.facts import Fact, perpetual

if TYPE_CHECKING:
    from collections.abc import Callable

    from liqatlas.venues.frames import Frame
    from liqatlas.venues.rows import RowBatch

_DOCS = "https://docs.bitfinex.com/reference/"
LISTINGS = {"tBTCF0:USTF0": perpetual("bitfinex", "tBTCF0:USTF0", "BTC", tick="1")}
MS = 1_000_000


def _liquidations(payload: bytes) -> Frame:
    return parse.parse_liquidations(payload, LISTINGS)


def _trades(payload: bytes) -> RowBatch:
    return parse.parse_trades(payload, LISTINGS["tBTCF0:USTF0"])


def _stream(channel: str, key: str) -> Callable[[bytes], Frame]:
    return lambda payload: parse_stream.parse_frame(payload, {19111: (channel, key)}, LISTINGS)


def _candles(payload: bytes) -> RowBatch:
    return parse_rest.parse_bars(payload, LISTINGS["tBTCF0:USTF0"], 60 * 10**9)


FACTS = [
    # Moments, amounts and prices of five rows of 2024-01-28 (https://github.com/ccxt/ccxt/pull/20989), which does not print their
    # flags: those are set here as the documentation defines them. Two liquidations, each a trigger and its executions; an
    # acquisition by the system (sold 0) is no print.
    Fact(
        "bitfinex", "liquidations", _DOCS + "rest-public-liquidations", _liquidations,
        rows={"liquidations": [
            {"symbol": "tBTCF0:USTF0", "ts_event_ns": 1706417848757 * MS, "liquidated": "long", "price": 42735.0, "price_kind": "fill",
             "qty_native": 0.03908247, "notional_usd": 0.03908247 * 42735},
            {"ts_event_ns": 1706418029079 * MS, "liquidated": "long", "price": 42815.0, "qty_native": 0.002},
        ]},
        documented='[[["pos",171085137,1706417848752,null,"tBTCF0:USTF0",0.0392,43000,null,0,0,null,null]],'
        '[["pos",171085137,1706417848753,null,"tBTCF0:USTF0",0.0392,43000,null,1,0,null,42735]],'
        '[["pos",171085137,1706417848757,null,"tBTCF0:USTF0",0.03908247,43000,null,1,1,null,42735]],'
        '[["pos",171085200,1706418029074,null,"tBTCF0:USTF0",0.002,43000,null,0,0,null,null]],'
        '[["pos",171085200,1706418029079,null,"tBTCF0:USTF0",0.002,43000,null,1,1,null,42815]],'
        '[["pos",142397657,1574697680828.2002,null,"tBSVUSD",-2.62932,91.583875238719,null,1,1,null,112.27]]]',
    ),
    # Place 15 mark, 4 spot mid price, 18 open interest, 12 the funding of the running eight hours.
    Fact(
        "bitfinex", "derivatives status", _DOCS + "rest-public-derivatives-status", parse.parse_status,
        rows={
            "marks": [{"symbol": "tXAUTF0:USTF0", "ts_event_ns": 1596124822000 * MS, "mark_price": 0.7664, "index_price": 0.771995}],
            "open_interest": [{"oi_native": 246502.09001551}],
            "funding": [{"funding_rate": -0.01381344, "interval_h": 8.0, "settled": False}],
        },
        documented='[["tXAUTF0:USTF0",1596124822000,null,0.896,0.771995,null,1396531.67460709,null,1596153600000,0.0001056,6,null,'
        "-0.01381344,null,null,0.7664,null,null,246502.09001551,null,null,null,null,0.3]]",
    ),
    # ID, MTS, AMOUNT (positive: bought), PRICE.
    Fact(
        "bitfinex", "trades", _DOCS + "rest-public-trades", _trades,
        rows={"trades": [
            {"ts_event_ns": 1574694475039 * MS, "price_ticks": 7245, "qty_native": 0.005, "taker_buy": True, "trade_id": 401597393},
            {"taker_buy": False, "qty_native": 0.1},
        ]},
        documented="[[401597393,1574694475039,0.005,7245],[401597392,1574694473000,-0.1,7244]]",
    ),
    # The stream: [CHANNEL_ID, "te", trade]; the same trade comes once more as "tu" and is read once.
    Fact(
        "bitfinex", "stream trade", _DOCS + "ws-public-trades", _stream("trades", "tBTCF0:USTF0"),
        rows={"trades": [{"symbol": "tBTCF0:USTF0", "ts_event_ns": 1574694478808 * MS, "price_ticks": 7245, "qty_native": 0.005,
                          "taker_buy": True, "trade_id": 401597395}]},
        documented='[19111,"te",[401597395,1574694478808,0.005,7245]]',
    ),
    Fact(
        "bitfinex", "stream trade, updated", _DOCS + "ws-public-trades", _stream("trades", "tBTCF0:USTF0"),
        documented='[19111,"tu",[401597395,1574694478808,0.005,7245]]',
    ),
    Fact(
        "bitfinex", "stream subscribed", _DOCS + "ws-public-trades", _stream("", ""), control="ack",
        documented='{"event":"subscribed","channel":"trades","chanId":19111,"symbol":"tBTCF0:USTF0","pair":"BTCF0:USTF0"}',
    ),
    Fact("bitfinex", "stream heartbeat", "https://docs.bitfinex.com/docs/ws-general", _stream("", ""), control="pong",
         documented='[19111,"hb"]'),
    # The documented status and liquidation rows, as the stream wraps them.
    Fact(
        "bitfinex", "stream status", _DOCS + "ws-public-status", _stream("status", "deriv:tBTCF0:USTF0"),
        rows={
            "marks": [{"symbol": "tBTCF0:USTF0", "ts_event_ns": 1596124822000 * MS, "mark_price": 0.7664, "index_price": 0.771995}],
            "open_interest": [{"oi_native": 246502.09001551}],
            "funding": [{"funding_rate": -0.01381344, "interval_h": 8.0, "settled": False}],
        },
        documented="[19111,[1596124822000,null,0.896,0.771995,null,1396531.67460709,null,1596153600000,0.0001056,6,null,-0.01381344,"
        "null,null,0.7664,null,null,246502.09001551,null,null,null,null,0.3]]",
    ),
    Fact(
        "bitfinex", "stream liquidations", _DOCS + "ws-public-status", _stream("status", "liq:global"),
        rows={"liquidations": [{"symbol": "tBTCF0:USTF0", "ts_event_ns": 1574697680828 * MS, "liquidated": "short", "price": 112.27,
                                "price_kind": "fill", "qty_native": 2.62932}]},
        documented='[19111,[["pos",142397657,1574697680828.2002,null,"tBTCF0:USTF0",-2.62932,91.583875238719,null,1,1,null,112.27],'
        '["pos",142397658,1574697680829,null,"tBSVUSD",-2.62932,91.58,null,1,1,null,112.27]]]',
    ),
    # MTS, OPEN, CLOSE, HIGH, LOW, VOLUME: the close stands before the high.
    Fact(
        "bitfinex", "candles", _DOCS + "rest-public-candles", _candles,
        rows={"bars": [{"ts_open_ns": 1678465320000 * MS, "ts_close_ns": 1678465380000 * MS, "open": 20097.0, "close": 20094.0,
                        "high": 20097.0, "low": 20094.0, "volume_native": 0.07870586, "price_kind": "last"}]},
        documented="[[1678465320000,20097,20094,20097,20094,0.07870586]]",
    ),
]  # fmt: skip
