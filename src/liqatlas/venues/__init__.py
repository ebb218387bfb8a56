"""See README.md of this room."""

from liqatlas.venues.registry import capabilities, venue, venue_keys

__all__ = ["capabilities", "venue", "venue_keys"]
