"""Pictures as they were when a person last looked at them, with tolerance for other renderers.

After a wanted change: ``LIQATLAS_WRITE_GOLDEN=1 python -m pytest tests/e2e/test_plot_golden.py``, then LOOK at the new
pictures before committing them. Writing makes the test fail, so that it is never done by accident.
"""

from __future__ import annotations

import io
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from liqatlas.maps.binning import edges_by_count, full_range
from liqatlas.plot import Screen, grid_figure, heatmap_figure, map_figure, render_heatmap, render_map
from tests.unit.flows import test_one_axis
from tests.unit.plot.plot_scenes import SIX_VENUES, heatmap_of, map_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.plot import Figure

FOLDER = Path(__file__).parent / "golden_plot"
WRITE = os.environ.get("LIQATLAS_WRITE_GOLDEN") == "1"
SIZE = (900, 560)
#: Share of pixels that may differ by more than an eighth of the scale, and the mean difference allowed over the whole picture.
MOST_PIXELS, MOST_MEAN = 0.02, 0.012


@cache
def one_axis() -> LiquidationMap:
    """Return the map of nine venues from generated data of known truth, in 160 bins."""
    whole = test_one_axis.map_of(*test_one_axis.WORLDS)
    low, high = full_range(whole)
    return whole.rebin(edges_by_count(whole.head.price, low, high, 160))


PICTURES: dict[str, Callable[[], Figure]] = {
    "map_six_venues_dark": lambda: map_figure(map_of(SIX_VENUES), size=SIZE),
    "map_one_axis_nine_venues": lambda: map_figure(one_axis(), size=(1200, 700)),
    "map_one_axis_nine_venues_light": lambda: map_figure(one_axis(), theme="light", size=(1200, 700)),
    "map_leverage_expected_light": lambda: map_figure(
        map_of(SIX_VENUES, quantity="expected", identified_distance=0.08, prints_scope="Binance force orders"),
        by="leverage", theme="light", size=SIZE,
    ),
    "map_one_side_simulated": lambda: map_figure(
        map_of(("simulated",), sides=(1, 0), simulated=True, warnings=("a warning",)), size=SIZE
    ),
    "map_realised": lambda: map_figure(map_of(quantity="liquidated", kind="realised"), size=SIZE),
    "heatmap_dark": lambda: heatmap_figure(heatmap_of(120, 120, prints=60), size=SIZE),
    "heatmap_combined_light": lambda: heatmap_figure(
        heatmap_of(120, 120, prints=0), sides="combined", theme="light", size=SIZE
    ),
    "grid_dark": lambda: grid_figure(
        [(f"{days}d", map_of(("binance", "bybit"), seed=days, window_ns=days * 86_400 * 10**9)) for days in (1, 3, 7, 30)],
        size=SIZE,
    ),
}  # fmt: skip

TEXTS: dict[str, Callable[[], str]] = {
    "ladder_plain": lambda: render_map(map_of(SIX_VENUES), Screen(100, 44, "none")),
    "ladder_ascii_realised": lambda: render_map(
        map_of(quantity="liquidated", kind="realised"), Screen(80, 40, "none", unicode=False)
    ),
    "ladder_truecolor": lambda: render_map(map_of(("binance", "okx")), Screen(80, 30)),
    "heatmap_plain": lambda: render_heatmap(heatmap_of(90, 120), Screen(100, 40, "none")),
    "heatmap_256": lambda: render_heatmap(heatmap_of(60, 120), Screen(70, 30, "256")),
}


def keep_or_read(path: Path, made: bytes) -> bytes:
    """Return the golden file; under the environment variable write it and fail."""
    if WRITE:
        FOLDER.mkdir(exist_ok=True)
        path.write_bytes(small(made) if path.suffix == ".png" else made)
        pytest.fail(f"{path.name} written: look at it, then run again without LIQATLAS_WRITE_GOLDEN")
    assert path.is_file(), f"{path} is missing; see the head of this file"
    return path.read_bytes()


def small(picture: bytes) -> bytes:
    """Return a picture in 256 colours, so that golden files stay small; the loss is far inside the tolerance."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def pixels(data: bytes) -> NDArray[np.float64]:
    """Return a picture as numbers 0 to 1, shape ``(height, width, 3)``."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.float64) / 255


def difference(made: bytes, golden: bytes) -> tuple[float, float]:
    """Return the share of pixels that differ visibly and the mean difference."""
    a, b = pixels(made), pixels(golden)
    assert a.shape == b.shape
    off = np.abs(a - b).max(axis=-1)
    return float((off > 1 / 8).mean()), float(off.mean())


@pytest.mark.parametrize("name", list(PICTURES))
def test_picture_looks_as_it_did(name: str) -> None:
    made = PICTURES[name]().to_bytes("png")
    share, mean = difference(made, keep_or_read(FOLDER / f"{name}.png", made))
    assert share <= MOST_PIXELS
    assert mean <= MOST_MEAN


def test_tolerance_notices_what_matters() -> None:
    golden = (FOLDER / "map_six_venues_dark.png").read_bytes()
    for other in (
        map_figure(map_of(SIX_VENUES, simulated=True), size=SIZE),
        map_figure(map_of(SIX_VENUES[:5]), size=SIZE),
        map_figure(map_of(SIX_VENUES, sides=(1.0, 0.5)), size=SIZE),
        map_figure(map_of(SIX_VENUES), size=SIZE, theme="light"),
    ):
        share, mean = difference(other.to_bytes("png"), golden)
        assert share > MOST_PIXELS or mean > MOST_MEAN


@pytest.mark.parametrize("name", list(TEXTS))
def test_text_is_as_it_was(name: str) -> None:
    made = TEXTS[name]()
    golden = keep_or_read(FOLDER / f"{name}.txt", made.encode())
    assert made == golden.decode()


def test_golden_files_stay_small() -> None:
    for path in FOLDER.iterdir():
        assert path.stat().st_size < 100_000, path.name
