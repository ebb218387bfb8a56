"""Binance USD-M as the stub speaks it."""

# ruff: noqa: ARG002 -- a wire need not use all it is given

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.stub_exchange.market import HOUR_MS, MINUTE_MS, Contract, Event, Mark, Market, Print, Trade

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONTRACTS = [
    Contract("BTCUSDT", "BTC", Decimal("0.1"), Decimal("0.001")),
    Contract("ETHUSDT", "ETH", Decimal("0.01"), Decimal("0.01"), start_ticks=300_000),
]


#: Where the public daily files lie, and the first day there is one of.
DAILY, FIRST_DAY = "/data/futures/um/daily/metrics/", "2020-09-01"


class BinanceWire:
    """Messages and answers."""

    def channels(self, request: str, path: str) -> set[str]:
        assert path in {"/public/stream", "/market/stream"}, path
        return set(json.loads(request)["params"])

    def reply(self, request: str) -> list[str]:
        return [json.dumps({"result": None, "id": json.loads(request)["id"]})]

    def opening(self, channel: str, market: Market) -> str | None:
        return None

    def frame(self, event: Event, market: Market, shift_ms: int) -> tuple[str, str] | None:
        name, c = event.symbol.lower(), market.contracts[event.symbol]
        ts = event.ts_ms + shift_ms
        if isinstance(event, Trade):
            channel = f"{name}@aggTrade"
            data: dict[str, object] = {
                "e": "aggTrade",
                "E": ts,
                "a": event.last_id,
                "s": event.symbol,
                "p": str(event.ticks * c.tick),
                "q": str(event.lots * c.lot),
                "f": event.last_id,
                "l": event.last_id,
                "T": ts,
                "m": not event.taker_buy,
            }
        elif isinstance(event, Mark):
            channel = f"{name}@markPrice@1s"
            data = {
                "e": "markPriceUpdate",
                "E": ts,
                "s": event.symbol,
                "p": str(event.mark),
                "i": str(event.index),
                "P": str(event.mark),
                "r": "0.00010000",
                "T": ts + HOUR_MS,
            }
        elif isinstance(event, Print):
            channel = "!forceOrder@arr"
            qty = str(event.lots * c.lot)
            order = {
                "s": event.symbol,
                "S": "SELL" if event.liquidated == "long" else "BUY",
                "o": "LIMIT",
                "f": "IOC",
                "q": qty,
                "p": str(event.ticks * c.tick),
                "ap": str(event.ticks * c.tick),
                "X": "FILLED",
                "l": qty,
                "z": qty,
                "T": ts,
            }
            data = {"e": "forceOrder", "E": ts, "o": order}
        else:
            channel = f"{name}@depth@100ms"
            data = {
                "e": "depthUpdate",
                "E": ts,
                "T": ts,
                "s": event.symbol,
                "U": event.first_id,
                "u": event.last_id,
                "pu": event.previous_id,
                "b": _levels(event.bids, c),
                "a": _levels(event.asks, c),
            }
        return channel, json.dumps({"stream": channel, "data": data})

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Market) -> object:
        if path.startswith(DAILY):
            return _daily_file(path, market)
        symbol = query.get("symbol", query.get("pair", ""))
        if symbol and symbol not in market.contracts:
            return {"code": -1121, "msg": "Invalid symbol."}
        start, end = int(query.get("startTime", 0)), int(query.get("endTime", 2**53))
        limit = int(query.get("limit", 500))
        handlers: dict[str, Callable[[], object]] = {
            "/fapi/v1/time": lambda: {"serverTime": market.now_ms()},
            "/fapi/v1/exchangeInfo": lambda: {"symbols": [_symbol(c) for c in market.contracts.values()]},
            "/fapi/v1/openInterest": lambda: {
                "symbol": symbol,
                "openInterest": str(market.oi_lots(market.now_ms())),
                "time": market.now_ms(),
            },
            "/fapi/v1/insuranceBalance": lambda: [
                {
                    "symbols": [c.symbol],
                    "assets": [{"asset": "USDT", "marginBalance": "1000.5", "updateTime": market.now_ms()}],
                }
                for c in market.contracts.values()
            ],
            "/fapi/v1/fundingInfo": lambda: [{"symbol": "ETHUSDT", "fundingIntervalHours": 1}],
            "/fapi/v1/klines": lambda: _klines(market, symbol, start, end, limit),
            "/fapi/v1/markPriceKlines": lambda: _klines(market, symbol, start, end, limit),
            "/fapi/v1/aggTrades": lambda: _agg_trades(market, symbol, query, limit),
            "/fapi/v1/depth": lambda: _depth(market, symbol),
            "/fapi/v1/fundingRate": lambda: [
                {"symbol": symbol, "fundingRate": market.funding_rate(t), "fundingTime": t, "markPrice": "1"}
                for t in _grid(start, end, 8 * HOUR_MS)
            ][:limit],
            "/futures/data/openInterestHist": lambda: [
                {
                    "symbol": symbol,
                    "sumOpenInterest": str(market.oi_lots(t)),
                    "sumOpenInterestValue": "1",
                    "timestamp": t,
                }
                for t in _grid(start, end, 5 * MINUTE_MS)
            ][-limit:],
        }
        for ratio in ("globalLongShortAccountRatio", "topLongShortAccountRatio", "topLongShortPositionRatio"):
            handlers[f"/futures/data/{ratio}"] = lambda: [
                {"symbol": symbol, "longAccount": market.long_share(t), "timestamp": t}
                for t in _grid(start, end, 5 * MINUTE_MS)
            ][-limit:]
        return handlers[path]()

    def soft_failure(self) -> tuple[int, object]:
        return 200, {"code": -1007, "msg": "Timeout waiting for response from backend server."}


