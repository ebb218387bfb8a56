"""Any other exchange, read by the library ccxt (an optional extra) and asked through our own transport: docs/reference/venues/ccxt.md."""
