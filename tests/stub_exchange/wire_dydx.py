"""The dYdX v4 indexer as the stub speaks it: trades a market, one channel for all markets, candles with open interest."""

# ruff: noqa: ARG002 -- a wire need not use all it is given

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.stub_exchange.market import HOUR_MS, MINUTE_MS, Contract, Event, Mark, Market, Print, Trade

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACTS = [
    Contract("BTC-USD", "BTC", Decimal(1), Decimal("0.0001"), start_ticks=50_000),
    Contract("ETH-USD", "ETH", Decimal("0.1"), Decimal("0.001"), start_ticks=30_000),
]
#: What the subscribed message repeats.
REPEATED = 100


def trade_id(symbol: str, number: int) -> str:
    """Return an event id as the indexer writes them: block height, transaction, event, 8 hex digits each."""
    return f"{number // 7 + 1:08x}{len(symbol):08x}{number:08x}"


class DydxWire:
    """Messages and answers."""

    def channels(self, request: str, path: str) -> set[str]:
        assert path == "/v4/ws", path
        message = json.loads(request)
        assert message["type"] == "subscribe"
        return {f"{message['channel']}:{message.get('id', '')}"}

    def reply(self, request: str) -> list[str]:
        return [json.dumps({"type": "connected", "connection_id": "stub", "message_id": 0})]

    def opening(self, channel: str, market: Market) -> str | None:
        kind, _, symbol = channel.partition(":")
        contents: object = {"markets": {}}
        if kind == "v4_trades":
            found = market.trades(symbol)[-REPEATED:]
            contents = {"trades": [_trade(t, market.contracts[symbol], t.ts_ms) for t in reversed(found)]}
        return json.dumps(_message("subscribed", kind, symbol, contents))

    def frame(self, event: Event, market: Market, shift_ms: int) -> tuple[str, str] | None:
        s, c, ts = event.symbol, market.contracts[event.symbol], event.ts_ms + shift_ms
        if isinstance(event, Trade):
            kind, symbol, contents = "v4_trades", s, {"trades": [_trade(event, c, ts)]}
        elif isinstance(event, Mark):
            oracle = {
                "oraclePrice": str(event.mark),
                "effectiveAt": _iso(ts),
                "effectiveAtHeight": "1",
                "marketId": 0,
            }
            kind, symbol = "v4_markets", ""
            oi = {"openInterest": str(event.oi_lots * c.lot)}
            contents = {"oraclePrices": {s: oracle}, "trading": {s: oi}}  # type: ignore[dict-item]
        elif isinstance(event, Print):
            kind, symbol = "v4_trades", s
            forced = {
                "id": trade_id(s, event.ts_ms % 10**6), "side": "SELL" if event.liquidated == "long" else "BUY",
                "size": str(event.lots * c.lot), "price": str(event.ticks * c.tick), "type": "DELEVERAGED",
                "createdAt": _iso(ts), "createdAtHeight": "1",
            }  # fmt: skip
            contents = {"trades": [dict[str, object](forced)]}
        else:
            return None
        return f"{kind}:{symbol}", json.dumps(_message("channel_data", kind, symbol, contents))

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Market) -> object:
        _, _, kind, *rest = path.split("/")
        symbol = rest[-1] if rest else ""
        if symbol and symbol not in market.contracts:
            return {"errors": [{"msg": f"ticker must be a valid ticker, got {symbol}"}]}
        limit = int(query.get("limit", 100))
        if kind == "time":
            return {"iso": _iso(market.now_ms()), "epoch": market.now_ms() / 1000}
        if kind == "perpetualMarkets":
            return {"markets": {c.symbol: _market(market, c) for c in market.contracts.values()}}
        c = market.contracts[symbol]
        if kind == "orderbooks":
            book = market.books[symbol]
            sides = {"bids": sorted(book.bids.items(), reverse=True), "asks": sorted(book.asks.items())}
            return {
                side: [{"price": str(p * c.tick), "size": str(q * c.lot)} for p, q in levels]
                for side, levels in sides.items()
            }
        if kind == "trades":
            until = _ms(query["createdBeforeOrAt"]) if "createdBeforeOrAt" in query else 2**60
            found = [t for t in reversed(market.trades(symbol)) if t.ts_ms <= until]
            return {"trades": [_trade(t, c, t.ts_ms) for t in found[:limit]]}
        if kind == "historicalFunding":
            last = _ms(query["effectiveBeforeOrAt"]) // HOUR_MS * HOUR_MS
            return {"historicalFunding": [
                {"ticker": symbol, "rate": market.funding_rate(t), "price": "1", "effectiveAt": _iso(t), "effectiveAtHeight": "1"}
                for t in range(last, last - limit * HOUR_MS, -HOUR_MS)
            ]}  # fmt: skip
        if kind == "candles":
            start, end = _ms(query["fromISO"]), _ms(query["toISO"])
            step = {"1MIN": MINUTE_MS, "5MINS": 5 * MINUTE_MS}[query["resolution"]]
            moments = range(-(-start // step) * step, end, step)
            return {
                "candles": [_candle(market, c, t, query["resolution"]) for t in reversed(moments)][:limit]
            }
        raise LookupError(path)

    def soft_failure(self) -> tuple[int, object]:
        return 200, {"errors": [{"msg": "Internal Server Error"}]}


def _message(kind: str, channel: str, symbol: str, contents: object) -> dict[str, object]:
    return {
        "type": kind,
        "connection_id": "stub",
        "message_id": 1,
        "channel": channel,
        "id": symbol,
        "contents": contents,
    }


def _iso(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _trade(t: Trade, c: Contract, ts: int) -> dict[str, object]:
    return {
        "id": trade_id(t.symbol, t.last_id),
        "side": "BUY" if t.taker_buy else "SELL",
        "size": str(t.lots * c.lot),
        "price": str(t.ticks * c.tick),
        "type": "LIMIT",
        "createdAt": _iso(ts),
        "createdAtHeight": "1",
    }


def _market(market: Market, c: Contract) -> dict[str, object]:
    return {
        "ticker": c.symbol,
        "status": "ACTIVE",
        "oraclePrice": str(c.start_ticks * c.tick),
        "nextFundingRate": "0.0000125",
        "volume24H": "5",
        "openInterest": str(market.oi_lots(market.now_ms()) * c.lot),
        "initialMarginFraction": "0.02",
        "maintenanceMarginFraction": "0.012",
        "tickSize": str(c.tick),
        "stepSize": str(c.lot),
    }


def _candle(market: Market, c: Contract, start: int, resolution: str) -> dict[str, object]:
    o, h, low, close, lots = market.bar(c.symbol, start)
    return {
        "startedAt": _iso(start),
        "ticker": c.symbol,
        "resolution": resolution,
        "open": str(o * c.tick),
        "high": str(h * c.tick),
        "low": str(low * c.tick),
        "close": str(close * c.tick),
        "baseTokenVolume": str(lots * c.lot),
        "usdVolume": "1",
        "trades": 1,
        "startingOpenInterest": str(market.oi_lots(start)),
    }
