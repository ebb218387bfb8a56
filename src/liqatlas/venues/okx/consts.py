"""OKX v5: addresses, limits, names. Read 2026-11-22 from https://www.okx.com/docs-v5/en/."""

from __future__ import annotations

from liqatlas.base.clock import DAY_NS
from liqatlas.venues.budget import Quota
from liqatlas.venues.capability import Capabilities, VenueCapabilities
from liqatlas.venues.subscriptions import Heartbeat, Hosts

#: Port 8443 has been closed since 2026-10-31; the default port serves.
HOSTS = Hosts(rest="https://www.okx.com", stream="wss://ws.okx.com")
PUBLIC_PATH, BUSINESS_PATH = "/ws/v5/public", "/ws/v5/business"
#: Most public endpoints 20 in 2 s and address, history 10, statistics 5; the strictest of each group counts for all of it.
QUOTAS = (Quota("public", 20, 2), Quota("history", 10, 2), Quota("statistics", 5, 2, share=0.9, burst=0.5))
#: Without a message for 30 s the venue hangs up; the text "ping" is answered by "pong".
HEARTBEAT = Heartbeat(text="ping", every_s=20, dead_after_s=50)
#: All channels of one request together at most 64 kB.
ARGUMENTS_PER_MESSAGE = 100
ARGUMENTS_PER_CONNECTION = 400
#: 480 subscribe requests an hour and connection, 3 a second.
MESSAGE_PAUSE_S = 0.4
KINDS = ("SWAP", "FUTURES")
INTERVALS = {
    "1m": "1m", "3m": "3m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1H", "2h": "2H", "4h": "4H", "1d": "1Dutc",
}  # fmt: skip
PERIODS = {"5m": "5m", "15m": "15m", "30m": "30m", "1h": "1H", "2h": "2H", "4h": "4H", "1d": "1Dutc"}
BARS_PER_PAGE = 100
SAMPLES_PER_PAGE = 100
PAYMENTS_PER_PAGE = 100
TRADES_PER_PAGE = 100
#: Statistics hold the latest 1,440 samples of a period; settled funding three months.
SAMPLES_REACH = 1440
FUNDING_REACH_NS = 90 * DAY_NS
LIMIT_CODES = frozenset({"50011", "50061"})
RETRY_CODES = frozenset({"50001", "50004", "50005", "50013", "50026"})
UNKNOWN_SYMBOL_CODES = frozenset({"51001", "51014", "51015"})

CAPABILITIES = VenueCapabilities(
    venue="okx",
    capabilities=Capabilities(
        trades="both", klines="both", mark="both", open_interest="live", open_interest_history="history", funding="both",
        long_short_ratio="history", tiers="live", book="live", liquidations="live",
    ),
    liquidations_censoring="not the total, by the venue's own words; older documentation said at most one per contract and second",
    source="https://www.okx.com/docs-v5/en/#public-data-websocket-liquidation-orders-channel",
    read_on="2026-11-22",
)  # fmt: skip
