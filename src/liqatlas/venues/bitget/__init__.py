"""Bitget USDT and USDC futures: what its API sends and asks for. Meaning of every field: docs/reference/venues/bitget.md."""
