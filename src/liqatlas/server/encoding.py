"""JSON as the server writes it: numbers that are none become null."""

from __future__ import annotations

from typing import Any

import orjson


def encode(tree: Any) -> bytes:
    """Return a tree as JSON; NaN and infinity are null, NumPy scalars and arrays plain."""
    return orjson.dumps(tree, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)
