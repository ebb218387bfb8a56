"""Public keyless sources of market-wide figures: where they answer and how to ask; what they say is read elsewhere."""

from liqatlas.venues.public.sources import SOURCES, Source, ask_source

__all__ = ["SOURCES", "Source", "ask_source"]
