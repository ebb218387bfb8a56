"""BitMEX, which announced its closure for 2026-09-23: what its messages and files said. No live client.

Meaning of every field: docs/reference/venues/bitmex.md.
"""
