"""Bitget coin-margined futures of the unified account: what its API sends and asks for; fields: docs/reference/venues/bitget_coinm.md."""
