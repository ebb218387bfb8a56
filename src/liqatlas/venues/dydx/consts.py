"""dYdX v4 indexer: addresses, limits, names. Read 2026-11-22 from https://docs.dydx.exchange/api_integration-indexer."""

from __future__ import annotations

from liqatlas.venues.budget import Quota
from liqatlas.venues.capability import Capabilities, VenueCapabilities
from liqatlas.venues.subscriptions import Heartbeat, Hosts

HOSTS = Hosts(rest="https://indexer.dydx.trade", stream="wss://indexer.dydx.trade")
STREAM_PATH = "/v4/ws"
#: 100 requests in 10 s and address: rate limits of the indexer (``comlink``, GET requests).
QUOTAS = (Quota("requests", 100, 10),)
#: The server pings every 30 s and wants a pong within 10; the protocol layer answers.
HEARTBEAT = Heartbeat(text=None, every_s=30, dead_after_s=90)
#: Channel ids of one kind a connection may carry.
SUBSCRIPTIONS_PER_CONNECTION = 32
ROWS_PER_PAGE = 1000
#: Payments and predicted rates are per hour: the indexer divides the protocol's 8-hour rate by 8.
FUNDING_INTERVAL_H = 1.0
RESOLUTIONS = {"1m": "1MIN", "5m": "5MINS", "15m": "15MINS", "30m": "30MINS", "1h": "1HOUR", "4h": "4HOURS", "1d": "1DAY"}  # fmt: skip

CAPABILITIES = VenueCapabilities(
    venue="dydx",
    capabilities=Capabilities(
        trades="both", klines="history", mark="live", open_interest="live", open_interest_history="history", funding="both",
        long_short_ratio="none", tiers="live", book="live", liquidations="live",
    ),
    liquidations_censoring="none: the trades feed marks every liquidation fill (LIQUIDATED) and every deleveraging (DELEVERAGED)",
    source="https://docs.dydx.exchange/api_integration-indexer/indexer_websocket",
    read_on="2026-11-22",
)  # fmt: skip
