"""OKX v5 as the stub speaks it: sizes in contracts, trades aggregated per taker order and price."""

# ruff: noqa: ARG002 -- a wire need not use all it is given

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.stub_exchange.market import HOUR_MS, MINUTE_MS, Contract, Event, Mark, Market, Print, Trade

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONTRACTS = [
    Contract("BTC-USDT-SWAP", "BTC", Decimal("0.1"), Decimal("0.0001"), Decimal("0.01")),
    Contract("BTC-USD-SWAP", "BTC", Decimal("0.1"), Decimal(100), Decimal(100), inverse=True),
]


def _size(lots: int, c: Contract) -> str:
    """Return lots as contracts."""
    return str(lots * c.lot / c.value)


class OkxWire:
    """Messages and answers."""

    def channels(self, request: str, path: str) -> set[str]:
        assert path in {"/ws/v5/public", "/ws/v5/business"}, path
        if request == "ping":
            return set()
        return {f"{a['channel']}:{a.get('instId') or a.get('instType')}" for a in json.loads(request)["args"]}

    def reply(self, request: str) -> list[str]:
        if request == "ping":
            return ["pong"]
        return [
            json.dumps({"event": "subscribe", "arg": a, "connId": "stub"})
            for a in json.loads(request)["args"]
        ]

    def opening(self, channel: str, market: Market) -> str | None:
        name, _, symbol = channel.partition(":")
        if name != "books":
            return None
        book = market.books[symbol]
        data = self._book(market, symbol) | {"checksum": 0, "prevSeqId": -1, "seqId": book.last_id}
        return json.dumps(
            {"arg": {"channel": "books", "instId": symbol}, "action": "snapshot", "data": [data]}
        )

    @staticmethod
    def _book(market: Market, symbol: str) -> dict[str, object]:
        book, c = market.books[symbol], market.contracts[symbol]
        return {
            "bids": _levels(sorted(book.bids.items(), reverse=True), c),
            "asks": _levels(sorted(book.asks.items()), c),
            "ts": str(book.ts_ms or market.start_ms),
        }

    def frame(self, event: Event, market: Market, shift_ms: int) -> tuple[str, str] | None:
        s, c, ts = event.symbol, market.contracts[event.symbol], str(event.ts_ms + shift_ms)
        message: dict[str, object] = {}
        data: dict[str, object]
        if isinstance(event, Trade):
            channel = "trades"
            data = {
                "instId": s,
                "tradeId": str(event.last_id),
                "px": str(event.ticks * c.tick),
                "sz": _size(event.lots, c),
                "side": "buy" if event.taker_buy else "sell",
                "ts": ts,
                "count": str(event.ids),
                "source": "0",
                "seqId": 1,
            }
        elif isinstance(event, Mark):
            channel = "mark-price"
            data = {"instType": "SWAP", "instId": s, "markPx": str(event.mark), "ts": ts}
        elif isinstance(event, Print):
            detail = {
                "bkLoss": "0",
                "bkPx": str(event.ticks * c.tick),
                "ccy": "",
                "posSide": event.liquidated,
                "side": "sell" if event.liquidated == "long" else "buy",
                "sz": _size(event.lots, c),
                "ts": ts,
            }
            whole = {
                "arg": {"channel": "liquidation-orders", "instType": "SWAP"},
                "data": [
                    {
                        "details": [detail],
                        "instFamily": s[:-5],
                        "instId": s,
                        "instType": "SWAP",
                        "uly": s[:-5],
                    }
                ],
            }
            return "liquidation-orders:SWAP", json.dumps(whole)
        else:
            channel, message = "books", {"action": "update"}
            data = {
                "asks": _levels(event.asks, c),
                "bids": _levels(event.bids, c),
                "ts": ts,
                "checksum": 0,
                "prevSeqId": event.previous_id,
                "seqId": event.last_id,
            }
        return f"{channel}:{s}", json.dumps(
            {"arg": {"channel": channel, "instId": s}, **message, "data": [data]}
        )

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Market) -> object:
        symbol = query.get("instId", "")
        if symbol and symbol not in market.contracts:
            return {"code": "51001", "msg": "Instrument ID does not exist", "data": []}
        after, before = int(query.get("after", 2**53)), int(query.get("before", -1))
        limit = int(query.get("limit", 100))
        span = (int(query.get("begin", before)), int(query.get("end", after)))
        handlers: dict[str, Callable[[], object]] = {
            "/api/v5/public/time": lambda: [{"ts": str(market.now_ms())}],
            "/api/v5/public/instruments": lambda: [
                _contract(c) for c in market.contracts.values() if query["instType"] == "SWAP"
            ],
            "/api/v5/market/history-candles": lambda: _candles(market, symbol, before, after)[:limit],
            "/api/v5/market/history-mark-price-candles": lambda: [
                [*k[:5], k[-1]] for k in _candles(market, symbol, before, after)
            ][:limit],
            "/api/v5/market/history-trades": lambda: _fills(market, symbol, query, limit),
            "/api/v5/market/books": lambda: [
                self._book(market, symbol) | {"seqId": market.books[symbol].last_id}
            ],
            "/api/v5/rubik/stat/contracts/open-interest-history": lambda: [
                [str(t), str(market.oi_lots(t)), "0", "0"] for t in _newest_first(*span, 5 * MINUTE_MS)
            ][:limit],
            "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract": lambda: [
                [str(t), str(float(market.long_share(t)) / (1 - float(market.long_share(t))))]
                for t in _newest_first(*span, 5 * MINUTE_MS)
            ][:limit],
            "/api/v5/public/funding-rate-history": lambda: [
                {
                    "instType": "SWAP",
                    "instId": symbol,
                    "fundingRate": "0",
                    "realizedRate": market.funding_rate(t),
                    "fundingTime": str(t),
                }
                for t in _newest_first(before, after, 8 * HOUR_MS)
            ][:limit],
        }
        return {"code": "0", "msg": "", "data": handlers[path]()}

    def soft_failure(self) -> tuple[int, object]:
        return 200, {"code": "50026", "msg": "System error. Try again later", "data": []}


