"""Binance COIN-M futures: contracts of 100 or 10 USD, margined in the coin. Meaning of every field: docs/reference/venues/binance_coinm.md."""
