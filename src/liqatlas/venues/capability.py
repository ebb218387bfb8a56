"""What each venue gives, as data: the table that ``doctor`` prints and the documentation shows."""

from __future__ import annotations

from typing import Literal

import msgspec

#: ``files``: not to be asked for, but the venue's own files are read; ``unknown``: no page says what it is, so it is not read.
Offer = Literal["live", "history", "both", "files", "none", "unknown"]


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """For each dataset whether it can be had live, as history, both, from files, or not at all, without a key."""

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
    """A venue's offer, how its prints are thinned, the source of that statement and when it was read; ``closed_on`` where it is no more."""

    venue: str
    capabilities: Capabilities
    liquidations_censoring: str
    source: str
    read_on: str
    closed_on: str = ""
