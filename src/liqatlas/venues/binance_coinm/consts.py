"""Binance COIN-M: addresses, limits, names. Read 2026-11-22 from https://developers.binance.com/docs/derivatives/coin-margined-futures."""

from __future__ import annotations

from liqatlas.venues.binance.consts import HEARTBEAT
from liqatlas.venues.budget import Quota
from liqatlas.venues.capability import Capabilities, VenueCapabilities
from liqatlas.venues.subscriptions import Hosts

__all__ = ["CAPABILITIES", "HEARTBEAT", "HOSTS", "QUOTAS"]

#: Unlike USD-M, COIN-M does not route its streams: https://developers.binance.com/zh-CN/docs/products/caas/market-data-streams
HOSTS = Hosts(rest="https://dapi.binance.com", stream="wss://dstream.binance.com")
STREAM_PATH = "/stream"
ROOT = "/dapi/v1"
QUOTAS = (Quota("weight", 2400, 60), Quota("data", 1000, 300), Quota("funding", 500, 300))
#: The documentation caps a request for bars at 200 days; 1000 minutes keep far below it.
BARS_PER_PAGE, BARS_WEIGHT = 1000, 5

CAPABILITIES = VenueCapabilities(
    venue="binance_coinm",
    capabilities=Capabilities(
        trades="both", klines="both", mark="both", open_interest="live", open_interest_history="history", funding="both",
        long_short_ratio="history", tiers="none", book="live", liquidations="live",
    ),
    liquidations_censoring="at most one print per symbol and second: the latest order of each 1000 ms; orders without a fill "
    "are left out",
    source="https://developers.binance.com/docs/derivatives/coin-margined-futures/websocket-market-streams/Liquidation-Order-Streams",
    read_on="2026-11-22",
)  # fmt: skip
