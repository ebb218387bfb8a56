"""Binance USD-M: addresses, limits, names. Read 2026-11-22 from https://developers.binance.com/docs/derivatives/usds-margined-futures."""

from __future__ import annotations

from liqatlas.base.clock import DAY_NS
from liqatlas.venues.budget import Quota
from liqatlas.venues.capability import Capabilities, VenueCapabilities
from liqatlas.venues.subscriptions import Heartbeat, Hosts

HOSTS = Hosts(
    rest="https://fapi.binance.com", stream="wss://fstream.binance.com", files="https://data.binance.vision"
)
#: Streams are routed since 2026-04-23: books under /public, everything else under /market; the old paths are dead.
#: https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Important-WebSocket-Change-Notice
PUBLIC_PATH, MARKET_PATH = "/public/stream", "/market/stream"
#: REQUEST_WEIGHT of exchangeInfo, and the two separate limits of /futures/data and of funding.
QUOTAS = (Quota("weight", 2400, 60), Quota("data", 1000, 300), Quota("funding", 500, 300))
#: The server pings every 3 minutes and wants a pong within 10; the protocol layer answers.
HEARTBEAT = Heartbeat(text=None, every_s=60, dead_after_s=240)
#: A connection takes 1024 streams and 10 messages a second; it is cut after 24 h.
STREAMS_PER_MESSAGE = 100
STREAMS_PER_CONNECTION = 900
MESSAGE_PAUSE_S = 0.25
#: /futures/data reaches back 30 days; a day is kept as margin.
DATA_REACH_NS = 30 * DAY_NS
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
PERIODS = frozenset({"5m", "15m", "30m", "1h", "2h", "4h", "1d"})
BARS_PER_PAGE, BARS_WEIGHT = 1000, 5
TRADES_PER_PAGE, TRADES_WEIGHT = 1000, 20
SAMPLES_PER_PAGE = 500
PAYMENTS_PER_PAGE = 1000
UNKNOWN_SYMBOL_CODES = frozenset({-1121, -4108})
LIMIT_CODES = frozenset({-1003, -1008, -1015})
RETRY_CODES = frozenset({-1000, -1001, -1007, -1016})

CAPABILITIES = VenueCapabilities(
    venue="binance",
    capabilities=Capabilities(
        trades="both", klines="both", mark="both", open_interest="live", open_interest_history="history", funding="both",
        long_short_ratio="history", tiers="none", book="live", liquidations="live",
    ),
    liquidations_censoring="at most one print per symbol and second: the latest order of each 1000 ms; orders without a fill "
    "are left out",
    source="https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/Liquidation-Order-Streams",
    read_on="2026-11-22",
)  # fmt: skip