def _levels(levels: tuple[tuple[int, int], ...], c: Contract) -> list[list[str]]:
    return [[str(ticks * c.tick), str(lots * c.lot)] for ticks, lots in levels]


def _grid(start: int, end: int, step: int) -> range:
    return range(-(-start // step) * step, end + 1, step)


def _symbol(c: Contract) -> dict[str, object]:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": str(c.tick)},
        {"filterType": "LOT_SIZE", "stepSize": str(c.lot)},
    ]
    return {
        "symbol": c.symbol,
        "status": "TRADING",
        "baseAsset": c.coin,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "filters": filters,
    }


def _klines(market: Market, symbol: str, start: int, end: int, limit: int) -> list[list[object]]:
    c, out = market.contracts[symbol], []
    for t in list(_grid(start, end, MINUTE_MS))[:limit]:
        o, h, low, close, lots = market.bar(symbol, t)
        prices = [str(x * c.tick) for x in (o, h, low, close)]
        out.append([t, *prices, str(lots * c.lot), t + MINUTE_MS - 1, "0", 1, "0", "0", "0"])
    return out


def _agg_trades(market: Market, symbol: str, query: Mapping[str, str], limit: int) -> list[dict[str, object]]:
    found, c = market.trades(symbol), market.contracts[symbol]
    if "fromId" in query:
        found = [t for t in found if t.last_id >= int(query["fromId"])][:limit]
    elif "startTime" in query:
        found = [t for t in found if int(query["startTime"]) <= t.ts_ms <= int(query["endTime"])][:limit]
    else:
        found = found[-limit:]
    return [
        {
            "a": t.last_id,
            "p": str(t.ticks * c.tick),
            "q": str(t.lots * c.lot),
            "f": t.last_id,
            "l": t.last_id,
            "T": t.ts_ms,
            "m": not t.taker_buy,
        }
        for t in found
    ]


def _depth(market: Market, symbol: str) -> dict[str, object]:
    book, c = market.books[symbol], market.contracts[symbol]
    bids = tuple(sorted(book.bids.items(), reverse=True))
    asks = tuple(sorted(book.asks.items()))
    ts = book.ts_ms or market.start_ms
    return {
        "lastUpdateId": book.last_id,
        "E": ts,
        "T": ts,
        "bids": _levels(bids, c),
        "asks": _levels(asks, c),
    }


def _daily_file(path: str, market: Market) -> bytes:
    """Return the ``metrics`` file of a day, or the text of its checksum."""
    name = path.removesuffix(".CHECKSUM").rsplit("/", 1)[-1]
    symbol, _, date = name.removesuffix(".zip").partition("-metrics-")
    if symbol not in market.contracts or date < FIRST_DAY:
        raise LookupError(path)
    begin = int(datetime.fromisoformat(f"{date}T00:00:00+00:00").timestamp()) * 1_000
    ratios = "count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
    lines = [f"create_time,symbol,sum_open_interest,sum_open_interest_value,{ratios}"]
    for t in range(begin + 5 * MINUTE_MS, begin + 24 * HOUR_MS + 1, 5 * MINUTE_MS):
        oi, moment = market.oi_lots(t), datetime.fromtimestamp(t / 1_000, UTC)
        lines.append(f"{moment:%Y-%m-%d %H:%M:%S},{symbol},{oi}.000,{oi * 50_000}.00,1.1,1.1,1.1,1.1")
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(
            zipfile.ZipInfo(name.replace(".zip", ".csv"), (2026, 1, 1, 0, 0, 0)), "\n".join(lines) + "\n"
        )
    if path.endswith(".CHECKSUM"):
        return f"{hashlib.sha256(held.getvalue()).hexdigest()}  {name}\n".encode()
    return held.getvalue()
