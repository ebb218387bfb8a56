from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING

import matplotlib as mpl
import pytest

from liqatlas.base.errors import InputError
from liqatlas.plot import grid_figure, heatmap_figure, map_figure
from tests.unit.plot.plot_scenes import heatmap_of, map_of

if TYPE_CHECKING:
    from pathlib import Path

SMALL = (800, 500)


@pytest.mark.parametrize("fmt", ["png", "svg"])
def test_same_object_gives_same_bytes(fmt: str) -> None:
    assert map_figure(map_of(), size=SMALL).to_bytes(fmt) == map_figure(map_of(), size=SMALL).to_bytes(fmt)
    scene = heatmap_of(60, 80)
    assert heatmap_figure(scene, size=SMALL).to_bytes(fmt) == heatmap_figure(scene, size=SMALL).to_bytes(fmt)


def test_saving_follows_the_suffix(tmp_path: Path) -> None:
    figure = map_figure(map_of(), size=SMALL)
    assert figure.save(tmp_path / "eth.PNG").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in figure.save(str(tmp_path / "eth.svg")).read_bytes()


def test_unknown_suffix_and_missing_folder_are_refused(tmp_path: Path) -> None:
    figure = map_figure(map_of(), size=SMALL)
    with pytest.raises(InputError, match=r"wanted \.png or \.svg"):
        figure.save(tmp_path / "eth.bmp")
    with pytest.raises(InputError, match="cannot be written"):
        figure.save(tmp_path / "no" / "eth.png")


def test_settings_of_the_user_neither_change_a_picture_nor_are_changed() -> None:
    plain = map_figure(map_of(), size=SMALL).to_bytes("png")
    with mpl.rc_context({"axes.grid": True, "font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9}):
        before = dict(mpl.rcParams)
        assert map_figure(map_of(), size=SMALL).to_bytes("png") == plain
        assert dict(mpl.rcParams) == before


def test_picture_file_names_no_moment_of_its_making(tmp_path: Path) -> None:
    figure = map_figure(map_of(), size=SMALL)
    assert b"<dc:date>" not in figure.to_bytes("svg")
    assert b"Creation" not in figure.to_bytes("png")


def test_asset_without_a_glyph_is_drawn_without_a_warning() -> None:
    assert map_figure(map_of(asset="币安人生"), size=SMALL).to_bytes("png")


def test_room_and_terminal_need_no_matplotlib() -> None:
    code = (
        "import sys, liqatlas.plot\n"
        "assert 'numpy' not in sys.modules, 'numpy'\n"
        "liqatlas.plot.render_map, liqatlas.plot.render_heatmap, liqatlas.plot.Screen\n"
        "assert 'matplotlib' not in sys.modules, 'matplotlib'\n"
        "liqatlas.plot.map_figure, liqatlas.plot.grid_figure, liqatlas.plot.heatmap_figure\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_unknown_name_of_the_room_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="pie_figure"):
        _ = importlib.import_module("liqatlas.plot").pie_figure


def test_grid_draws_every_map_with_its_totals() -> None:
    maps = [(f"{w}d", map_of(seed=w, window_ns=w * 86_400 * 10**9)) for w in (1, 3, 7, 30, 90)]
    figure = grid_figure(maps, columns=3)
    assert len(figure.figure.axes) == 5
    assert len({axes.get_xlim() for axes in figure.figure.axes}) == 1
    assert all(f"{label}: longs $" in figure.description for label, _ in maps)
    assert "Coverage of open interest, all leverages, by window: 24h 52 %, 3d 52 %" in figure.description


def test_grid_refuses_nothing_and_mixtures() -> None:
    for maps in (
        [],
        [("a", map_of()), ("b", map_of(asset="BTC"))],
        [("a", map_of()), ("b", map_of(simulated=True))],
    ):
        with pytest.raises(InputError, match="grid"):
            grid_figure(maps)


def test_grid_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="do not fit"):
        grid_figure([(str(i), map_of()) for i in range(30)], size=(800, 500))
