"""Golden pictures of the charts, small and with tolerance: a changed layout or colour shows, another font does not.

Rewritten with LIQATLAS_WRITE_GOLDEN=1; look at every picture before it is committed.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.image
import numpy as np
import pytest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.browser.conftest import Tab

pytestmark = [pytest.mark.browser, pytest.mark.data]

GOLDEN = Path(__file__).parent / "golden"
#: Pictures are compared as means over squares of this many pixels.
SQUARE = 8
#: Share of the squares that may differ by more than :data:`APART` (of 1).
MAY_DIFFER, APART = 0.04, 0.12

PICTURES = {
    "map_dark": ("#/map/ETH?window=3d", ".map-box", "dark"),
    "map_leverage_light": ("#/map/ETH?window=3d&by=leverage&bars=log", ".map-box", "light"),
    "heatmap_dark": ("#/heatmap/ETH?window=3d&cells=low", ".heat-box", "dark"),
    "cascade_light": ("#/cascade/ETH?window=3d", "canvas.drag", "light"),
}


def squares(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means over squares, shape ``[rows, columns, 3]``."""
    rows, columns = (n // SQUARE for n in picture.shape[:2])
    cut = picture[: rows * SQUARE, : columns * SQUARE, :3]
    return np.asarray(cut.reshape(rows, SQUARE, columns, SQUARE, 3).mean(axis=(1, 3)))


def read(content: bytes) -> NDArray[np.float64]:
    """Return a PNG's pixels, 0 to 1."""
    return np.asarray(matplotlib.image.imread(io.BytesIO(content), format="png"), dtype=np.float64)


@pytest.mark.parametrize("name", PICTURES)
def test_chart_looks_as_it_did(tab: Tab, name: str) -> None:
    address, part, theme = PICTURES[name]
    tab.page.set_viewport_size({"width": 1000, "height": 760})
    tab.open(address)
    if theme == "light":
        tab.page.keyboard.press("t")
    tab.page.mouse.move(2, 2)
    tab.page.wait_for_timeout(400)
    drawn = squares(read(tab.page.locator(part).screenshot()))
    target = GOLDEN / f"{name}.png"
    if os.environ.get("LIQATLAS_WRITE_GOLDEN") == "1":
        GOLDEN.mkdir(exist_ok=True)
        matplotlib.image.imsave(target, np.clip(drawn, 0, 1))
    golden = read(target.read_bytes())[:, :, :3]
    assert golden.shape == drawn.shape
    differ = (np.abs(golden - drawn).max(axis=2) > APART).mean()
    assert differ <= MAY_DIFFER


def test_the_tolerance_would_see_mirrored_sides() -> None:
    """Longs where shorts belong is the defect that matters most: it must be far outside the tolerance."""
    golden = read((GOLDEN / "heatmap_dark.png").read_bytes())[:, :, :3]
    differ = (np.abs(golden - golden[::-1]).max(axis=2) > APART).mean()
    assert differ > 5 * MAY_DIFFER
