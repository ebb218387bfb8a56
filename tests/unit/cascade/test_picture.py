from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.base.errors import InputError
from liqatlas.base.format import format_usd
from liqatlas.cascade.shock import parse_shock
from liqatlas.cascade.simulation import CascadeResult, CascadeSettings, run_cascade
from liqatlas.plot.cascade_picture import cascade_figure, price_span
from liqatlas.plot.cascade_words import cascade_text, chance
from tests.unit.cascade.conftest import map_of

if TYPE_CHECKING:
    from liqatlas.book.depth import Book


@pytest.fixture(params=["-3%", "-30M", "level:104", "+2%"])
def result(request: pytest.FixtureRequest, books: dict[str, Book]) -> CascadeResult:
    return run_cascade(map_of(), books, parse_shock(request.param), CascadeSettings(runs=200))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_both_themes_both_directions(result: CascadeResult, theme: str) -> None:
    figure = cascade_figure(result, theme=theme)
    assert figure.to_bytes("png").startswith(b"\x89PNG")
    assert "uncalibrated" in figure.description
    axes = figure.figure.axes
    low, high = price_span(result)
    assert all(a.get_ylim() == pytest.approx((low, high)) for a in axes)
    assert low < result.head.price < high


def test_bars_hold_the_fuel_that_is_shown(books: dict[str, Book]) -> None:
    from liqatlas.plot.cascade_picture import _binned

    out = run_cascade(map_of(), books, parse_shock("-3%"), CascadeSettings(runs=50))
    assert out.ladder.ends is not None
    far = float(out.ladder.price_at(out.ladder.ends[-1]))
    bars = _binned(out, np.linspace(far, 100.0, 60))
    assert bars.sum(axis=1) == pytest.approx(out.ladder.fuel.sum(axis=1))


def test_self_sustaining_stretches_are_hatched(books: dict[str, Book]) -> None:
    heavy = run_cascade(map_of(map_of().usd * 50), books, parse_shock("-3%"), CascadeSettings(runs=50))
    assert heavy.branching.zones
    drawn = [p.get_gid() for a in cascade_figure(heavy).figure.axes for p in a.patches]
    assert drawn.count("self-sustaining") == 3 * len(heavy.branching.zones)


def test_simulated_is_written_across(books: dict[str, Book]) -> None:
    out = run_cascade(map_of(simulated=True), books, parse_shock("-3%"), CascadeSettings(runs=50))
    figure = cascade_figure(out).figure
    assert any(t.get_gid() == "watermark" for t in figure.texts)
    assert "SIMULATED" in cascade_text(out)


def test_text_names_what_was_computed(result: CascadeResult) -> None:
    text = cascade_text(result, width=90)
    assert "uncalibrated" in text
    factor = result.depth_factor
    assert f"Smallest order that reaches, in books at {factor:.2f} times their depth" in text
    seen = float(result.ladder.depths[0].cumulative(0.01))
    assert f"{format_usd(seen)} of depth within 1 % before the factor, {format_usd(factor * seen)} at" in text
    assert "Hyperliquid" in text
    assert ("The sale fills" in text) == (result.shock.kind == "order")


def test_a_chance_is_a_band_until_it_is_calibrated() -> None:
    assert chance(0.4, (0.2, 0.6), calibrated=False) == "20 % to 60 % of runs"
    assert chance(0.4, (0.2, 0.6), calibrated=True) == "40 %"


def test_unknown_theme(books: dict[str, Book]) -> None:
    out = run_cascade(map_of(), books, parse_shock("-3%"), CascadeSettings(runs=50))
    with pytest.raises(InputError, match="theme"):
        cascade_figure(out, theme="sepia")
