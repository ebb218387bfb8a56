"""dYdX v4 perpetuals: what its indexer sends and asks for. Meaning of every field: docs/reference/venues/dydx.md."""
