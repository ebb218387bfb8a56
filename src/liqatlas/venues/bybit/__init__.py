"""Bybit linear and inverse contracts: what its API sends and asks for. Meaning of every field: docs/reference/venues/bybit.md."""
