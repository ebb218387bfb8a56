"""Bitget v2 as the stub speaks it: coins, numbered funding pages, whole books."""

# ruff: noqa: ARG002 -- a wire need not use all it is given

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from liqatlas.base.clock import now_ns
from tests.stub_exchange.market import HOUR_MS, MINUTE_MS, Contract, Event, Mark, Market, Print, Trade

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACTS = [
    Contract("BTCUSDT", "BTC", Decimal("0.1"), Decimal("0.0001")),
    Contract("ETHPERP", "ETH", Decimal("0.01"), Decimal("0.01"), start_ticks=300_000),
]
#: The time between payments.
PAYMENT_MS = 8 * HOUR_MS


def _product(symbol: str) -> str:
    return "USDT-FUTURES" if symbol.endswith("USDT") else "USDC-FUTURES"


class BitgetWire:
    """Messages and answers."""

    def channels(self, request: str, path: str) -> set[str]:
        assert path == "/v2/ws/public", path
        if request == "ping":
            return set()
        args = json.loads(request)["args"]
        assert all(a["instType"] == _product(a["instId"]) for a in args)
        return {f"{a['channel']}:{a['instId']}" for a in args}

    def reply(self, request: str) -> list[str]:
        if request == "ping":
            return ["pong"]
        return [json.dumps({"event": "subscribe", "arg": a}) for a in json.loads(request)["args"]]

    def opening(self, channel: str, market: Market) -> str | None:
        kind, _, symbol = channel.partition(":")
        if kind == "books15":
            return self._message(
                channel, [self._book(market, symbol, market.books[symbol].ts_ms or market.start_ms)]
            )
        return None

    @staticmethod
    def _message(channel: str, data: object) -> str:
        kind, _, symbol = channel.partition(":")
        arg = {"instType": _product(symbol), "channel": kind, "instId": symbol}
        return json.dumps({"action": "snapshot", "arg": arg, "data": data, "ts": 1})

    @staticmethod
    def _book(market: Market, symbol: str, ts: int) -> dict[str, object]:
        book, c = market.books[symbol], market.contracts[symbol]
        sides = {"bids": sorted(book.bids.items(), reverse=True), "asks": sorted(book.asks.items())}
        levels = {s: [[str(p * c.tick), str(q * c.lot)] for p, q in found[:15]] for s, found in sides.items()}
        return {**levels, "checksum": 0, "seq": book.last_id, "ts": str(ts)}

    def frame(self, event: Event, market: Market, shift_ms: int) -> tuple[str, str] | None:
        s, c, ts = event.symbol, market.contracts[event.symbol], event.ts_ms + shift_ms
        if isinstance(event, Trade):
            channel, data = f"trade:{s}", _trade(event, c, ts)
        elif isinstance(event, Mark):
            channel = f"ticker:{s}"
            data = {
                "instId": s, "ts": str(ts), "lastPr": str(event.mark), "markPrice": str(event.mark), "indexPrice": str(event.index),
                "fundingRate": "0.0001", "holdingAmount": str(event.oi_lots * c.lot),
            }  # fmt: skip
        elif isinstance(event, Print):
            return None  # not read
        else:
            channel, data = f"books15:{s}", self._book(market, s, ts)
        return channel, self._message(channel, [data])

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Market) -> object:
        if path == "/api/v2/public/time":
            return _ok({"serverTime": str(market.now_ms())})
        kind, symbol = path.rpartition("/")[2], query.get("symbol", "")
        if symbol and symbol not in market.contracts:
            return {"code": "40034", "msg": "Parameter does not exist", "data": None}
        mine = [c for c in market.contracts.values() if _product(c.symbol) == query["productType"]]
        start, end = int(query.get("startTime", 0)), int(query.get("endTime", 2**53))
        if kind == "contracts":
            return _ok([_contract(c) for c in mine])
        if kind in {"ticker", "tickers"}:
            return _ok([_ticker(market, c) for c in mine if symbol in {"", c.symbol}])
        c, limit = market.contracts[symbol], query.get("limit", "100")
        if kind == "merge-depth":
            book = self._book(market, symbol, market.now_ms())
            sides = {s: [[float(p), float(q)] for p, q in book[s]] for s in ("asks", "bids")}  # type: ignore[attr-defined]
            return _ok({**sides, "ts": book["ts"], "scale": "0.1", "precision": "scale0"})
        if kind in {"fills", "fills-history"}:
            assert end - start <= 7 * 24 * HOUR_MS or kind == "fills"
            found = [t for t in reversed(market.trades(symbol)) if start <= t.ts_ms <= end]
            return _ok([_trade(t, c, t.ts_ms) for t in found[: int(limit)]])
        if kind in {"history-candles", "history-mark-candles"}:
            assert int(limit) <= 200
            return _ok(
                [_bar(market, c, t) for t in range(-(-start // MINUTE_MS) * MINUTE_MS, end, MINUTE_MS)][
                    : int(limit)
                ]
            )
        if kind == "history-fund-rate":
            size, page = int(query["pageSize"]), int(query["pageNo"])
            last = max(market.now_ms(), now_ns() // 10**6) // PAYMENT_MS * PAYMENT_MS
            moments = [last - i * PAYMENT_MS for i in range((page - 1) * size, page * size)]
            return _ok(
                [
                    {"symbol": symbol, "fundingRate": market.funding_rate(t), "fundingTime": str(t)}
                    for t in moments
                ]
            )
        raise LookupError(path)

    def soft_failure(self) -> tuple[int, object]:
        return 200, {"code": "40725", "msg": "service return an error", "data": None}


def _ok(data: object) -> dict[str, object]:
    return {"code": "00000", "msg": "success", "requestTime": 1, "data": data}


def _trade(t: Trade, c: Contract, ts: int) -> dict[str, object]:
    return {
        "ts": str(ts),
        "price": str(t.ticks * c.tick),
        "size": str(t.lots * c.lot),
        "side": "buy" if t.taker_buy else "sell",
        "tradeId": str(t.last_id),
    }


def _contract(c: Contract) -> dict[str, object]:
    places = -int(c.tick.as_tuple().exponent)
    return {
        "symbol": c.symbol,
        "baseCoin": c.coin,
        "quoteCoin": "USDT" if c.symbol.endswith("USDT") else "USDC",
        "supportMarginCoins": ["USDT" if c.symbol.endswith("USDT") else "USDC"],
        "pricePlace": str(places),
        "priceEndStep": str(int(c.tick.scaleb(places))),
        "sizeMultiplier": str(c.lot),
        "symbolType": "perpetual",
        "symbolStatus": "normal",
        "fundInterval": "8",
        "deliveryTime": "",
    }


def _ticker(market: Market, c: Contract) -> dict[str, object]:
    price = str(c.start_ticks * c.tick)
    return {
        "symbol": c.symbol,
        "ts": str(market.now_ms()),
        "lastPr": price,
        "markPrice": price,
        "indexPrice": price,
        "fundingRate": "0.0001",
        "holdingAmount": str(market.oi_lots(market.now_ms()) * c.lot),
        "baseVolume": "1",
        "quoteVolume": "1",
    }


def _bar(market: Market, c: Contract, start: int) -> list[str]:
    o, h, low, close, lots = market.bar(c.symbol, start)
    return [str(start), *(str(x * c.tick) for x in (o, h, low, close)), str(lots * c.lot), "0"]