def _levels(levels: list[tuple[int, int]] | tuple[tuple[int, int], ...], c: Contract) -> list[list[str]]:
    return [[str(ticks * c.tick), _size(lots, c), "0", "1"] for ticks, lots in levels]


def _newest_first(before: int, after: int, step: int) -> list[int]:
    """Return grid moments strictly between, newest first."""
    return list(range(-(-(before + 1) // step) * step, after, step))[::-1]


def _contract(c: Contract) -> dict[str, str]:
    return {
        "instId": c.symbol,
        "instFamily": c.symbol[:-5],
        "ctVal": str(c.value),
        "ctMult": "1",
        "ctValCcy": "USD" if c.inverse else c.coin,
        "ctType": "inverse" if c.inverse else "linear",
        "settleCcy": c.coin if c.inverse else "USDT",
        "tickSz": str(c.tick),
        "lotSz": str(c.lot / c.value),
        "state": "live",
        "listTime": "1569398400000",
        "expTime": "",
        "uly": c.symbol[:-5],
        "instType": "SWAP",
    }


def _candles(market: Market, symbol: str, before: int, after: int) -> list[list[str]]:
    c, out = market.contracts[symbol], []
    for t in _newest_first(before, after, MINUTE_MS):
        o, h, low, close, lots = market.bar(symbol, t)
        out.append([str(t), *(str(x * c.tick) for x in (o, h, low, close)), _size(lots, c), "0", "0", "1"])
    return out


def _fills(market: Market, symbol: str, query: Mapping[str, str], limit: int) -> list[dict[str, str]]:
    """Return single fills newest first: an aggregate's first fills are one lot each, its last one the rest."""
    c, out = market.contracts[symbol], []
    by_id = query.get("type", "1") == "1"
    edge = int(query.get("after", 2**53))
    for t in reversed(market.trades(symbol)):
        for k in range(t.ids):
            number = t.last_id - k
            if (number if by_id else t.ts_ms) < edge:
                lots = t.lots - (t.ids - 1) if k == 0 else 1
                out.append(
                    {
                        "instId": symbol,
                        "side": "buy" if t.taker_buy else "sell",
                        "sz": _size(lots, c),
                        "px": str(t.ticks * c.tick),
                        "tradeId": str(number),
                        "ts": str(t.ts_ms),
                    }
                )
                if len(out) == limit:
                    return out
    return out
