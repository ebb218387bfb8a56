"""A heatmap as bytes for a screen: a JSON head, then one byte per cell on a log scale."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import orjson

from liqatlas.maps.serialise import heatmap_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.maps.heatmap import Heatmap

#: Cells smaller than the largest by more than this factor are drawn as nothing.
RANGE = 1e5
MEDIA_TYPE = "application/vnd.liqatlas.heatmap"


def heatmap_bytes(result: Heatmap) -> bytes:
    """Return a heatmap as length of the head (4 bytes, little endian), JSON head, uint8 cells.

    Cells lie layer after layer (longs, shorts), in each column after column (time), in each rows from the lowest price.
    0 is nothing; v from 1 to 255 is ``min_usd * (max_usd / min_usd) ** ((v - 1) / 254)`` USD, with the ``scale`` of the head.
    """
    layers = (result.long_usd, result.short_usd)
    largest = max((float(layer.max(initial=0.0)) for layer in layers), default=0.0)
    high = largest or 1.0
    low = high / RANGE
    tree = heatmap_tree(result, cells=False) | {
        "shape": [len(result.times_ns), len(result.price_edges) - 1],
        "layers": ["long", "short"],
        "scale": {"kind": "log", "min_usd": low, "max_usd": high},
    }
    head = orjson.dumps(tree)
    return b"".join(
        (struct.pack("<I", len(head)), head, *(_cells(layer, low, high).tobytes() for layer in layers))
    )


def _cells(usd: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    out = np.zeros(usd.shape, np.uint8)
    there = usd >= low
    place = np.log(usd[there] / low) / np.log(high / low)
    out[there] = np.clip(np.rint(1 + 254 * place), 1, 255).astype(np.uint8)
    return out
