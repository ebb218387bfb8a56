"""Bitfinex derivatives: addresses, limits, names. Read 2026-11-22 from https://docs.bitfinex.com/docs and …/reference."""

from __future__ import annotations

from liqatlas.venues.budget import Quota
from liqatlas.venues.capability import Capabilities, VenueCapabilities
from liqatlas.venues.subscriptions import Heartbeat, Hosts

HOSTS = Hosts(rest="https://api-pub.bitfinex.com", stream="wss://api-pub.bitfinex.com")
ROOT = "/v2"
STREAM_PATH = "/ws/2"
#: Limits stand on each endpoint's page: 3 a minute for liquidations, 15 for trades, 30 for candles and the rest, 90 for status.
QUOTAS = (
    Quota("liquidations", 3, 60, burst=0.5), Quota("trades", 15, 60), Quota("requests", 30, 60), Quota("status", 90, 60),
)  # fmt: skip
#: Each channel sends ``hb`` after 15 s without data; the protocol's own pings keep watch.
HEARTBEAT = Heartbeat(text=None, every_s=15, dead_after_s=45)
#: 25 by older pages, 30 by newer ones.
CHANNELS_PER_CONNECTION = 25
BARS_PER_PAGE = 1440
TRADES_PER_PAGE = 10_000
SAMPLES_PER_PAGE = 5000
PRINTS_PER_PAGE = 500
BOOK_LEVELS = 100
POLLED_LEVELS = 50
INTERVALS = {"1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1h", "1d": "1D"}
UNKNOWN_CODES, LIMIT_CODES, MAINTENANCE = frozenset({10020}), frozenset({11010}), 20060

CAPABILITIES = VenueCapabilities(
    venue="bitfinex",
    capabilities=Capabilities(
        trades="both", klines="history", mark="both", open_interest="both", open_interest_history="history", funding="live",
        long_short_ratio="none", tiers="unknown", book="live", liquidations="both",
    ),
    liquidations_censoring="none documented; several rows stand for one liquidation: a trigger and its executions, of which only those "
    "sold into the market are prints. The maintenance rate of derivatives is not published",
    source="https://docs.bitfinex.com/reference/rest-public-liquidations",
    read_on="2026-11-22",
)  # fmt: skip
