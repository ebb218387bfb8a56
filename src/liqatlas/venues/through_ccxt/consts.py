"""What every exchange behind ccxt has in common: names, page sizes, what is offered. Imports neither ccxt nor the network library."""

from __future__ import annotations

from liqatlas.venues.capability import Capabilities, VenueCapabilities
from liqatlas.venues.subscriptions import Heartbeat

#: A key of such a venue is ``ccxt:`` and ccxt's own name of the exchange, such as ``ccxt:krakenfutures``.
PREFIX = "ccxt:"
SOURCE = "https://docs.ccxt.com/#/README"
READ_ON = "2026-11-22"
#: ccxt keeps its sockets awake itself; silence is told by ours.
HEARTBEAT = Heartbeat(text=None, every_s=20, dead_after_s=60)
SILENT_AFTER_S = 60.0
TRADES_PER_PAGE = 1000
BARS_PER_PAGE = 500
SAMPLES_PER_PAGE = 100
#: Hours of payments a page spans, and how far before it is asked: hourly ones then still fit in 100.
PAYMENTS_PER_PAGE, PAYMENTS_LEAD_MS = 72, 24 * 3_600_000
#: Trades ccxt keeps between two looks at its stream; its own default of 1,000 overflows sooner.
STREAM_CACHE = 50_000
#: Kinds of markets asked for, where an exchange lets it be chosen: contracts alone, options and spot never.
OPTIONS: dict[str, dict[str, object]] = {
    "bybit": {"fetchMarkets": {"types": ["linear", "inverse"]}},
    "okx": {"fetchMarkets": {"types": ["swap", "future"]}},
    "gate": {"fetchMarkets": {"types": ["swap", "future"]}},
    "binance": {"fetchMarkets": {"types": ["linear", "inverse"]}},
    "kucoin": {"fetchMarkets": {"types": ["contract"]}},
    "htx": {"fetchMarkets": {"types": {"spot": False, "linear": True, "inverse": True}}},
    "mexc": {"fetchMarkets": {"types": {"spot": False, "swap": {"linear": True, "inverse": False}}}},
}
CENSORING = (
    "none offered: ccxt does not say whose side, which price and which size a liquidation carries. Trades: its stream "
    "drops some under load; what it parsed and did not hand on is counted and asked for again"
)


def capabilities_of(key: str, has: dict[str, object]) -> VenueCapabilities:
    """Return what one exchange gives, from ccxt's own table ``has`` of its unified methods (``emulated`` is no offer)."""

    def there(name: str) -> bool:
        return has.get(name) is True

    history = "history" if there("fetchOpenInterestHistory") else "none"
    settled, running = there("fetchFundingRateHistory"), there("fetchFundingRate")
    return VenueCapabilities(
        venue=key,
        capabilities=Capabilities(
            trades="live" if there("watchTrades") else "none",
            klines="history" if there("fetchOHLCV") else "none",
            mark="live" if there("fetchMarkPrice") or there("fetchFundingRate") else "none",
            open_interest="live" if there("fetchOpenInterest") else "none",
            open_interest_history=history,  # type: ignore[arg-type]  # one of the four words
            funding="both"
            if settled and running
            else "history"
            if settled
            else "live"
            if running
            else "none",
            long_short_ratio="none",
            tiers="live" if there("fetchMarketLeverageTiers") or there("fetchLeverageTiers") else "none",
            book="live" if there("fetchOrderBook") else "none",
            liquidations="none",
        ),
        liquidations_censoring=CENSORING,
        source=SOURCE,
        read_on=READ_ON,
    )
