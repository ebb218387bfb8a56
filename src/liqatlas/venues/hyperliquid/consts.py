"""Hyperliquid: addresses, limits, names. Read 2026-11-22 from https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api."""

from __future__ import annotations

from liqatlas.venues.budget import Quota
from liqatlas.venues.capability import Capabilities, VenueCapabilities
from liqatlas.venues.subscriptions import Heartbeat, Hosts

HOSTS = Hosts(rest="https://api.hyperliquid.xyz", stream="wss://api.hyperliquid.xyz")
STREAM_PATH = "/ws"
#: 1,200 a minute and address; some answers weigh more by their length.
#: https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/rate-limits-and-user-limits
QUOTAS = (Quota("weight", 1200, 60),)
LIGHT, ORDINARY = 2, 20
#: The server hangs up after 60 s in which it sent nothing; a ping is answered.
HEARTBEAT = Heartbeat(text='{"method":"ping"}', every_s=30, dead_after_s=70)
SUBSCRIPTIONS_PER_CONNECTION = 900
#: Candles: the latest 5,000 of a size. Funding: 500 an answer.
BARS_REACH = 5000
BARS_PER_PAGE = 2000
PAYMENTS_PER_PAGE = 500
INTERVALS = {
    "1m": "1m",
    "3m": "3m",
    "5m": "5m",
    "15m": "15m",
    "30m": "30m",
    "1h": "1h",
    "2h": "2h",
    "4h": "4h",
    "1d": "1d",
}

CAPABILITIES = VenueCapabilities(
    venue="hyperliquid",
    capabilities=Capabilities(
        trades="live", klines="both", mark="live", open_interest="live", open_interest_history="none", funding="both",
        long_short_ratio="none", tiers="live", book="live", liquidations="none",
    ),
    liquidations_censoring="no public feed; a fill says so only to its own user, node operators see all",
    source="https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/websocket/subscriptions",
    read_on="2026-11-22",
)  # fmt: skip
