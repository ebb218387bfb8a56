"""Bitget coin-margined futures (unified account, v3): addresses, limits, names. Read 2026-11-22 from https://www.bitget.com/api-doc/uta."""

from __future__ import annotations

from liqatlas.base.clock import DAY_NS
from liqatlas.venues.capability import Capabilities, VenueCapabilities

ROOT = "/api/v3/market/"
STREAM_PATH = "/v3/ws/public"
#: The product in questions, and in subscriptions.
CATEGORY = "COIN-FUTURES"
STREAM_TYPE = "coin-futures"
#: A page of candles; a question may span 90 days at most.
BARS_PER_PAGE = 1000
BARS_SPAN_NS = 90 * DAY_NS
TRADES_PER_PAGE = 100
PAYMENTS_PER_PAGE = 100
BOOK_LEVELS = 200
#: Levels a side written when a book is polled.
BOOK_LEVELS_KEPT = 50
#: Days by name of UTC: the plain ``1D`` begins at 16:00 UTC.
INTERVALS = {
    "1m": "1m",
    "3m": "3m",
    "5m": "5m",
    "15m": "15m",
    "30m": "30m",
    "1h": "1H",
    "2h": "2H",
    "4h": "4H",
    "1d": "1Dutc",
}

CAPABILITIES = VenueCapabilities(
    venue="bitget_coinm",
    capabilities=Capabilities(
        trades="live", klines="history", mark="both", open_interest="live", open_interest_history="none", funding="both",
        long_short_ratio="none", tiers="live", book="live", liquidations="unknown",
    ),
    liquidations_censoring="unknown: the channel gives the largest order per position side, contract and second; its page counts amounts "
    "in the quote, while those seen of USDT contracts are coins; it is not read",
    source="https://www.bitget.com/api-doc/uta/public/Fills",
    read_on="2026-11-22",
)  # fmt: skip
