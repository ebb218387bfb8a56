"""ccxt, written by others, asks the stub and reads the same trades, prices, sizes and sides as we do.

ccxt pins its own dependencies and lives in an environment of its own; without it this file is skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from liqatlas.base.clock import MINUTE_NS, NS_PER_MS
from liqatlas.venues.bybit.parse import trade_number
from tests.stub_exchange.faults import Schedule
from tests.stub_exchange.session import CONTRACTS, asking, market_of

if TYPE_CHECKING:
    from tests.stub_exchange.market import Contract
    from tests.stub_exchange.server import StubExchange

ccxt: Any = pytest.importorskip(
    "ccxt.async_support", reason="ccxt is an extra with an environment of its own: pip install 'ccxt>=4.5.87'"
)
NAMES = {"binance": "binanceusdm", "bybit": "bybit", "okx": "okx", "hyperliquid": "hyperliquid"}


def foreign_client(key: str, exchange: StubExchange, contract: Contract) -> Any:
    """Return ccxt's client, told where the stub is and of one contract."""
    client = getattr(ccxt, NAMES[key])({"enableRateLimit": False})
    urls = client.urls["api"]
    if key == "binance":
        urls["fapiPublic"] = f"{exchange.rest_url}/fapi/v1"
    elif key == "okx":
        urls["rest"] = exchange.rest_url
    else:
        urls["public"] = exchange.rest_url
    settle = "USDC" if key == "hyperliquid" else "USDT"
    market = client.safe_market_structure(
        {
            "id": "0" if key == "hyperliquid" else contract.symbol, "symbol": f"BTC/{settle}:{settle}", "base": "BTC",
            "baseName": "BTC", "quote": settle, "settle": settle, "baseId": "BTC", "quoteId": settle, "settleId": settle,
            "type": "swap", "swap": True, "spot": False, "contract": True, "linear": True, "inverse": False,
            "contractSize": float(contract.value), "active": True,
            "precision": {"price": float(contract.tick), "amount": float(contract.lot / contract.value)},
        }
    )  # fmt: skip
    client.set_markets([market])
    return client


@pytest.mark.parametrize("key", ["binance", "bybit", "okx"])
async def test_ccxt_reads_the_same_trades(key: str) -> None:
    market = market_of(key)
    while market.advance():
        pass
    contract = CONTRACTS[key][0]
    async with asking(key, Schedule(), market=market) as (client, exchange):
        foreign = foreign_client(key, exchange, contract)
        try:
            params = {"method": "publicGetMarketHistoryTrades"} if key == "okx" else {}
            theirs = await foreign.fetch_trades("BTC/USDT:USDT", limit=100, params=params)
        finally:
            await foreign.close()
        ours = (await client.missing_trades(contract.symbol, None, None)).of("trades", contract.symbol)
    by_id = {row[4]: row for row in ours}
    assert len(theirs) == 100
    for trade in theirs:
        number = trade_number(trade["id"]) if key == "bybit" else int(trade["id"])
        ts, ticks, quantity, taker_buy, _ = by_id[number]
        assert trade["timestamp"] * NS_PER_MS == ts
        assert trade["price"] == pytest.approx(ticks * float(contract.tick))  # type: ignore[operator]
        assert trade["amount"] * float(contract.value) == pytest.approx(quantity)
        assert trade["side"] == ("buy" if taker_buy else "sell")


async def test_ccxt_reads_the_same_candles_of_hyperliquid() -> None:
    from liqatlas.base.clock import now_ns

    start = (now_ns() // MINUTE_NS - 30) * MINUTE_NS
    contract = CONTRACTS["hyperliquid"][0]
    async with asking("hyperliquid", Schedule()) as (client, exchange):
        foreign = foreign_client("hyperliquid", exchange, contract)
        try:
            theirs = await foreign.fetch_ohlcv("BTC/USDC:USDC", "1m", since=start // NS_PER_MS, limit=20)
        finally:
            await foreign.close()
        pages = client.history("bars", "BTC", start, start + 20 * MINUTE_NS)
        ours = [row async for page in pages for row in page.of("bars")]
    assert len(ours) == 20
    theirs = theirs[:20]
    assert [(bar[0] * NS_PER_MS, *bar[1:]) for bar in theirs] == [(row[0], *row[2:7]) for row in ours]
