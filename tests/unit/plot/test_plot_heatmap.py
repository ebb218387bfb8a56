from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from matplotlib.collections import PathCollection
from matplotlib.text import Text

from liqatlas.base.clock import MINUTE_NS, datetime_to_ns, parse_time
from liqatlas.base.errors import InputError
from liqatlas.base.format import format_usd
from liqatlas.plot import heatmap_figure
from liqatlas.plot.cells import cells_of, default_range, merged_candles, merged_prints
from liqatlas.plot.time_axis import round_moments, time_labels
from tests.unit.plot.plot_scenes import heatmap_of

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable

SMALL = (1000, 620)


def test_cells_hold_the_heatmaps_mass_in_every_column() -> None:
    scene = heatmap_of(80, 500)
    cells = cells_of(
        scene, price_range=(float(scene.price_edges[0]) * 0.99, float(scene.price_edges[-1]) * 1.01)
    )
    assert np.allclose(cells.long_usd.sum(axis=1), scene.long_usd.sum(axis=1))
    assert np.allclose(cells.short_usd.sum(axis=1), scene.short_usd.sum(axis=1))
    assert cells.left_out == pytest.approx((0.0, 0.0), abs=1.0)


def test_last_column_is_drawn_or_counted() -> None:
    scene = heatmap_of(80, 500)
    cells = cells_of(scene, price_range=(1650, 1700))
    assert cells.last[0].sum() + cells.left_out[0] == pytest.approx(scene.long_usd[-1].sum())
    assert cells.last[1].sum() + cells.left_out[1] == pytest.approx(scene.short_usd[-1].sum())


def test_merged_columns_keep_the_strongest_value_and_the_true_end() -> None:
    scene = heatmap_of(90, 60)
    cells = cells_of(scene, columns=30)
    assert cells.merged == 3
    assert cells.long_usd.shape[0] == 30
    fine = cells_of(scene)
    assert np.allclose(cells.long_usd[4], fine.long_usd[12:15].max(axis=0))
    assert np.allclose(cells.last[0], fine.long_usd[-1])


def test_hole_in_time_stays_blank() -> None:
    scene = heatmap_of(40, 60)
    late = scene.times_ns + np.where(np.arange(40) >= 20, 600 * MINUTE_NS, 0)
    cells = cells_of(replace(scene, times_ns=late))
    assert cells.long_usd.shape[0] == 41
    assert np.all(np.isnan(cells.long_usd[20]))
    assert cells.edges_ns[20] == scene.times_ns[19] + 30 * MINUTE_NS
    assert cells.edges_ns[21] == late[20]


def test_column_is_drawn_after_its_moment_never_before() -> None:
    scene = heatmap_of(40, 60)
    cells = cells_of(scene)
    assert np.array_equal(cells.edges_ns[:-1], scene.times_ns)


def test_levels_that_a_low_cap_keeps_away_are_in_the_picture() -> None:
    """At five times at most no long lies within a sixth below its entry: ten percent show none."""
    scene = heatmap_of(60, 500)
    price, edges = scene.head.price, np.geomspace(1_000.0, 3_000.0, 401)
    middles = np.sqrt(edges[:-1] * edges[1:])
    longs = np.where(middles < price * 0.8, 1e4, 0.0) * np.ones((60, 1))
    shorts = np.where(middles > price * 1.3, 1e4, 0.0) * np.ones((60, 1))
    shorts[:, 0] = 0.0
    far = replace(scene, price_edges=edges, long_usd=longs, short_usd=shorts)
    low, high = default_range(far)
    assert price * 0.7 < low < price * 0.8
    assert price * 1.3 < high < price * 1.5
    last = cells_of(far).last
    assert all(one.sum() >= 0.04 * usd[-1].sum() for one, usd in zip(last, (longs, shorts), strict=True))
    near = replace(far, long_usd=np.where(middles < price * 0.99, 1e4, 0.0) * np.ones((60, 1)))
    assert default_range(near)[0] == min(price * 0.9, float(scene.candles["low"].min()))  # type: ignore[arg-type]
    none = replace(far, long_usd=longs * 0, short_usd=shorts * 0)
    assert default_range(none)[0] == default_range(near)[0]


def test_merged_candles_keep_extremes_and_ends() -> None:
    scene = heatmap_of(100, 60)
    merged, fine = merged_candles(scene, 30), scene.candles
    assert merged.height == 25
    assert merged["high"].max() == fine["high"].max()
    assert merged["low"].min() == fine["low"].min()
    assert merged["open"][1] == fine["open"][4]
    assert merged["close"][1] == fine["close"][7]


def test_marks_hold_every_dollar_of_the_prints_in_range() -> None:
    scene = heatmap_of(100, 60, prints=5000)
    cells = cells_of(scene, price_range=(1200, 2200))
    marks, hidden, hidden_usd = merged_prints(scene, cells, slots=100, most=50)
    assert marks.height == 50
    assert hidden > 0
    total = float(scene.prints.select(pl.col("notional_usd").sum()).item())
    assert float(marks["notional_usd"].sum()) + hidden_usd == pytest.approx(total)
    smallest = marks["notional_usd"].min()
    assert isinstance(smallest, float)
    assert hidden_usd / hidden <= smallest


def gids(figure: object, prefix: str) -> dict[str, ScalarMappable]:
    found = figure.figure.findobj(lambda a: str(a.get_gid() or "").startswith(prefix))  # type: ignore[attr-defined]
    return {str(a.get_gid()): a for a in found}


