"""Hyperliquid perpetuals: what its API sends and asks for. Meaning of every field: docs/reference/venues/hyperliquid.md."""
