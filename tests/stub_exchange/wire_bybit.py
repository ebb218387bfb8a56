"""Bybit v5 as the stub speaks it."""

# ruff: noqa: ARG002 -- a wire need not use all it is given

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.stub_exchange.market import HOUR_MS, MINUTE_MS, Contract, Event, Mark, Market, Print, Trade

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

CONTRACTS = [
    Contract("BTCUSDT", "BTC", Decimal("0.1"), Decimal("0.001")),
    Contract("BTCUSD", "BTC", Decimal("0.5"), Decimal(1), start_ticks=100_000, inverse=True),
]


def trade_id(symbol: str, number: int) -> str:
    """Return a UUID that belongs to a trade, without any order in it."""
    mixed = (number * 0x9E3779B97F4A7C15 + len(symbol)) % 2**63
    text = f"{mixed:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class BybitWire:
    """Messages and answers."""

    def channels(self, request: str, path: str) -> set[str]:
        assert path in {"/v5/public/linear", "/v5/public/inverse"}, path
        topics = json.loads(request).get("args", [])
        assert len(topics) <= 10, "more than ten topics in a request"
        return set(topics)

    def reply(self, request: str) -> list[str]:
        message = json.loads(request)
        if message["op"] == "ping":
            return [json.dumps({"success": True, "ret_msg": "pong", "conn_id": "stub", "op": "ping"})]
        return [
            json.dumps(
                {
                    "success": True,
                    "ret_msg": "",
                    "conn_id": "stub",
                    "req_id": message["req_id"],
                    "op": "subscribe",
                }
            )
        ]

    def opening(self, channel: str, market: Market) -> str | None:
        if not channel.startswith("orderbook."):
            return None
        symbol = channel.rpartition(".")[2]
        book, c = market.books[symbol], market.contracts[symbol]
        data = {
            "s": symbol,
            "b": _levels(sorted(book.bids.items(), reverse=True), c),
            "a": _levels(sorted(book.asks.items()), c),
            "u": self._update_id(market, symbol),
            "seq": book.last_id,
        }
        return json.dumps(
            {"topic": channel, "type": "snapshot", "ts": book.ts_ms or market.start_ms, "data": data}
        )

    @staticmethod
    def _update_id(market: Market, symbol: str) -> int:
        """Return the count of book updates so far, plus two: 1 would mean a restart."""
        done = market.events[: market.cursor]
        return 2 + sum(1 for e in done if not isinstance(e, (Trade, Mark, Print)) and e.symbol == symbol)

    def frame(self, event: Event, market: Market, shift_ms: int) -> tuple[str, str] | None:
        s, c, ts = event.symbol, market.contracts[event.symbol], event.ts_ms + shift_ms
        data: object
        kind = "snapshot"
        if isinstance(event, Trade):
            topic = f"publicTrade.{s}"
            data = [
                {
                    "T": ts,
                    "s": s,
                    "S": "Buy" if event.taker_buy else "Sell",
                    "v": str(event.lots * c.lot),
                    "p": str(event.ticks * c.tick),
                    "L": "PlusTick",
                    "i": trade_id(s, event.last_id),
                    "BT": False,
                }
            ]
        elif isinstance(event, Mark):
            topic, kind = f"tickers.{s}", "delta"
            data = {
                "symbol": s,
                "markPrice": str(event.mark),
                "indexPrice": str(event.index),
                "openInterest": str(2 * event.oi_lots * c.lot),
                "fundingRate": "0.0001",
            }
        elif isinstance(event, Print):
            topic = f"allLiquidation.{s}"
            data = [
                {
                    "T": ts,
                    "s": s,
                    "S": "Buy" if event.liquidated == "long" else "Sell",
                    "v": str(event.lots * c.lot),
                    "p": str(event.ticks * c.tick),
                }
            ]
        else:
            topic, kind = f"orderbook.200.{s}", "delta"
            data = {
                "s": s,
                "b": _levels(event.bids, c),
                "a": _levels(event.asks, c),
                "u": self._update_id(market, s),
                "seq": event.last_id,
            }
        return topic, json.dumps({"topic": topic, "type": kind, "ts": ts, "data": data})

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Market) -> object:
        symbol = query.get("symbol", "")
        if symbol and symbol not in market.contracts:
            return {
                "retCode": 10001,
                "retMsg": "Not supported symbols",
                "result": {},
                "time": market.now_ms(),
            }
        limit = int(query.get("limit", 200))
        end = int(query.get("endTime", query.get("end", market.now_ms())))
        start = int(query.get("startTime", query.get("start", end - limit * 8 * HOUR_MS)))
        if "kline" in path and "end" not in query:  # a start and a limit: that many from the start
            end = start + limit * MINUTE_MS - 1
        handlers: dict[str, Callable[[], object]] = {
            "/v5/market/time": lambda: {"timeSecond": str(market.now_ms() // 1000), "timeNano": str(market.now_ms() * 10**6)},
            "/v5/market/instruments-info": lambda: _contracts(market, query),
            "/v5/market/kline": lambda: _rows(symbol, _klines(market, symbol, start, end)[-limit:][::-1]),
            "/v5/market/mark-price-kline": lambda: _rows(
                symbol, [k[:5] for k in _klines(market, symbol, start, end)][-limit:][::-1]
            ),
            "/v5/market/recent-trade": lambda: {"category": "linear", "list": _recent(market, symbol, limit)},
            "/v5/market/orderbook": lambda: self._book(market, symbol),
            "/v5/market/open-interest": lambda: _rows(symbol, [
                {"openInterest": str(2 * market.oi_lots(t)), "singleOpenInterest": str(market.oi_lots(t)), "timestamp": str(t)}
                for t in _grid(start, end, 5 * MINUTE_MS)
            ][-limit:][::-1]),
            "/v5/market/account-ratio": lambda: _rows(symbol, [
                {"symbol": symbol, "buyRatio": market.long_share(t), "sellRatio": "0", "timestamp": str(t)}
                for t in _grid(start, end, 5 * MINUTE_MS)
            ][-limit:][::-1]),
            "/v5/market/funding/history": lambda: _rows(symbol, [
                {"symbol": symbol, "fundingRate": market.funding_rate(t), "fundingRateTimestamp": str(t)}
                for t in _grid(start, end, 8 * HOUR_MS)
            ][-limit:][::-1]),
        }  # fmt: skip
        return {
            "retCode": 0,
            "retMsg": "OK",
            "result": handlers[path](),
            "retExtInfo": {},
            "time": market.now_ms(),
        }

    def _book(self, market: Market, symbol: str) -> dict[str, object]:
        book, c = market.books[symbol], market.contracts[symbol]
        return {
            "s": symbol,
            "b": _levels(sorted(book.bids.items(), reverse=True), c),
            "a": _levels(sorted(book.asks.items()), c),
            "ts": book.ts_ms or market.start_ms,
            "u": self._update_id(market, symbol),
            "seq": book.last_id,
            "cts": market.now_ms(),
        }

    def soft_failure(self) -> tuple[int, object]:
        return 200, {"retCode": 10016, "retMsg": "Server error.", "result": {}, "time": 1}


def _levels(levels: list[tuple[int, int]] | tuple[tuple[int, int], ...], c: Contract) -> list[list[str]]:
    return [[str(ticks * c.tick), str(lots * c.lot)] for ticks, lots in levels]


def _grid(start: int, end: int, step: int) -> range:
    return range(-(-start // step) * step, end + 1, step)


def _rows(symbol: str, rows: Sequence[object]) -> dict[str, object]:
    return {"category": "linear", "symbol": symbol, "list": rows}


def _contracts(market: Market, query: Mapping[str, str]) -> dict[str, object]:
    """Return one contract a page, so that pages must be followed."""
    wanted = [c for c in market.contracts.values() if c.inverse == (query["category"] == "inverse")]
    at = int(query.get("cursor") or 0)
    page = [_contract(c) for c in wanted[at : at + 1]]
    return {
        "category": query["category"],
        "list": page,
        "nextPageCursor": str(at + 1) if at + 1 < len(wanted) else "",
    }


def _contract(c: Contract) -> dict[str, object]:
    return {
        "symbol": c.symbol,
        "contractType": "InversePerpetual" if c.inverse else "LinearPerpetual",
        "status": "Trading",
        "baseCoin": c.coin,
        "quoteCoin": "USD" if c.inverse else "USDT",
        "settleCoin": c.coin if c.inverse else "USDT",
        "launchTime": "1569398400000",
        "deliveryTime": "0",
        "fundingInterval": 480,
        "priceFilter": {"tickSize": str(c.tick)},
        "lotSizeFilter": {"qtyStep": str(c.lot), "minOrderQty": str(c.lot)},
    }


def _klines(market: Market, symbol: str, start: int, end: int) -> list[list[str]]:
    c, out = market.contracts[symbol], []
    for t in _grid(start, end, MINUTE_MS):
        o, h, low, close, lots = market.bar(symbol, t)
        out.append([str(t), *(str(x * c.tick) for x in (o, h, low, close)), str(lots * c.lot), "0"])
    return out


def _recent(market: Market, symbol: str, limit: int) -> list[dict[str, object]]:
    c = market.contracts[symbol]
    return [
        {
            "execId": trade_id(symbol, t.last_id),
            "symbol": symbol,
            "price": str(t.ticks * c.tick),
            "size": str(t.lots * c.lot),
            "side": "Buy" if t.taker_buy else "Sell",
            "time": str(t.ts_ms),
            "isBlockTrade": False,
        }
        for t in reversed(market.trades(symbol)[-limit:])
    ]
