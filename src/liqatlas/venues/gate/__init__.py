"""Gate perpetuals: what its API sends and asks for. Meaning of every field: docs/reference/venues/gate.md."""
