"""Bybit v5: addresses, limits, names. Read 2026-11-22 from https://bybit-exchange.github.io/docs/v5/intro."""

from __future__ import annotations

from liqatlas.venues.budget import Quota
from liqatlas.venues.capability import Capabilities, VenueCapabilities
from liqatlas.venues.subscriptions import Heartbeat, Hosts

HOSTS = Hosts(rest="https://api.bybit.com", stream="wss://stream.bybit.com")
#: 600 requests in 5 seconds and address; beyond it HTTP 403 "access too frequent" for 10 minutes.
#: https://bybit-exchange.github.io/docs/v5/rate-limit
QUOTAS = (Quota("requests", 600, 5, share=0.5),)
FORBIDDEN_WAIT_S = 600.0
#: A ping every 20 s keeps a connection.
HEARTBEAT = Heartbeat(text='{"op":"ping"}', every_s=20, dead_after_s=60)
#: One request names at most 10 topics; a connection's topics at most 21,000 characters together.
TOPICS_PER_MESSAGE = 10
TOPICS_PER_CONNECTION = 500
CATEGORIES = ("linear", "inverse")
BOOK_DEPTH = 200
INTERVALS = {
    "1m": "1",
    "3m": "3",
    "5m": "5",
    "15m": "15",
    "30m": "30",
    "1h": "60",
    "2h": "120",
    "4h": "240",
    "1d": "D",
}
PERIODS = {"5m": "5min", "15m": "15min", "30m": "30min", "1h": "1h", "4h": "4h", "1d": "1d"}
LISTINGS_PER_PAGE = 1000
BARS_PER_PAGE = 1000
SAMPLES_PER_PAGE = 200
RATIOS_PER_PAGE = 500
PAYMENTS_PER_PAGE = 200
TRADES_PER_PAGE = 1000
#: 10006 too many visits, 10018 too many by address, 10429 system limit; 10000 and 10016 server trouble, 10002 clock.
LIMIT_CODES = frozenset({10006, 10018, 10429})
RETRY_CODES = frozenset({10000, 10002, 10016, 170007, 131231})

CAPABILITIES = VenueCapabilities(
    venue="bybit",
    capabilities=Capabilities(
        trades="live", klines="both", mark="both", open_interest="live", open_interest_history="history", funding="both",
        long_short_ratio="history", tiers="live", book="live", liquidations="live",
    ),
    liquidations_censoring="none known: every liquidation since 2025-02-20, pushed each 500 ms; before that one per second",
    source="https://bybit-exchange.github.io/docs/v5/websocket/public/all-liquidation",
    read_on="2026-11-22",
)  # fmt: skip
