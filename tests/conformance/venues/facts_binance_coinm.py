"""Binance COIN-M, as its documentation shows its messages (none was recorded). Sizes are contracts of 100 or 10 USD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.venues.binance_coinm import parse, parse_rest
from tests.conformance.venues.facts import Fact, perpetual

if TYPE_CHECKING:
    from liqatlas.venues.frames import Frame
    from liqatlas.venues.rows import RowBatch

_DOCS = "https://developers.binance.com/docs/derivatives/coin-margined-futures/"
_STREAMS = _DOCS + "websocket-market-streams/"


def _contract(symbol: str) -> tuple[str, object]:
    return symbol, perpetual(
        "binance_coinm", symbol, "BTC", tick="0.1", kind="inverse", value="100", quote="USD"
    )


LISTINGS: dict[str, object] = dict(
    map(_contract, ("BTCUSD_PERP", "BTCUSD_200925", "BTCUSD_201225", "BTCUSD_200626"))
)
PERP = LISTINGS["BTCUSD_PERP"]
MS = 1_000_000


def _frame(payload: bytes) -> Frame:
    return parse.parse_frame(payload, LISTINGS)  # type: ignore[arg-type]


def _oi_history(payload: bytes) -> RowBatch:
    return parse_rest.parse_open_interest_history(payload, PERP)  # type: ignore[arg-type]


def _position_ratio(payload: bytes) -> RowBatch:
    return parse_rest.parse_long_short_ratio(payload, "BTCUSD_PERP", "top_positions")


FACTS = [
    # "q" is contracts; "m": the buyer is the maker, so the taker sold.
    Fact(
        "binance_coinm", "aggregate trade", _STREAMS + "Aggregate-Trade-Streams", _frame,
        rows={"trades": [{
            "symbol": "BTCUSD_200626", "ts_event_ns": 1591261134199 * MS, "price_ticks": 96_371, "qty_native": 1_000.0,
            "taker_buy": True, "trade_id": 424951,
        }]},
        documented='{"e":"aggTrade","E":1591261134288,"a":424951,"s":"BTCUSD_200626","p":"9637.1","q":"10","f":606073,'
        '"l":606073,"T":1591261134199,"m":false}',
    ),
    # "p" mark, "i" index; "r" empty and "T" 0 for a dated contract: no funding row.
    Fact(
        "binance_coinm", "mark prices of a pair", _STREAMS + "Mark-Price-of-All-Symbols-of-a-Pair", _frame,
        rows={
            "marks": [
                {"symbol": "BTCUSD_201225", "ts_event_ns": 1596095725000 * MS, "mark_price": 10934.62615417,
                 "index_price": 10933.62615417},
                {"symbol": "BTCUSD_PERP", "mark_price": 11012.31359011},
            ],
            "funding": [{"symbol": "BTCUSD_PERP", "funding_rate": 0.0, "interval_h": 8.0, "settled": False}],
        },
        documented='[{"e":"markPriceUpdate","E":1596095725000,"s":"BTCUSD_201225","p":"10934.62615417","P":"10962.17178236",'
        '"i":"10933.62615417","r":"","T":0},{"e":"markPriceUpdate","E":1596095725000,"s":"BTCUSD_PERP","p":"11012.31359011",'
        '"P":"10962.17178236","i":"10933.62615417","r":"0.00000000","T":1596096000000}]',
    ),
    # "S" is the ORDER's side; "z" contracts filled; "ap" the average price: face value, not price times size.
    Fact(
        "binance_coinm", "liquidation order", _STREAMS + "Liquidation-Order-Streams", _frame,
        rows={"liquidations": [{
            "symbol": "BTCUSD_200925", "ts_event_ns": 1591154240949 * MS, "liquidated": "long", "price": 9496.5,
            "price_kind": "fill", "qty_native": 100.0, "notional_usd": 100.0, "mark_price": None,
        }]},
        documented='{"e":"forceOrder","E":1591154240950,"o":{"s":"BTCUSD_200925","ps":"BTCUSD","S":"SELL","o":"LIMIT",'
        '"f":"IOC","q":"1","p":"9425.5","ap":"9496.5","X":"FILLED","l":"1","z":"1","T":1591154240949}}',
    ),
    # "v" contracts, "q" coins, "V" contracts the taker bought.
    Fact(
        "binance_coinm", "kline", _STREAMS + "Kline-Candlestick-Streams", _frame,
        rows={"bars": [{
            "ts_open_ns": 1591261500000 * MS, "ts_close_ns": 1591261560000 * MS, "open": 9638.9, "high": 9639.8, "low": 9638.6,
            "close": 9639.8, "volume_native": 15_600.0, "taker_buy_native": 7_300.0, "price_kind": "last",
        }]},
        documented='{"e":"kline","E":1591261560539,"s":"BTCUSD_200626","k":{"t":1591261500000,"T":1591261559999,'
        '"s":"BTCUSD_200626","i":"1m","f":606400,"L":606430,"o":"9638.9","c":"9639.8","h":"9639.8","l":"9638.6","v":"156",'
        '"n":31,"x":true,"q":"1.61836886","V":"73","Q":"0.75731156","B":"0"}}',
    ),
    Fact(
        "binance_coinm", "book change", _STREAMS + "Diff-Book-Depth-Streams", _frame,
        book={"snapshot": False, "first_id": 17285681, "last_id": 17285702, "previous_id": 17285675,
              "bids": [(9517.6, 1_000.0)], "asks": [(9518.5, 4_500.0)]},
        documented='{"e":"depthUpdate","E":1591270260907,"T":1591270260891,"s":"BTCUSD_200626","ps":"BTCUSD","U":17285681,'
        '"u":17285702,"pu":17285675,"b":[["9517.6","10"]],"a":[["9518.5","45"]]}',
    ),
    # sumOpenInterest in contracts; sumOpenInterestValue "unit: base asset", whatever its digits in the sample.
    Fact(
        "binance_coinm", "open interest statistics", _DOCS + "market-data/Open-Interest-Statistics", _oi_history,
        rows={"open_interest": [{"ts_event_ns": 1591261042378 * MS, "oi_native": 2_040_300.0, "oi_usd": 2_040_300.0}]},
        documented='[{"pair":"BTCUSD","contractType":"CURRENT_QUARTER","sumOpenInterest":"20403",'
        '"sumOpenInterestValue":"176196512.23400000","timestamp":1591261042378}]',
    ),
    # Positions have fields of their own here: longPosition, not longAccount.
    Fact(
        "binance_coinm", "top positions", _DOCS + "market-data/Top-Trader-Long-Short-Ratio", _position_ratio,
        rows={"long_short_ratios": [{"ts_event_ns": 1592870400000 * MS, "long_share": 0.6442, "ratio_of": "top_positions"}]},
        documented='[{"pair":"BTCUSD","longShortRatio":"0.7869","longPosition":"0.6442","shortPosition":"0.4404",'
        '"timestamp":1592870400000}]',
    ),
    Fact(
        "binance_coinm", "contracts", _DOCS + "market-data/Exchange-Information", parse_rest.parse_instruments,
        listing=("BTCUSD_200925", {
            "kind": "inverse", "contract_value": 100, "lot_size": 100, "tick_size": 0.1, "quote": "USD", "settle": "BTC",
            "expiry_ns": 1601020800000 * MS, "status": "trading",
        }),
        documented='{"symbols":[{"filters":[{"filterType":"PRICE_FILTER","maxPrice":"100000","minPrice":"0.1","tickSize":"0.1"},'
        '{"filterType":"LOT_SIZE","maxQty":"100000","minQty":"1","stepSize":"1"}],"pair":"BTCUSD",'
        '"contractType":"CURRENT_QUARTER","deliveryDate":1601020800000,"onboardDate":1590739200000,'
        '"contractStatus":"TRADING","contractSize":100,"quoteAsset":"USD","baseAsset":"BTC","marginAsset":"BTC",'
        '"symbol":"BTCUSD_200925"}]}',
    ),
]  # fmt: skip
