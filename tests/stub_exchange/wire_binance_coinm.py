"""Binance COIN-M as the stub speaks it: the messages of USD-M with sizes in contracts, on one stream path, samples by pair."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.stub_exchange.market import Contract, Event, Market
from tests.stub_exchange.wire_binance import BinanceWire

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACTS = [
    Contract("BTCUSD_PERP", "BTC", Decimal("0.1"), Decimal(100), value=Decimal(100), inverse=True),
    Contract(
        "ETHUSD_PERP", "ETH", Decimal("0.01"), Decimal(10), Decimal(10), start_ticks=300_000, inverse=True
    ),
]


class InContracts:
    """The market with lots counted in contracts."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.contracts = {s: replace(c, lot=c.lot / c.value) for s, c in market.contracts.items()}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._market, name)


class BinanceCoinMWire(BinanceWire):
    """Messages and answers."""

    def channels(self, request: str, path: str) -> set[str]:
        assert path == "/stream", path
        return super().channels(request, "/market/stream")

    def frame(self, event: Event, market: Any, shift_ms: int) -> tuple[str, str] | None:
        return super().frame(event, InContracts(market), shift_ms)  # type: ignore[arg-type]

    def answer(self, path: str, query: Mapping[str, str], body: bytes, market: Any) -> object:
        if path == "/dapi/v1/exchangeInfo":
            return {"symbols": [_symbol(c) for c in market.contracts.values()]}
        if path == "/dapi/v1/fundingInfo":
            return []
        if path.startswith("/futures/data/"):
            assert "pair" in query
            assert "symbol" not in query
        pair = query.get("pair")
        asked = {**query, "symbol": f"{pair}_PERP"} if pair else dict(query)
        found: Any = super().answer(
            path.replace("/dapi/", "/fapi/"),
            asked,
            body,
            InContracts(market),  # type: ignore[arg-type]
        )
        if path.endswith("openInterestHist"):
            assert query["contractType"] == "PERPETUAL"
        if path.endswith("topLongShortPositionRatio"):
            return [
                {"pair": pair, "longPosition": r["longAccount"], "timestamp": r["timestamp"]} for r in found
            ]
        return found


def _symbol(c: Contract) -> dict[str, object]:
    return {
        "symbol": c.symbol,
        "pair": c.symbol.partition("_")[0],
        "contractStatus": "TRADING",
        "contractType": "PERPETUAL",
        "contractSize": int(c.value),
        "baseAsset": c.coin,
        "quoteAsset": "USD",
        "marginAsset": c.coin,
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": str(c.tick)},
            {"filterType": "LOT_SIZE", "stepSize": str(c.lot / c.value)},
        ],
    }
