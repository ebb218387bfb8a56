"""What each venue gives, as data: the table that ``doctor`` prints and the documentation shows."""

from __future__ import annotations

from typing import Literal

import msgspec

Offer = Literal["live", "history", "both", "none"]


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """For each dataset whether it can be had live, as history, both or not at all, without a key."""

    trades: Offer
    klines: Offer
    mark: Offer
    open_interest: Offer
    open_interest_history: Offer
    funding: Offer
    long_short_ratio: Offer
    tiers: Offer
    book: Offer
    liquidations: Offer


class VenueCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's offer, how its prints are thinned, the source of that statement and when it was read."""

    venue: str
    capabilities: Capabilities
    liquidations_censoring: str
    source: str
    read_on: str
