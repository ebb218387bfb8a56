"""Contrast and colour blindness, by formulas written down here and nowhere in the package.

Contrast: WCAG 2.2 relative luminance. Colour blindness: Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
Distance: Euclidean in OKLab (Ottosson 2020), where about 0.02 is just noticeable side by side.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.base.errors import InputError
from liqatlas.base.instruments import VENUES
from liqatlas.plot.theme import THEMES, Theme, blend, hex_of, rgb_of, theme_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

PROTANOPIA = [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
]
DEUTERANOPIA = [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
]
TRITANOPIA = [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.303900],
]
NORMAL = np.eye(3).tolist()
VISIONS = {"normal": NORMAL, "protanopia": PROTANOPIA, "deuteranopia": DEUTERANOPIA}
#: Smallest distance between two venues' colours, by how they are seen.
APART = {"normal": 0.15, "protanopia": 0.095, "deuteranopia": 0.095, "tritanopia": 0.075}
_LMS = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]

themes = pytest.mark.parametrize("theme", list(THEMES.values()), ids=list(THEMES))


def linear(colour: str) -> NDArray[np.float64]:
    channels = np.array(rgb_of(colour)) / 255
    return np.asarray(np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4))


def contrast(a: str, b: str) -> float:
    low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def oklab(colour: str, vision: list[list[float]]) -> NDArray[np.float64]:
    seen = np.clip(np.array(vision) @ linear(colour), 0, 1)
    return np.asarray(np.array(_LAB) @ np.cbrt(np.array(_LMS) @ seen))


def distance(a: str, b: str, vision: list[list[float]]) -> float:
    return float(np.linalg.norm(oklab(a, vision) - oklab(b, vision)))


def test_yardsticks_measure_what_is_known() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert distance("#ff0000", "#00a000", NORMAL) > 3 * distance("#a08000", "#80a000", NORMAL)
    # Red and green of one lightness are the textbook pair that protanopes and deuteranopes confuse.
    assert distance("#b05050", "#6f7a3a", DEUTERANOPIA) < 0.5 * distance("#b05050", "#6f7a3a", NORMAL)


@themes
def test_words_can_be_read(theme: Theme) -> None:
    for ground in (theme.background, theme.panel):
        for colour in (theme.text, theme.muted, theme.warning):
            assert contrast(colour, ground) >= 4.5


@themes
def test_marks_stand_out_from_the_ground(theme: Theme) -> None:
    marks = [theme.price, theme.cumulative_long, theme.cumulative_short, theme.long, theme.short]
    marks += [*theme.venues.values(), *theme.others, theme.candle_edge, theme.unidentified]
    for colour in marks:
        assert contrast(colour, theme.panel) >= 3.0, colour


@themes
def test_every_known_venue_has_a_fixed_colour_of_its_own(theme: Theme) -> None:
    assert set(theme.venues) >= set(VENUES)
    assert len(set(theme.venues.values())) == len(theme.venues)
    alone = theme.venue_colours(["okx"])["okx"]
    assert theme.venue_colours(["binance", "someone", "okx"])["okx"] == alone


@themes
@pytest.mark.parametrize("vision", list(APART))
def test_venues_stay_apart_for_everybody(theme: Theme, vision: str) -> None:
    seen = (VISIONS | {"tritanopia": TRITANOPIA})[vision]
    for a, b in combinations(theme.venues.values(), 2):
        assert distance(a, b, seen) >= APART[vision], (a, b)


@themes
def test_venues_that_were_taken_for_each_other_no_longer_are(theme: Theme) -> None:
    for a, b in combinations(("bitget", "dydx", "gate"), 2):
        assert distance(theme.venues[a], theme.venues[b], NORMAL) >= 0.25, (a, b)


@themes
@pytest.mark.parametrize("vision", list(VISIONS))
def test_both_sides_and_curves_stay_apart_for_the_colour_blind(theme: Theme, vision: str) -> None:
    assert distance(theme.long, theme.short, VISIONS[vision]) >= 0.2
    assert distance(theme.cumulative_long, theme.cumulative_short, VISIONS[vision]) >= 0.2


@themes
def test_ramps_change_lightness_in_one_direction(theme: Theme) -> None:
    for ramp in (theme.leverage, theme.heat_long, theme.heat_short, theme.heat_all):
        for vision in VISIONS.values():
            light = [oklab(hex_of(blend(ramp, at)), vision)[0] for at in np.linspace(0, 1, 33)]
            steps = np.diff(light)
            assert np.all(steps > 0) or np.all(steps < 0), ramp


@themes
def test_leverage_bands_differ_by_a_visible_step(theme: Theme) -> None:
    colours = list(theme.leverage_colours(["100x+", "50-100x", "25-50x", "10-25x", "5-10x", "1-5x"]).values())
    for vision in VISIONS.values():
        assert min(distance(a, b, vision) for a, b in combinations(colours, 2)) >= 0.045


def test_unknown_venues_share_no_colour_until_the_spare_ones_run_out() -> None:
    colours = THEMES["dark"].venue_colours(["one", "two", "three"])
    assert len(set(colours.values())) == 3


def test_unknown_theme_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="dark, light"):
        theme_of("sepia")
