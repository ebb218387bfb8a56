"""Gate perpetuals: addresses, limits, names. Read 2026-11-22 from https://www.gate.com/docs/developers/apiv4/en and …/futures/ws/en."""

from __future__ import annotations

from liqatlas.venues.budget import Quota
from liqatlas.venues.capability import Capabilities, VenueCapabilities
from liqatlas.venues.subscriptions import Heartbeat, Hosts

HOSTS = Hosts(rest="https://api.gateio.ws", stream="wss://fx-ws.gateio.ws")
ROOT = "/api/v4/futures"
STREAM_PATHS = {"usdt": "/v4/ws/usdt", "btc": "/v4/ws/btc"}
SETTLES = ("usdt", "btc")
#: Public endpoints: 200 requests in 10 s for each endpoint and address; one quota keeps below it.
QUOTAS = (Quota("requests", 200, 10),)
HEARTBEAT = Heartbeat(text='{"channel": "futures.ping"}', every_s=15, dead_after_s=45)
CONTRACTS_PER_MESSAGE = 50
BARS_PER_PAGE = 1999
TRADES_PER_PAGE = 1000
TRADES_WINDOW_NS = 600 * 10**9
PAYMENTS_PER_PAGE = 1000
SAMPLES_PER_PAGE = 100
#: Liquidation orders are given for an hour at a time.
PRINTS_WINDOW_NS = 3600 * 10**9
BOOK_LEVELS = 100
INTERVALS = {"1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1h", "4h": "4h", "1d": "1d"}
SAMPLE_INTERVALS = frozenset({"5m", "15m", "30m", "1h", "4h", "1d"})

CAPABILITIES = VenueCapabilities(
    venue="gate",
    capabilities=Capabilities(
        trades="both", klines="history", mark="both", open_interest="live", open_interest_history="history", funding="both",
        long_short_ratio="history", tiers="live", book="live", liquidations="both",
    ),
    liquidations_censoring="stream: orders as placed, not what was filled; all of them since 2026-08-20, before that at most one per "
    "contract and second; REST names the filled part, an hour at a time",
    source="https://www.gate.com/docs/developers/futures/ws/en/",
    read_on="2026-11-22",
)  # fmt: skip
