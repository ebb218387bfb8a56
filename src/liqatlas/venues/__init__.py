"""See README.md of this room."""

from liqatlas.venues.registry import CCXT, capabilities, venue, venue_keys

__all__ = ["CCXT", "capabilities", "venue", "venue_keys"]
