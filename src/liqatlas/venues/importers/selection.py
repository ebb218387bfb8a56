"""What the caller wants to be read out of a heap of files."""

from __future__ import annotations

from dataclasses import dataclass

from liqatlas.base.errors import UnknownSymbolError
from liqatlas.base.symbols import parse_symbol

#: Tables that a map is made of; books and positions are read when asked for.
MAP_TABLES = frozenset(
    {"trades", "bars", "mark_bars", "marks", "open_interest", "funding", "liquidations", "liquidation_bars"}
)
ALL_TABLES = MAP_TABLES | {"book_levels", "positions"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter of instruments and tables; empty sets let everything through.

    Attributes
    ----------
    asset
        A coin (``ETH``) or one contract (``ETHUSDT``): only its instruments are read, and a file that does not say whose it
        is counts as its USDT perpetual.
    venues
        Venue keys.
    tables
        Names of recording tables.
    """

    asset: str = ""
    venues: frozenset[str] = frozenset()
    tables: frozenset[str] = MAP_TABLES

    def takes(self, venue: str, symbol: str) -> bool:
        """Tell whether an instrument is wanted; unknown parts are given the benefit of the doubt."""
        if self.venues and venue and venue not in self.venues:
            return False
        if not (self.asset and symbol):
            return True
        asked = parse_symbol(self.asset)
        try:
            have = parse_symbol(symbol)
        except UnknownSymbolError:
            return symbol.upper() == self.asset.upper()
        if asked.asset != have.asset:
            return False
        if asked.quote and have.quote:
            return asked.quote == have.quote and asked.expiry_ns == have.expiry_ns
        return True

    def takes_table(self, name: str) -> bool:
        """Tell whether a table is wanted; who holds nothing any more goes with the positions."""
        return name in self.tables or (name == "emptied" and "positions" in self.tables)
