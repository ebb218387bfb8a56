"""Beliefs of the stress test: named past crashes and standard taker fees, from dated data files."""

from __future__ import annotations

from functools import cache

import msgspec

from liqatlas.base.beliefs import read_beliefs

CRASH_FILE, FEE_FILE = "crashes_2026-11-22.json", "taker_fees_2026-11-22.json"


class Crash(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One past crash: relative change from its high to its low, by asset; ``source`` says where the figures are from."""

    name: str
    when: str
    moves: dict[str, float]
    source: str

    def move_of(self, asset: str) -> tuple[float, bool]:
        """Return an asset's move and whether it is its own; another asset takes BTC's."""
        return (self.moves[asset], True) if asset in self.moves else (self.moves["BTC"], False)


class CrashFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file of crashes."""

    made_on: str
    note: str
    crashes: tuple[Crash, ...]


class Fee(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A venue's standard taker fee (fraction) and where that stands."""

    taker_fee: float
    source: str


class FeeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file of fees."""

    made_on: str
    note: str
    venues: dict[str, Fee]


@cache
def load_crashes() -> tuple[Crash, ...]:
    """Return the shipped crashes, oldest first."""
    return read_beliefs(CrashFile, "liqatlas.signals.stress", CRASH_FILE).crashes


@cache
def taker_fee(venue: str) -> Fee | None:
    """Return a venue's standard taker fee, or None where none ships."""
    return read_beliefs(FeeFile, "liqatlas.signals.stress", FEE_FILE).venues.get(venue)
