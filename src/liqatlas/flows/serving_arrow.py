"""Maps as an Arrow IPC stream, for notebooks: one row per venue, band, position and bin, the head in the schema's metadata."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import orjson

from liqatlas.maps.serialise import head_tree

if TYPE_CHECKING:
    from liqatlas.maps.liquidation_map import LiquidationMap

ARROW_STREAM = "application/vnd.apache.arrow.stream"


def map_stream(result: LiquidationMap) -> bytes:
    """Return the map's table; ``schema.metadata[b"liqatlas"]`` is its head as JSON."""
    import pyarrow as pa

    table = result.to_polars().to_arrow()
    table = table.replace_schema_metadata({"liqatlas": orjson.dumps(head_tree(result.head))})
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()
