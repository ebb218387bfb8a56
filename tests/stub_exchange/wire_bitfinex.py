"""Bitfinex as the stub speaks it: arrays, channels by numbers told at subscription, a trade sent as te."""

# ruff: noqa: ARG002 -- a wire need not use all it is given

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.stub_exchange.market import MINUTE_MS, Contract, Event, Mark, Market, Print, Trade

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACTS = [
    Contract("tBTCF0:USTF0", "BTC", Decimal("0.01"), Decimal("0.0001"), start_ticks=5_000_000),
    Contract("tETHF0:USTF0", "ETH", Decimal("0.001"), Decimal("0.002"), start_ticks=3_000_001),
]
PREFIX = {"trades": "symbol", "status": "key"}


class BitfinexWire:
    """Messages and answers; a new number for every subscription, so that a client that mixes connections up reads nothing."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._next = 1_000

    def channels(self, request: str, path: str) -> set[str]:
        assert path == "/ws/2", path
        message = json.loads(request)
        return {f"{message['channel']}|{message[PREFIX[message['channel']]]}"}

    def reply(self, request: str) -> list[str]:
        message = json.loads(request)
        name = PREFIX[message["channel"]]
        channel = f"{message['channel']}|{message[name]}"
        self._next += 7
        self._numbers[channel] = self._next
        told = {
            "event": "subscribed",
            "channel": message["channel"],
            "chanId": self._next,
            name: message[name],
        }
        return [json.dumps(told), json.dumps([self._next, "hb"])]

    def opening(self, channel: str, market: Market) -> str | None:
        return None

    def frame(self, event: Event, market: Market, shift_ms: int) -> tuple[str, str] | None:
        s, c, ts = event.symbol, market.contracts[event.symbol], event.ts_ms + shift_ms
        if isinstance(event, Trade):
            channel = f"trades|{s}"
            body: list[object] = ["te", _trade(event, c, shift_ms)]
        elif isinstance(event, Mark):
            channel = f"status|deriv:{s}"
            body = [_status(ts, str(event.mark), str(event.index), str(event.oi_lots * c.lot))]
        elif isinstance(event, Print):
            channel = "status|liq:global"
            body = [_rows_of(event, c, ts)]
        else:
            return None
        return channel, json.dumps([self._numbers.get(channel, 0), *body])

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Market) -> object:
        start, end = int(query.get("start", 0)), int(query.get("end", 2**41))
        limit, newest = int(query.get("limit", 100)), query.get("sort") == "-1"
        parts = path.removeprefix("/v2/").split("/")
        if path == "/v2/platform/status":
            return [1]
        if path == "/v2/conf/pub:info:pair:futures":
            info = [
                [c.symbol[1:], [None, None, None, str(c.lot), "100", None, None, None, 0.01, None]]
                for c in market.contracts.values()
            ]
            return [info]
        if path == "/v2/tickers":
            return [
                [c.symbol, *_around(c), 0, 0, float(c.start_ticks * c.tick), 1000.0, 1.0, 1.0]
                for c in market.contracts.values()
            ] + [["tBTCUSD", 1, 1, 1, 1, 0, 0, 1, 1, 1, 1]]
        if path == "/v2/status/deriv":
            c = market.contracts[query["keys"]]
            price = str(c.start_ticks * c.tick)
            return [
                [
                    c.symbol,
                    *_status(market.now_ms(), price, price, str(market.oi_lots(market.now_ms()) * c.lot)),
                ]
            ]
        if parts[0] == "liquidations":
            prints = [
                e for e in market.events[: market.cursor] if isinstance(e, Print) and start <= e.ts_ms <= end
            ]
            rows = [[row] for p in prints for row in _rows_of(p, market.contracts[p.symbol], p.ts_ms)]
            return rows[:limit]
        symbol = (
            parts[1].split(":", 2)[2]
            if parts[0] == "candles"
            else parts[2]
            if parts[0] == "status"
            else parts[1]
        )
        if symbol not in market.contracts:
            return ["error", 10020, "symbol: invalid"]
        c = market.contracts[symbol]
        if parts[0] == "book":
            book = market.books[symbol]
            return [
                [float(t * c.tick), 1, float(n * c.lot)] for t, n in sorted(book.bids.items(), reverse=True)
            ] + [[float(t * c.tick), 1, -float(n * c.lot)] for t, n in sorted(book.asks.items())]
        if parts[0] == "trades":
            found = [t for t in market.trades(symbol) if start <= t.ts_ms <= end]
            return [_trade(t, c, 0) for t in (found[::-1] if newest else found)[:limit]]
        if parts[0] == "status":
            grid = range(-(-start // (5 * MINUTE_MS)) * 5 * MINUTE_MS, end + 1, 5 * MINUTE_MS)
            return [_status(t, "50000", "50000", str(market.oi_lots(t))) for t in grid][:limit]
        if parts[0] == "candles":
            out = []
            for t in range(-(-start // MINUTE_MS) * MINUTE_MS, end + 1, MINUTE_MS):
                o, h, low, close, lots = market.bar(symbol, t)
                out.append([t, *(float(x * c.tick) for x in (o, close, h, low)), float(lots * c.lot)])
            return out[:limit]
        raise LookupError(path)

    def soft_failure(self) -> tuple[int, object]:
        return 200, ["error", 20060, "maintenance"]


def _trade(t: Trade, c: Contract, shift_ms: int) -> list[object]:
    amount = float(t.lots * c.lot) * (1 if t.taker_buy else -1)
    return [t.last_id, t.ts_ms + shift_ms, amount, float(t.ticks * c.tick)]


def _status(ts: int, mark: str, index: str, interest: str) -> list[object]:
    row: list[object] = [None] * 23
    row[0], row[3], row[11], row[14], row[17] = ts, float(index), 0.0001, float(mark), float(interest)
    return row


def _rows_of(p: Print, c: Contract, ts: int) -> list[list[object]]:
    """Return a liquidation as the venue writes it: a trigger, then its execution."""
    amount = float(p.lots * c.lot) * (1 if p.liquidated == "long" else -1)
    base = ["pos", 1, ts, None, p.symbol, amount, 1.0, None]
    return [[*base, 0, 0, None, None], [*base, 1, 1, None, float(p.ticks * c.tick)]]


def _around(c: Contract) -> tuple[float, float, float, float]:
    price = float(c.start_ticks * c.tick)
    return price, 1.0, price, 1.0
