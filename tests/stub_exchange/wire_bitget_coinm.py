"""Bitget's unified account as the stub speaks it, for coin-margined futures: contracts of one USD, two amounts to a candle."""

# ruff: noqa: ARG002 -- a wire need not use all it is given

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from liqatlas.base.clock import now_ns
from tests.stub_exchange.market import HOUR_MS, MINUTE_MS, BookUpdate, Contract, Event, Market, Print, Trade
from tests.stub_exchange.wire_bitget import PAYMENT_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACTS = [
    Contract("BTCUSD_CM", "BTC", Decimal("0.1"), Decimal(1), inverse=True),
    Contract("ETHUSD_CM", "ETH", Decimal("0.01"), Decimal(1), start_ticks=300_000, inverse=True),
]
#: The most the venue gives of past trades.
RECENT_TRADES = 100


class BitgetCoinMWire:
    """Messages and answers; REST remembers ``recent_trades`` (the venue: 100). The rest lets amounts count another unit than documented."""

    def __init__(
        self,
        recent_trades: int = RECENT_TRADES,
        *,
        oi_in_coins: bool = False,
        volume_in: str = "coins",
        size_in: str = "usd",
    ) -> None:
        self.recent_trades = recent_trades
        self.oi_in_coins, self.volume_in, self.size_in = oi_in_coins, volume_in, size_in

    def channels(self, request: str, path: str) -> set[str]:
        assert path == "/v3/ws/public", path
        if request == "ping":
            return set()
        args = json.loads(request)["args"]
        assert all(a["instType"] == "coin-futures" for a in args)
        return {f"{a['topic']}:{a['symbol']}" for a in args}

    def reply(self, request: str) -> list[str]:
        if request == "ping":
            return ["pong"]
        args = json.loads(request)["args"]
        return [json.dumps({"event": "subscribe", "arg": a, "connId": "1"}) for a in args]

    def opening(self, channel: str, market: Market) -> str | None:
        return None

    @staticmethod
    def _message(channel: str, data: object, ts: int = 1) -> str:
        topic, _, symbol = channel.partition(":")
        arg = {"instType": "coin-futures", "topic": topic, "symbol": symbol}
        return json.dumps({"action": "snapshot", "arg": arg, "data": data, "ts": ts})

    @staticmethod
    def _book(market: Market, symbol: str, ts: int) -> dict[str, object]:
        book, c = market.books[symbol], market.contracts[symbol]
        sides = {"b": sorted(book.bids.items(), reverse=True), "a": sorted(book.asks.items())}
        levels = {s: [[str(p * c.tick), str(q * c.lot)] for p, q in found[:50]] for s, found in sides.items()}
        return {**levels, "pseq": 0, "seq": book.last_id, "ts": str(ts)}

    def _held(self, lots: int, price: Decimal) -> str:
        return f"{lots / price:.4f}" if self.oi_in_coins else str(lots)

    def _size(self, lots: int, price: Decimal) -> str:
        return str(lots) if self.size_in == "usd" else f"{lots / price:.6f}"

    def frame(self, event: Event, market: Market, shift_ms: int) -> tuple[str, str] | None:
        s, c, ts = event.symbol, market.contracts[event.symbol], event.ts_ms + shift_ms
        if isinstance(event, Print | BookUpdate):
            return None  # not read; books are polled
        if isinstance(event, Trade):
            price = event.ticks * c.tick
            channel, data = (
                f"publicTrade:{s}",
                {
                    "p": str(price), "v": self._size(event.lots, price), "S": "buy" if event.taker_buy else "sell", "T": str(ts),
                    "i": str(event.last_id), "isRPI": "no",
                },
            )  # fmt: skip
        else:
            channel = f"ticker:{s}"
            data = {
                "lastPrice": str(event.mark), "markPrice": str(event.mark), "indexPrice": str(event.index), "fundingRate": "0.0001",
                "openInterest": self._held(event.oi_lots, event.mark),
            }  # fmt: skip
        return channel, self._message(channel, [data], ts)

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Market) -> object:
        if path == "/api/v2/public/time":
            return _ok({"serverTime": str(market.now_ms())})
        assert query["category"] == "COIN-FUTURES"
        kind, symbol = path.removeprefix("/api/v3/market/"), query.get("symbol", "")
        if symbol and symbol not in market.contracts:
            return {"code": "40034", "msg": "Parameter does not exist", "data": None}
        if kind == "instruments":
            return _ok([_contract(c) for c in market.contracts.values()])
        if kind == "tickers":
            found = [c for c in market.contracts.values() if symbol in {"", c.symbol}]
            return _ok([self._ticker(market, c) for c in found])
        if kind == "position-tier":
            rows = [("1", "0", "100000", "125", "0.004"), ("2", "100000", "500000", "100", "0.005")]
            names = ("tier", "minTierValue", "maxTierValue", "leverage", "mmr")
            return _ok([dict(zip(names, row, strict=True)) for row in rows])
        return self._of_a_contract(kind, query, market)

    def _of_a_contract(self, kind: str, query: Mapping[str, str], market: Market) -> object:
        symbol, limit = query["symbol"], int(query.get("limit", "100"))
        c = market.contracts[symbol]
        if kind == "orderbook":
            assert limit <= 200
            book = self._book(market, symbol, market.now_ms())
            sides = {s: [[float(p), float(q)] for p, q in book[s]] for s in ("a", "b")}  # type: ignore[attr-defined]
            return _ok({**sides, "ts": book["ts"]})
        if kind == "fills":
            assert limit <= 100
            return _ok(
                [self._fill(t, c) for t in list(reversed(market.trades(symbol)))[: self.recent_trades]]
            )
        if kind == "candles":
            start, end = int(query["startTime"]), int(query["endTime"])
            assert limit <= 1000
            assert end - start <= 90 * 24 * HOUR_MS
            moments = range(-(-start // MINUTE_MS) * MINUTE_MS, end, MINUTE_MS)
            return _ok([self._bar(market, c, t) for t in moments][:limit])
        if kind == "history-fund-rate":
            page = int(query["cursor"])
            last = max(market.now_ms(), now_ns() // 10**6) // PAYMENT_MS * PAYMENT_MS
            paid = [last - i * PAYMENT_MS for i in range((page - 1) * limit, page * limit)]
            rows = [
                {"symbol": symbol, "fundingRate": market.funding_rate(t), "fundingRateTimestamp": str(t)}
                for t in paid
            ]
            return _ok({"resultList": rows})
        raise LookupError(kind)

    def _fill(self, t: Trade, c: Contract) -> dict[str, object]:
        price = t.ticks * c.tick
        return {
            "execId": str(t.last_id), "price": str(price), "size": self._size(t.lots, price), "ts": str(t.ts_ms),
            "side": "buy" if t.taker_buy else "sell", "isRPI": "no",
        }  # fmt: skip

    def _ticker(self, market: Market, c: Contract) -> dict[str, object]:
        price = c.start_ticks * c.tick
        return {
            "symbol": c.symbol, "category": "COIN-FUTURES", "ts": str(market.now_ms()), "lastPrice": str(price), "markPrice": str(price),
            "indexPrice": str(price), "fundingRate": "0.0001", "openInterest": self._held(market.oi_lots(market.now_ms()), price),
            "volume24h": "1", "turnover24h": str(price),
        }  # fmt: skip

    def _bar(self, market: Market, c: Contract, start: int) -> list[str]:
        o, h, low, close, lots = market.bar(c.symbol, start)
        usd = lots * c.lot
        coins = f"{usd / (close * c.tick):.8f}"
        amounts = {"coins": [coins, str(usd)], "usd": [str(usd), coins], "lots": [str(usd), str(usd)]}
        return [str(start), *(str(x * c.tick) for x in (o, h, low, close)), *amounts[self.volume_in]]

    def soft_failure(self) -> tuple[int, object]:
        return 200, {"code": "40725", "msg": "service return an error", "data": None}


def _ok(data: object) -> dict[str, object]:
    return {"code": "00000", "msg": "success", "requestTime": 1, "data": data}


def _contract(c: Contract) -> dict[str, object]:
    return {
        "symbol": c.symbol, "category": "COIN-FUTURES", "baseCoin": c.coin, "quoteCoin": "USD", "minOrderQty": "1", "minOrderAmount": "5",
        "pricePrecision": str(-int(c.tick.as_tuple().exponent)), "quantityPrecision": "0", "priceMultiplier": str(c.tick),
        "quantityMultiplier": str(c.lot), "type": "perpetual", "status": "online", "deliveryTime": "", "fundInterval": "8",
        "minLeverage": "1", "maxLeverage": "125", "symbolType": "crypto",
    }  # fmt: skip
