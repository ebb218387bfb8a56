"""BitMEX: what of it can still be had. It announced its closure, so there is no live client and no address."""

from __future__ import annotations

from liqatlas.base.instruments import VENUES
from liqatlas.venues.capability import Capabilities, VenueCapabilities

CAPABILITIES = VenueCapabilities(
    venue="bitmex",
    capabilities=Capabilities(
        trades="files", klines="none", mark="none", open_interest="none", open_interest_history="none", funding="none",
        long_short_ratio="none", tiers="none", book="none", liquidations="none",
    ),
    liquidations_censoring="closed; its stream showed every liquidation order while it rested, its daily files hold trades only",
    source="https://www.bitmex.com/app/wsAPI",
    read_on="2026-11-22",
    closed_on=VENUES["bitmex"].closed_on,
)  # fmt: skip
