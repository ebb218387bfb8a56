"""Hyperliquid as the stub speaks it: POST /info, whole books, a context per coin, the ten latest trades."""

# ruff: noqa: ARG002 -- a wire need not use all it is given

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.stub_exchange.market import HOUR_MS, MINUTE_MS, Contract, Event, Mark, Market, Print, Trade

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACTS = [
    Contract("BTC", "BTC", Decimal("0.1"), Decimal("0.00001")),
    Contract("ETH", "ETH", Decimal("0.01"), Decimal("0.0001"), start_ticks=300_000),
]
#: What the real venue sends; a test may widen it to see a gap filled.
RECENT_TRADES = 10


class HyperliquidWire:
    """Messages and answers."""

    def __init__(self, recent_trades: int = RECENT_TRADES) -> None:
        self.recent_trades = recent_trades

    def channels(self, request: str, path: str) -> set[str]:
        assert path == "/ws", path
        message = json.loads(request)
        if message["method"] == "ping":
            return set()
        return {f"{message['subscription']['type']}:{message['subscription']['coin']}"}

    def reply(self, request: str) -> list[str]:
        message = json.loads(request)
        if message["method"] == "ping":
            return ['{"channel":"pong"}']
        return [json.dumps({"channel": "subscriptionResponse", "data": message})]

    def opening(self, channel: str, market: Market) -> str | None:
        return None

    def frame(self, event: Event, market: Market, shift_ms: int) -> tuple[str, str] | None:
        s, c, ts = event.symbol, market.contracts[event.symbol], event.ts_ms + shift_ms
        data: object
        if isinstance(event, Trade):
            channel, data = "trades", [_trade(event, c, ts)]
        elif isinstance(event, Mark):
            channel = "activeAssetCtx"
            ctx = {
                "funding": "0.0000125",
                "openInterest": str(2 * event.oi_lots * c.lot),
                "oraclePx": str(event.index),
                "markPx": str(event.mark),
                "midPx": None,
                "prevDayPx": "1",
                "dayNtlVlm": "1",
                "premium": "0",
            }
            data = {"coin": s, "ctx": ctx}
        elif isinstance(event, Print):
            return None  # not public here
        else:
            channel, data = "l2Book", self._book(market, s, ts)
        return f"{channel}:{s}", json.dumps({"channel": channel, "data": data})

    @staticmethod
    def _book(market: Market, symbol: str, ts: int) -> dict[str, object]:
        book, c = market.books[symbol], market.contracts[symbol]
        sides = (sorted(book.bids.items(), reverse=True), sorted(book.asks.items()))
        return {"coin": symbol, "time": ts, "levels": [
            [{"px": str(p * c.tick), "sz": str(q * c.lot), "n": 1} for p, q in side[:20]] for side in sides
        ]}  # fmt: skip

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Market) -> object:
        if path != "/info":
            raise LookupError(path)
        ask = json.loads(body)
        kind = ask["type"]
        coin = ask.get("coin") or ask.get("req", {}).get("coin") or ""
        if coin and coin not in market.contracts:
            return None
        universe = [
            {"name": c.symbol, "szDecimals": -int(c.lot.as_tuple().exponent), "maxLeverage": 40}
            for c in market.contracts.values()
        ]
        if kind == "meta":
            return {"universe": universe, "marginTables": []}
        if kind == "metaAndAssetCtxs":
            return [{"universe": universe}, [_context(market, c) for c in market.contracts.values()]]
        if kind == "l2Book":
            return self._book(market, coin, market.now_ms())
        if kind == "recentTrades":
            found = market.trades(coin)[-self.recent_trades :]
            return [_trade(t, market.contracts[coin], t.ts_ms) for t in reversed(found)]
        if kind == "fundingHistory":
            moments = _grid(ask["startTime"], ask["endTime"], HOUR_MS)
            return [
                {"coin": coin, "fundingRate": market.funding_rate(t), "premium": "0", "time": t}
                for t in moments
            ][:500]
        if kind == "candleSnapshot":
            return [
                _candle(market, coin, t)
                for t in _grid(ask["req"]["startTime"], ask["req"]["endTime"], MINUTE_MS)
            ]
        raise LookupError(kind)

    def soft_failure(self) -> tuple[int, object]:
        return 200, "service unavailable"


def _grid(start: int, end: int, step: int) -> range:
    return range(-(-start // step) * step, end + 1, step)


def _trade(t: Trade, c: Contract, ts: int) -> dict[str, object]:
    tid = (t.last_id * 0x9E3779B97F4A7C15) % 2**50
    return {
        "coin": t.symbol,
        "side": "B" if t.taker_buy else "A",
        "px": str(t.ticks * c.tick),
        "sz": str(t.lots * c.lot),
        "time": ts,
        "hash": "0x0",
        "tid": tid,
        "users": [f"0x{t.last_id % 7:040x}", f"0x{t.last_id % 11 + 100:040x}"],
    }


def _context(market: Market, c: Contract) -> dict[str, object]:
    return {
        "funding": "0.0000125",
        "openInterest": str(2 * market.oi_lots(market.now_ms()) * c.lot),
        "oraclePx": str(c.start_ticks * c.tick),
        "markPx": str(c.start_ticks * c.tick),
        "midPx": None,
        "dayNtlVlm": "5",
        "dayBaseVlm": "1",
    }


def _candle(market: Market, coin: str, start: int) -> dict[str, object]:
    c = market.contracts[coin]
    o, h, low, close, lots = market.bar(coin, start)
    return {
        "t": start,
        "T": start + MINUTE_MS - 1,
        "s": coin,
        "i": "1m",
        "o": str(o * c.tick),
        "c": str(close * c.tick),
        "h": str(h * c.tick),
        "l": str(low * c.tick),
        "v": str(lots * c.lot),
        "n": 1,
    }
