"""Bitfinex derivatives: its liquidation history, status and trades, at REST. Meaning of every field: docs/reference/venues/bitfinex.md."""
