from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text

from liqatlas.base.errors import InputError
from liqatlas.base.format import format_usd
from liqatlas.maps.head import LONG, SHORT
from liqatlas.plot import map_figure
from liqatlas.plot.sheet import spread
from liqatlas.plot.view import view_of
from liqatlas.plot.zones import Zone, heaviest_zones, zones_within
from tests.unit.plot.plot_scenes import SIX_VENUES, map_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.artist import Artist
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.transforms import Bbox
    from numpy.typing import NDArray

    from liqatlas.maps.liquidation_map import LiquidationMap
    from liqatlas.plot import Figure

SMALL = (1000, 620)


def with_gid(figure: Figure, gid: str) -> list[Artist]:
    return figure.figure.findobj(cast("Callable[[Artist], bool]", lambda artist: artist.get_gid() == gid))


def boxes_of(figure: Figure, gid: str) -> list[NDArray[np.float64]]:
    """Return the corners, shape ``(n, 2)``, of every box of one layer and side."""
    (bars,) = with_gid(figure, gid)
    assert isinstance(bars, PolyCollection)
    return [np.asarray(path.vertices, dtype=np.float64) for path in bars.get_paths()]


def bar_sum(figure: Figure, gid: str) -> float:
    """Return the added heights of the boxes of one layer and side."""
    return sum(float(np.ptp(box[:, 1])) for box in boxes_of(figure, gid))


def texts(figure: Figure) -> list[str]:
    return [t.get_text() for t in figure.figure.findobj(Text) if t.get_text()]


def extents(figure: Figure, found: list[Text]) -> list[Bbox]:
    renderer = cast("FigureCanvasAgg", figure.figure.canvas).get_renderer()  # type: ignore[no-untyped-call]
    return [text.get_window_extent(renderer) for text in found]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_bars_of_every_venue_and_side_sum_to_the_maps_mass(theme: str) -> None:
    whole = map_of(SIX_VENUES)
    everything = (float(whole.price_edges[0]) * 0.99, float(whole.price_edges[-1]) * 1.01)
    figure = map_figure(whole, theme=theme, price_range=everything, size=SMALL)
    for venue, amounts in whole.by_venue().items():
        assert bar_sum(figure, f"bars:{venue}:long") == pytest.approx(amounts[LONG].sum(), rel=1e-9)
        assert bar_sum(figure, f"bars:{venue}:short") == pytest.approx(amounts[SHORT].sum(), rel=1e-9)


def test_bars_by_leverage_sum_to_the_drawn_mass() -> None:
    whole = map_of(SIX_VENUES)
    shown = view_of(whole).shown
    figure = map_figure(whole, by="leverage", size=SMALL)
    for band, amounts in shown.by_leverage().items():
        assert bar_sum(figure, f"bars:{band}:long") == pytest.approx(amounts[LONG].sum(), rel=1e-9)
        assert bar_sum(figure, f"bars:{band}:short") == pytest.approx(amounts[SHORT].sum(), rel=1e-9)


def test_bars_stand_on_each_other_and_long_below_price_below_short() -> None:
    whole = map_of(("binance", "okx"))
    figure = map_figure(whole, size=SMALL)
    tops: dict[float, float] = {}
    for gid in ("bars:binance:long", "bars:binance:short", "bars:okx:long", "bars:okx:short"):
        for box in boxes_of(figure, gid):
            left, right = float(box[:, 0].min()), float(box[:, 0].max())
            base, top = float(box[:, 1].min()), float(box[:, 1].max())
            assert base == pytest.approx(tops.get(left, 0.0))
            tops[left] = top
            assert left < whole.head.price if gid.endswith("long") else right > whole.head.price


def test_realised_longs_hang_and_shorts_stand() -> None:
    whole = map_of(quantity="liquidated", kind="realised")
    figure = map_figure(whole, size=SMALL)
    for gid, sign in (("bars:hyperliquid:long", -1), ("bars:hyperliquid:short", 1)):
        heights = np.concatenate([box[:, 1] for box in boxes_of(figure, gid)])
        assert np.all(sign * heights >= 0)
    shown = view_of(whole).shown
    assert bar_sum(figure, "bars:hyperliquid:long") == pytest.approx(shown.long_usd.sum())


def test_curves_reach_the_side_totals() -> None:
    whole = map_of(SIX_VENUES)
    figure = map_figure(
        whole, price_range=(float(whole.price_edges[0]), float(whole.price_edges[-1])), size=SMALL
    )
    for side, total in (("long", whole.long_usd.sum()), ("short", whole.short_usd.sum())):
        (line,) = with_gid(figure, f"cumulative:{side}")
        assert isinstance(line, Line2D)
        assert np.max(np.asarray(line.get_ydata())) == pytest.approx(total)


def test_zone_labels_show_the_zones_and_do_not_overlap() -> None:
    for price, asset in ((1671.85, "ETH"), (0.00001234, "PEPE"), (1234567.5, "BTC")):
        whole = map_of(SIX_VENUES, asset=asset, price=price)
        figure = map_figure(whole)
        figure.figure.draw_without_rendering()  # places the boxes
        labels = [
            a for s in ("long", "short") for a in with_gid(figure, f"zone:{s}") if isinstance(a, Annotation)
        ]
        wanted = sorted(format_usd(z.usd) for z in heaviest_zones(view_of(whole)))
        assert sorted(label.get_text().split("\n")[1] for label in labels) == wanted
        boxes = sorted(
            (label.get_bbox_patch().get_window_extent() for label in labels if label.get_bbox_patch()),  # type: ignore[union-attr]
            key=lambda box: box.x0,
        )
        assert len(boxes) == 6
        assert all(a.x1 <= b.x0 for a, b in itertools.pairwise(boxes))


