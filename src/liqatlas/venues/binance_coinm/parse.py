"""Binance COIN-M stream messages: those of USD-M with sizes in CONTRACTS of 100 USD (BTC) or 10 USD (the others).

What a message means stands in ``binance.parse``; here is which of them COIN-M sends. Sources, read 2026-11-22, field by field in
docs/reference/venues/binance_coinm.md: https://developers.binance.com/docs/derivatives/coin-margined-futures
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from liqatlas.venues.binance import parse as usdm
from liqatlas.venues.binance.parse import AggTrade, Depth, Dialect, ForceOrder, Kline, MarkPrice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.venues.frames import Frame, Listing

VENUE = "binance_coinm"
Event = AggTrade | Depth | MarkPrice | ForceOrder | Kline


class Combined(msgspec.Struct):
    """A combined-stream frame."""

    stream: str
    data: Event | list[MarkPrice]


COINM = Dialect(VENUE, msgspec.json.Decoder(Combined), msgspec.json.Decoder(Event | list[MarkPrice]))


def parse_frame(payload: bytes, listings: Mapping[str, Listing]) -> Frame:
    """Return what a stream message says; raises as ``binance.parse.parse_frame``."""
    return usdm.parse_frame(payload, listings, COINM)
