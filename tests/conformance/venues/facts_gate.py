"""Gate, as its documentation shows its messages (none was recorded). Sizes are signed contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.venues.gate import parse, parse_rest
from tests.conformance.venues.facts import Fact, perpetual

if TYPE_CHECKING:
    from liqatlas.venues.frames import Frame
    from liqatlas.venues.rows import RowBatch

_STREAM = "https://www.gate.com/docs/developers/futures/ws/en/"
_REST = "https://www.gate.com/docs/developers/apiv4/en/#futures"
LISTINGS = {
    "BTC_USDT": perpetual("gate", "BTC_USDT", "BTC", tick="0.1", value="0.0001"),
    "BTC_USD": perpetual("gate", "BTC_USD", "BTC", tick="0.1", kind="inverse", quote="USD"),
}
MS, S = 1_000_000, 1_000_000_000


def _frame(payload: bytes) -> Frame:
    return parse.parse_frame(payload, LISTINGS)


def _prints(payload: bytes) -> Frame:
    return parse_rest.parse_liquidations(payload, LISTINGS)


def _stats(payload: bytes) -> RowBatch:
    return parse_rest.parse_stats(payload, LISTINGS["BTC_USDT"])


FACTS = [
    # A positive size was bought by the taker; this one sold 108 contracts of one USD.
    Fact(
        "gate", "trades", _STREAM, _frame,
        rows={"trades": [{"symbol": "BTC_USD", "ts_event_ns": 1545136464123 * MS, "price_ticks": 964, "qty_native": 108.0,
                          "taker_buy": False, "trade_id": 27753479}]},
        documented='{"channel":"futures.trades","event":"update","time":1541503698,"time_ms":1541503698123,"result":[{"size":-108,'
        '"id":27753479,"create_time":1545136464,"create_time_ms":1545136464123,"price":"96.4","contract":"BTC_USD",'
        '"is_internal":false},{"size":5,"id":27753480,"create_time":1545136464,"create_time_ms":1545136464123,"price":"96.4",'
        '"contract":"BTC_USD","is_internal":true}]}',
    ),
    # "total_size" contracts; "mark_price", "index_price"; the moment stands on the envelope.
    Fact(
        "gate", "tickers", _STREAM, _frame,
        rows={
            "marks": [{"symbol": "BTC_USDT", "ts_event_ns": 1541659086123 * MS, "mark_price": 118.35, "index_price": 118.36}],
            "open_interest": [{"oi_native": 0.0073648, "oi_published": 0.0073648, "oi_usd": None}],
            "funding": [{"funding_rate": -0.000114, "interval_h": 8.0, "settled": False}],
        },
        ticker={"last_price": 118.4, "volume_24h_native": 0.0745487577},
        documented='{"time":1541659086,"time_ms":1541659086123,"channel":"futures.tickers","event":"update","result":[{'
        '"contract":"BTC_USDT","last":"118.4","change_percentage":"0.77","funding_rate":"-0.000114",'
        '"funding_rate_indicative":"0.01875","mark_price":"118.35","index_price":"118.36","total_size":"73.648",'
        '"volume_24h":"745.487577","quanto_base_rate":""}]}',
    ),
    # "U" and "u" first and last update id; sizes absolute contracts, 0 removes.
    Fact(
        "gate", "book change", _STREAM, _frame,
        book={"snapshot": False, "first_id": 2517661101, "last_id": 2517661113, "previous_id": 2517661100,
              "bids": [(54672.1, 0.0), (54664.5, 5.8794)], "asks": [(54742.0, 0.0095), (54743.6, 0.0)]},
        documented='{"time":1615366381,"time_ms":1615366381123,"channel":"futures.order_book_update","event":"update",'
        '"result":{"t":1615366381417,"s":"BTC_USDT","U":2517661101,"u":2517661113,"b":[{"p":"54672.1","s":0},{"p":"54664.5",'
        '"s":58794}],"a":[{"p":"54742","s":95},{"p":"54743.6","s":0}]}}',
    ),
    # The stream gives the ORDER: negative sells, so a long is closed; its price, not a fill. "time" is ms since 2026-08-20.
    Fact(
        "gate", "liquidation orders", _STREAM, _frame,
        rows={"liquidations": [
            {"symbol": "BTC_USDT", "ts_event_ns": 1541486601123 * MS, "liquidated": "long", "price": 215.1, "price_kind": "order",
             "qty_native": 0.0124, "notional_usd": 0.0124 * 215.1},
            {"liquidated": "short", "qty_native": 0.001},
        ]},
        documented='{"channel":"futures.public_liquidates","event":"update","time":1541505434,"time_ms":1541505434123,"result":['
        '{"price":"215.1","size":-124,"time":1541486601123,"contract":"BTC_USDT"},{"price":"215.2","size":10,'
        '"time":1541486601456,"contract":"BTC_USDT"}]}',
    ),
    # REST: "size" is the user's POSITION (600: a long); what was filled is |order_size| - |left|, at "fill_price".
    Fact(
        "gate", "liquidation history", _REST, _prints,
        rows={"liquidations": [{"symbol": "BTC_USDT", "ts_event_ns": 1548654951 * S, "liquidated": "long", "price": 3424.0,
                                "price_kind": "fill", "qty_native": 0.04, "notional_usd": 0.04 * 3424}]},
        documented='[{"time":1548654951,"contract":"BTC_USDT","size":"600","order_size":"-600","order_price":"3405",'
        '"fill_price":"3424","left":"200"},{"time":1548654951,"contract":"BTC_USDT","size":600,"fill_price":"3424","left":0}]',
    ),
    # "open_interest" contracts; "lsr_account" long accounts over short ones.
    Fact(
        "gate", "statistics", _REST, _stats,
        rows={
            "open_interest": [{"ts_event_ns": 1603865400 * S, "oi_native": 0.1247, "oi_usd": 1876.0}],
            "long_short_ratios": [{"long_share": 0.6, "ratio_of": "accounts"}],
        },
        documented='[{"time":1603865400,"lsr_taker":100,"long_liq_size":"0","short_liq_size":"0","open_interest":"1247",'
        '"short_liq_usd":0,"mark_price":"8865","top_lsr_size":1.02,"short_liq_amount":0,"long_liq_amount":0,'
        '"open_interest_usd":1876,"top_lsr_account":1.5,"lsr_account":1.5,"long_liq_usd":0}]',
    ),
    # "quanto_multiplier" coins of one contract; an inverse contract has 0 there and is one USD.
    Fact(
        "gate", "contracts", _REST, parse_rest.parse_instruments,
        listing=("BTC_USDT", {"kind": "linear", "contract_value": 0.0001, "lot_size": 0.0001, "tick_size": 0.1, "asset": "BTC",
                              "quote": "USDT", "settle": "USDT", "funding_interval_h": 8.0, "status": "trading"}),
        documented='[{"name":"BTC_USDT","type":"direct","quanto_multiplier":"0.0001","order_price_round":"0.1",'
        '"funding_interval":28800,"in_delisting":false,"order_size_min":1},{"name":"BTC_USD","type":"inverse",'
        '"quanto_multiplier":"0","order_price_round":"0.1","funding_interval":28800,"in_delisting":false,"order_size_min":1}]',
    ),
]  # fmt: skip