@pytest.mark.parametrize("size", [(1600, 900), (1000, 620), (640, 800)])
def test_words_stay_on_the_sheet_and_off_each_other(size: tuple[int, int]) -> None:
    warnings = tuple(
        f"warning {i}: " + "open interest was carried forward from an earlier sample " * 6 for i in range(30)
    )
    figure = map_figure(map_of(SIX_VENUES, warnings=warnings, lookahead=True), size=size)
    lines = [t for t in figure.figure.texts if t.get_text()]
    boxes = extents(figure, lines)
    for box in boxes:
        assert box.x0 >= 0
        assert box.x1 <= size[0]
        assert 0 <= box.y0 < box.y1 <= size[1]
    boxes.sort(key=lambda box: box.y0)
    assert all(low.y0 + 0.7 * low.height <= high.y0 for low, high in itertools.pairwise(boxes))
    shown = sum(t.startswith("⚠ warning") for t in texts(figure))
    (tail,) = [t for t in texts(figure) if "more warning" in t]
    assert f"and {30 - shown} more warnings" in tail


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_simulated_is_written_across_and_in_words(theme: str) -> None:
    figure = map_figure(map_of(simulated=True), theme=theme, size=SMALL)
    (mark,) = with_gid(figure, "watermark")
    assert isinstance(mark, Text)
    assert mark.get_text() == "SIMULATED"
    (box,) = extents(figure, [mark])
    assert box.width > SMALL[0] / 3
    assert figure.title.startswith("SIMULATED")
    assert "SIMULATED" in figure.description
    assert not with_gid(map_figure(map_of(), size=SMALL), "watermark")


def test_unidentified_prices_are_greyed_on_both_sides() -> None:
    whole = map_of(identified_distance=0.06)
    spans = with_gid(map_figure(whole, size=SMALL), "unidentified")
    assert len(spans) == 2
    assert not with_gid(map_figure(map_of(), size=SMALL), "unidentified")


def test_price_is_a_labelled_line_and_absent_where_not_in_range() -> None:
    assert "price 1,671.85" in texts(map_figure(map_of(), size=SMALL))
    assert "price 1,671.85" not in texts(map_figure(map_of(), price_range=(1500, 1600), size=SMALL))


def test_axes_name_their_units() -> None:
    words = texts(map_figure(map_of(SIX_VENUES), size=SMALL))
    assert "USD of open positions per bar of 5 USDT" in words
    assert "cumulative, USD from the price outward" in words
    assert any(w.startswith("ETH price [USDT]") for w in words)


def _empty() -> LiquidationMap:
    return map_of(sides=(0, 0))


def test_empty_map_and_empty_side_are_drawn_with_their_words() -> None:
    figure = map_figure(_empty(), size=SMALL)
    assert "This map holds no long levels." in figure.description
    assert "This map holds no short levels." in figure.description
    assert "This map holds no short levels." in map_figure(map_of(sides=(1, 0)), size=SMALL).description


def test_svg_is_well_formed_and_holds_the_words_as_metadata() -> None:
    root = ET.fromstring(map_figure(map_of(simulated=True), size=SMALL).to_bytes("svg"))
    assert "SIMULATED · ETH liquidation map · MODELLED" in "".join(root.itertext())


def test_wrong_wishes_are_refused() -> None:
    with pytest.raises(InputError, match="venue or leverage"):
        map_figure(map_of(), by="coin")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="picture size"):
        map_figure(map_of(), size=(100, 100))
    with pytest.raises(InputError, match="theme"):
        map_figure(map_of(), theme="sepia")


def test_labels_that_touch_move_as_one_block() -> None:
    assert spread([50.0, 50.0, 50.0], [10.0, 10.0, 10.0], 0.0, 100.0) == [40.0, 50.0, 60.0]
    assert spread([1.0, 99.0], [10.0, 10.0], 0.0, 100.0) == [5.0, 95.0]
    assert spread([5.0, 8.0, 90.0], [10.0, 10.0, 10.0], 0.0, 100.0) == [5.0, 15.0, 90.0]


def test_a_page_s_picture_names_the_caller_s_zones_and_leaves_the_small_print_to_the_page() -> None:
    result = map_of(SIX_VENUES)
    price = result.head.price
    zones = (Zone("long", price * 0.95, price * 0.96, 5e6), Zone("short", price * 1.03, price * 1.04, 4e6))
    named = map_figure(result, theme="paper", size=SMALL, zones=zones)
    assert len(with_gid(named, "zone:long")) == len(with_gid(named, "zone:short")) == 1
    assert format_usd(5e6) in " ".join(texts(named))
    assert not any("Model" in text or "⚠" in text for text in texts(named))
    whole = map_figure(result, theme="light", size=SMALL, zones=zones)
    assert len(texts(whole)) > len(texts(named))
    far = (Zone("long", price * 1e-4, price * 2e-4, 5e6),)
    assert zones_within(view_of(result), far) == ()
