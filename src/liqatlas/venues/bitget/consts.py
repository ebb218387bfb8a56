"""Bitget futures (v2): addresses, limits, names. Read 2026-11-22 from https://www.bitget.com/api-doc/contract."""

from __future__ import annotations

from liqatlas.base.clock import DAY_NS
from liqatlas.venues.budget import Quota
from liqatlas.venues.capability import Capabilities, VenueCapabilities
from liqatlas.venues.subscriptions import Heartbeat, Hosts

HOSTS = Hosts(rest="https://api.bitget.com", stream="wss://ws.bitget.com")
ROOT = "/api/v2/mix/market/"
STREAM_PATH = "/v2/ws/public"
PRODUCT_TYPES = ("USDT-FUTURES", "USDC-FUTURES")
#: Coin-margined futures live on in the unified account only: https://www.bitget.com/support/articles/12560603893788
COIN_FUTURES_ENDED = "2026-09-17"
#: Public market endpoints take 10 or 20 requests a second and address; the smaller holds for all.
QUOTAS = (Quota("requests", 10, 1),)
#: A text ``ping`` every 30 s is answered ``pong``; without one the server hangs up after 2 minutes.
HEARTBEAT = Heartbeat(text="ping", every_s=25, dead_after_s=75)
#: The venue advises at most 50 channels a connection.
CHANNELS_PER_CONNECTION = 50
BARS_PER_PAGE = 200
TRADES_PER_PAGE = 1000
PAYMENTS_PER_PAGE = 100
#: Past trades reach back 90 days, asked for by spans of at most 7 days.
TRADES_REACH_NS = 90 * DAY_NS
TRADES_WINDOW_NS = DAY_NS
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
UNKNOWN_SYMBOL_CODES = frozenset({"40034", "40309", "40054"})
RETRY_CODES = frozenset({"40010", "40015", "40725", "45001", "40200"})
LIMIT_CODES = frozenset({"429", "30006", "30007"})

CAPABILITIES = VenueCapabilities(
    venue="bitget",
    capabilities=Capabilities(
        trades="both", klines="history", mark="both", open_interest="live", open_interest_history="none", funding="both",
        long_short_ratio="none", tiers="live", book="live", liquidations="unknown",
    ),
    liquidations_censoring="unknown: a channel of the unified account gives the largest order per position side, symbol and second; its page "
    "counts amounts in the quote, while those seen are coins; it is not read",
    source="https://www.bitget.com/api-doc/contract/websocket/public/New-Trades-Channel",
    read_on="2026-11-22",
)  # fmt: skip
