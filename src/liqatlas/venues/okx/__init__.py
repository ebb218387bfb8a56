"""OKX swaps and futures: what its API sends and asks for. Meaning of every field: docs/reference/venues/okx.md."""