def test_picture_shows_both_sides_candles_marks_and_zone() -> None:
    scene = heatmap_of(100, 200)
    figure = heatmap_figure(scene, zone=ZoneInfo("Europe/Berlin"), size=SMALL)
    assert set(gids(figure, "cells:")) == {"cells:longs", "cells:shorts"}
    assert set(gids(figure, "prints:")) == {"prints:long", "prints:short"}
    assert set(gids(figure, "candles")) == {"candles"}
    words = [t.get_text() for t in figure.figure.findobj(Text)]
    assert "time, CET" in words
    assert "1,671.85" in words
    assert any("as of 2026-02-05 19:00 CET" in w for w in words)


def test_combined_layer_adds_both_sides() -> None:
    scene = heatmap_of(100, 200)
    cells = cells_of(scene)
    (image,) = gids(heatmap_figure(scene, sides="combined", threshold=1.0, size=SMALL), "cells:").values()
    drawn = image.get_array()
    assert drawn is not None
    wanted = (cells.long_usd + cells.short_usd).T
    assert float(drawn.sum()) == pytest.approx(wanted[wanted >= 1.0].sum())


def test_cells_below_the_threshold_are_blank_and_it_is_named() -> None:
    scene = heatmap_of(100, 200)
    figure = heatmap_figure(scene, threshold=1e6, size=SMALL)
    for image in gids(figure, "cells:").values():
        drawn = image.get_array()
        assert isinstance(drawn, np.ma.MaskedArray)
        assert float(drawn.min()) >= 1e6
    words = [t.get_text() for t in figure.figure.findobj(Text)]
    assert any("below $1M blank" in w for w in words)


def test_size_of_a_mark_follows_its_usd() -> None:
    scene = heatmap_of(100, 200)
    cells = cells_of(scene)
    marks, _, _ = merged_prints(scene, cells, slots=160, most=300)
    (drawn,) = list(gids(heatmap_figure(scene, size=SMALL), "prints:long").values())
    assert isinstance(drawn, PathCollection)
    usd = marks.filter(pl.col("liquidated").cast(pl.String) == "long")["notional_usd"].to_numpy()
    areas = drawn.get_sizes()
    big = areas > areas.min()
    assert big.sum() >= 2
    ratio = areas[big] ** 2 / usd[big]
    assert np.allclose(ratio, ratio[0])


def test_caption_states_last_column_and_prints() -> None:
    scene = heatmap_of(100, 200)
    text = heatmap_figure(scene, size=SMALL).description
    cells = cells_of(scene)
    assert f"{format_usd(float(cells.last[0].sum()))} of longs are open in the drawn range" in text
    assert f"with {format_usd(float(cells.last[1].max()))}." in text
    for name in ("long", "short"):
        total = scene.prints.filter(pl.col("liquidated").cast(pl.String) == name)["notional_usd"].sum()
        assert f"{format_usd(float(total))} of {name}s" in text
    assert "(400 prints)" in text


def test_heatmap_without_prints_candles_or_levels_is_drawn() -> None:
    scene = heatmap_of(30, 60, prints=0)
    nothing = np.zeros_like(scene.long_usd)
    bare = replace(scene, long_usd=nothing, short_usd=nothing, candles=scene.candles.clear())
    text = heatmap_figure(bare, size=SMALL).description
    assert "No long levels in the drawn range" in text
    assert "No liquidation prints" in text


def test_one_column_is_drawn() -> None:
    scene = heatmap_of(2, 60)
    one = replace(
        scene, times_ns=scene.times_ns[1:], long_usd=scene.long_usd[1:], short_usd=scene.short_usd[1:]
    )
    assert heatmap_figure(one, size=SMALL).to_bytes("png")


def test_wrong_wishes_are_refused() -> None:
    scene = heatmap_of(10, 60)
    for wish, what in (
        ({"sides": "left"}, "sides"),
        ({"threshold": 0.0}, "threshold"),
        ({"price_range": (5, 1)}, "range"),
    ):
        with pytest.raises(InputError, match=what):
            heatmap_figure(scene, **wish)
    empty = replace(
        scene, times_ns=scene.times_ns[:0], long_usd=scene.long_usd[:0], short_usd=scene.short_usd[:0]
    )
    with pytest.raises(InputError, match="no column"):
        heatmap_figure(empty)


def test_time_labels_name_new_years() -> None:
    from datetime import UTC, datetime

    moments = [
        datetime(2025, 12, 31, 12, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 12, tzinfo=UTC),
    ]
    assert time_labels(moments) == ["12:00\n31 Dec 2025", "01 Jan\n2026", "12:00"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("hours", [1, 12, 24, 72, 24 * 30, 24 * 365, 24 * 4000])
def test_ticks_are_round_local_times_and_few(zone: str, hours: int) -> None:
    first = parse_time("2026-03-27T17:23:45")
    last = first + hours * 60 * MINUTE_NS
    moments = round_moments(first, last, ZoneInfo(zone), most=10)
    at = [datetime_to_ns(m) for m in moments]
    assert 1 <= len(at) <= 12
    assert at == sorted(set(at))
    assert first <= at[0]
    assert at[-1] <= last
    assert all(m.second == 0 for m in moments)
    if hours > 240:
        assert all((m.hour, m.minute) == (0, 0) for m in moments)


def test_simulated_heatmap_says_so() -> None:
    figure = heatmap_figure(heatmap_of(30, 60, simulated=True), size=SMALL)
    assert set(gids(figure, "watermark")) == {"watermark"}
    assert figure.title.startswith("SIMULATED")
