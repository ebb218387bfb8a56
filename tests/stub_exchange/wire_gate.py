"""Gate as the stub speaks it: signed contracts, seconds at REST, books joined by id."""

# ruff: noqa: ARG002 -- a wire need not use all it is given

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.stub_exchange.market import HOUR_MS, MINUTE_MS, Contract, Event, Mark, Market, Print, Trade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONTRACTS = [
    Contract("BTC_USDT", "BTC", Decimal("0.1"), Decimal("0.0001"), value=Decimal("0.0001")),
    Contract("BTC_USD", "BTC", Decimal("0.1"), Decimal(1), value=Decimal(1), inverse=True),
]


class GateWire:
    """Messages and answers."""

    def channels(self, request: str, path: str) -> set[str]:
        message = json.loads(request)
        if message["channel"] == "futures.ping":
            return set()
        settle = path.rpartition("/")[2]
        names = [n for n in message["payload"] if n == "!all" or "_" in n]
        assert all(n == "!all" or n.endswith("_USD") == (settle == "btc") for n in names), (path, names)
        # The channel of all contracts exists once per settlement currency.
        return {
            f"{message['channel']}:{settle if n == '!all' else n}"
            for n in names[: 1 if "book" in message["channel"] else None]
        }

    def reply(self, request: str) -> list[str]:
        message = json.loads(request)
        if message["channel"] == "futures.ping":
            return ['{"time":1,"channel":"futures.pong","event":"","result":null}']
        answer = {
            "time": 1,
            "channel": message["channel"],
            "event": "subscribe",
            "error": None,
            "result": {"status": "success"},
        }
        return [json.dumps(answer)]

    def opening(self, channel: str, market: Market) -> str | None:
        return None

    def frame(self, event: Event, market: Market, shift_ms: int) -> tuple[str, str] | None:
        s, c, ts = event.symbol, market.contracts[event.symbol], event.ts_ms + shift_ms
        target, result = s, object()
        if isinstance(event, Trade):
            channel = "futures.trades"
            result = [{
                "size": _signed(event, c), "id": event.last_id, "create_time": ts // 1000, "create_time_ms": ts,
                "price": str(event.ticks * c.tick), "contract": s, "is_internal": False,
            }]  # fmt: skip
        elif isinstance(event, Mark):
            channel = "futures.tickers"
            result = [{
                "contract": s, "last": str(event.mark), "mark_price": str(event.mark), "index_price": str(event.index),
                "funding_rate": "0.0001", "total_size": str(int(event.oi_lots * c.lot / c.value)),
            }]  # fmt: skip
        elif isinstance(event, Print):
            channel, target = "futures.public_liquidates", "btc" if s.endswith("_USD") else "usdt"
            contracts = int(event.lots * c.lot / c.value)
            size = -contracts if event.liquidated == "long" else contracts
            result = [{"price": str(event.ticks * c.tick), "size": size, "time": ts, "contract": s}]
        else:
            channel = "futures.order_book_update"
            result = {
                "t": ts, "s": s, "U": event.first_id, "u": event.last_id, "b": _levels(event.bids, c), "a": _levels(event.asks, c),
            }  # fmt: skip
        message = {"time": ts // 1000, "time_ms": ts, "channel": channel, "event": "update", "result": result}
        return f"{channel}:{target}", json.dumps(message)

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Market) -> object:
        if path == "/api/v4/spot/time":
            return {"server_time": market.now_ms()}
        _, _, _, _, settle, kind = path.split("/")
        symbol = query.get("contract", "").removeprefix("mark_")
        if symbol and symbol not in market.contracts:
            return {"label": "CONTRACT_NOT_FOUND", "message": "contract not found"}
        start, end = int(query.get("from", 0)) * 1000, int(query.get("to", 2**50)) * 1000
        limit = int(query.get("limit", 100))
        mine = [c for c in market.contracts.values() if (settle == "btc") == c.symbol.endswith("_USD")]
        if kind == "contracts":
            return [_contract(c) for c in mine]
        if kind == "tickers":
            return [_ticker(market, c) for c in mine if symbol in {"", c.symbol}]
        c = market.contracts[symbol]
        if kind == "order_book":
            book = market.books[symbol]
            bids, asks = sorted(book.bids.items(), reverse=True), sorted(book.asks.items())
            return {
                "id": book.last_id, "current": market.now_ms() / 1000, "update": (book.ts_ms or market.start_ms) / 1000,
                "bids": _levels(bids, c), "asks": _levels(asks, c),
            }  # fmt: skip
        if kind == "trades":
            found = [t for t in reversed(market.trades(symbol)) if start <= t.ts_ms <= end]
            offset = int(query.get("offset", 0))
            return [_trade(t, c) for t in found[offset : offset + limit]]
        if kind == "candlesticks":
            assert (end - start) / MINUTE_MS < 2000
            return [_bar(market, c, t, "mark_" in query["contract"]) for t in _grid(start, end, MINUTE_MS)]
        if kind == "funding_rate":
            return [
                {"t": t // 1000, "r": market.funding_rate(t)}
                for t in reversed(_grid(start, end, 8 * HOUR_MS))
            ][:limit]
        if kind == "contract_stats":
            return [_stats(market, t) for t in _grid(start, start + limit * 5 * MINUTE_MS - 1, 5 * MINUTE_MS)]
        if kind == "liq_orders":
            assert end - start <= HOUR_MS
            return []
        raise LookupError(path)

    def soft_failure(self) -> tuple[int, object]:
        return 200, {"label": "SERVER_ERROR", "message": "try again"}


def _signed(t: Trade, c: Contract) -> int:
    contracts = int(t.lots * c.lot / c.value)
    return contracts if t.taker_buy else -contracts


def _levels(levels: Iterable[tuple[int, int]], c: Contract) -> list[dict[str, object]]:
    return [{"p": str(ticks * c.tick), "s": int(lots * c.lot / c.value)} for ticks, lots in levels]


def _grid(start: int, end: int, step: int) -> range:
    return range(-(-start // step) * step, end + 1, step)


def _contract(c: Contract) -> dict[str, object]:
    return {
        "name": c.symbol,
        "type": "inverse" if c.inverse else "direct",
        "quanto_multiplier": "0" if c.inverse else str(c.value),
        "order_price_round": str(c.tick),
        "funding_interval": 28800,
        "in_delisting": False,
        "order_size_min": 1,
    }


def _ticker(market: Market, c: Contract) -> dict[str, object]:
    price = str(c.start_ticks * c.tick)
    return {
        "contract": c.symbol,
        "last": price,
        "mark_price": price,
        "index_price": price,
        "funding_rate": "0.0001",
        "total_size": str(market.oi_lots(market.now_ms())),
    }


def _trade(t: Trade, c: Contract) -> dict[str, object]:
    return {
        "id": t.last_id,
        "size": _signed(t, c),
        "price": str(t.ticks * c.tick),
        "create_time": t.ts_ms / 1000,
        "create_time_ms": t.ts_ms / 1000,
        "contract": t.symbol,
    }


def _bar(market: Market, c: Contract, start: int, mark: bool) -> dict[str, object]:
    o, h, low, close, lots = market.bar(c.symbol, start)
    bar: dict[str, object] = {
        "t": start // 1000,
        "o": str(o * c.tick),
        "h": str(h * c.tick),
        "l": str(low * c.tick),
        "c": str(close * c.tick),
    }
    return bar if mark else bar | {"v": int(lots * c.lot / c.value)}


def _stats(market: Market, t: int) -> dict[str, object]:
    share = float(market.long_share(t))
    return {
        "time": t // 1000,
        "open_interest": market.oi_lots(t),
        "open_interest_usd": 1.0,
        "lsr_account": share / (1 - share),
    }
