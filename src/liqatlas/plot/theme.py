"""Every colour of every picture, dark and light; nowhere else may a colour stand.

One fixed colour per exchange and look, read by pictures and by the page alike (``THEMES[name].venues``, of 2026-11-22). The sets were
searched so that any two exchanges stay apart: distance in OKLab >= 0.15 for normal vision, >= 0.095 for protanopia and deuteranopia,
>= 0.075 for tritanopia, >= 0.25 between Bitget, dYdX and Gate; and so that every colour stands at 3:1 or better against its
background. ``tests/unit/plot/test_plot_theme.py`` holds both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ThemeName = Literal["dark", "light", "paper"]
Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of one look, all ``#rrggbb``.

    Attributes
    ----------
    background, panel
        Of the sheet and of the plotting area.
    text, muted, grid, warning
        Words, lesser words, grid lines, words that warn.
    price
        The line of the current price.
    cumulative_long, cumulative_short
        The two curves: purple and white (dark) as in published maps, purple and near-black (light).
    long, short
        Liquidated longs red or orange, liquidated shorts blue.
    up, down, candle_edge
        Bodies and outlines of candles: without hue, so that they never look like a level or a print.
    venues
        Colour per venue key.
    others
        Colours for venues that have none of their own, in the order they appear.
    leverage
        Ramp from the lowest to the highest leverage.
    heat_long, heat_short, heat_all
        Ramps from little to much.
    small_print
        Whether warnings and provenance stand under the picture; a page that prints them itself does without.
    """

    name: ThemeName
    background: str
    panel: str
    text: str
    muted: str
    grid: str
    warning: str
    price: str
    cumulative_long: str
    cumulative_short: str
    long: str
    short: str
    up: str
    down: str
    candle_edge: str
    unidentified: str
    venues: dict[str, str]
    others: tuple[str, ...]
    leverage: tuple[str, ...]
    heat_long: tuple[str, ...]
    heat_short: tuple[str, ...]
    heat_all: tuple[str, ...]
    small_print: bool = True

    def venue_colours(self, keys: Iterable[str]) -> dict[str, str]:
        """Return a colour per venue, fixed for known venues, from ``others`` in order of appearance for the rest."""
        unknown = iter(self.others * 100)
        return {key: self.venues[key] if key in self.venues else next(unknown) for key in keys}

    def leverage_colours(self, labels: Sequence[str]) -> dict[str, str]:
        """Return a colour per leverage band; labels highest leverage first, as a map holds them."""
        last = max(1, len(labels) - 1)
        return {label: hex_of(blend(self.leverage, 1 - i / last)) for i, label in enumerate(labels)}


DARK = Theme(
    name="dark",
    background="#0c0f14",
    panel="#12161d",
    text="#e8ebf0",
    muted="#a3acb9",
    grid="#262c36",
    warning="#ffc857",
    price="#ff4d5e",
    cumulative_long="#b98cff",
    cumulative_short="#ffffff",
    long="#ff8a3d",
    short="#4cb8f0",
    up="#ffffff",
    down="#1b212b",
    candle_edge="#f2f4f7",
    unidentified="#8b95a5",
    venues={
        "binance": "#b3c230",
        "binance_coinm": "#be823c",
        "bybit": "#c8eeba",
        "okx": "#cd4aa1",
        "bitget": "#0e7555",
        "bitget_coinm": "#f0c8fa",
        "bitfinex": "#22bc96",
        "dydx": "#fa82e6",
        "hyperliquid": "#70ff0e",
        "gate": "#8c0afa",
        "bitmex": "#c81e18",
        "simulated": "#aa71ff",
    },
    others=("#9aa3b0", "#6c7684", "#c5ccd6"),
    leverage=("#4a5fa8", "#3d8fb5", "#4fbf9f", "#b5d65c", "#ffe65a"),
    heat_long=("#1a1317", "#4d1722", "#a5321f", "#f98225", "#ffeeb0"),
    heat_short=("#0f1822", "#13325c", "#176399", "#35b4d6", "#dcfaff"),
    heat_all=("#15132a", "#3a2069", "#8f2d78", "#ea6249", "#fde68a"),
)

LIGHT = Theme(
    name="light",
    background="#ffffff",
    panel="#ffffff",
    text="#14181f",
    muted="#525c6b",
    grid="#dfe4ea",
    warning="#8a4b00",
    price="#d0021b",
    cumulative_long="#7a2fd0",
    cumulative_short="#14181f",
    long="#c2410c",
    short="#0b6fb8",
    up="#ffffff",
    down="#3a4250",
    candle_edge="#14181f",
    unidentified="#6b7482",
    venues={
        "binance": "#ac390f",
        "binance_coinm": "#b18a7b",
        "bybit": "#1d3c02",
        "okx": "#812cb8",
        "bitget": "#2a48f8",
        "bitget_coinm": "#280000",
        "bitfinex": "#176e53",
        "dydx": "#c24a90",
        "hyperliquid": "#2197d3",
        "gate": "#4a015b",
        "bitmex": "#f25704",
        "simulated": "#4b4777",
    },
    others=("#6c7684", "#8a93a0", "#3f4854"),
    leverage=("#7da3d9", "#3f86c2", "#2a6a86", "#274b52", "#1a2428"),
    heat_long=("#fff4ea", "#fbc48a", "#ee7b30", "#b8330f", "#5a0d0d"),
    heat_short=("#edf6fd", "#9fd0ee", "#3d97d3", "#155a9c", "#0a2350"),
    heat_all=("#f5f0fa", "#c8b2e0", "#c0609f", "#8c1f60", "#3b0a33"),
)

#: The light look inside a page that carries warnings and provenance itself.
PAPER = replace(LIGHT, name="paper", small_print=False)

THEMES: dict[str, Theme] = {"dark": DARK, "light": LIGHT, "paper": PAPER}


def theme_of(name: str) -> Theme:
    """Return a theme by its name.

    Raises
    ------
    InputError
        If there is no such theme.
    """
    if name not in THEMES:
        raise InputError(f"theme {name!r} is unknown: wanted one of {', '.join(THEMES)}")
    return THEMES[name]


def rgb_of(colour: str) -> Rgb:
    """Return ``#rrggbb`` as three numbers 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def hex_of(rgb: Rgb) -> str:
    """Return three numbers 0 to 255 as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def blend(ramp: Sequence[str], position: float) -> Rgb:
    """Return the colour of a ramp at a position 0 to 1, between its evenly spaced anchors.

    Examples
    --------
    >>> blend(("#000000", "#ffffff"), 0.5)
    (128, 128, 128)
    """
    at = min(1.0, max(0.0, position)) * (len(ramp) - 1)
    index = min(int(at), len(ramp) - 2)
    low, high, part = rgb_of(ramp[index]), rgb_of(ramp[index + 1]), at - index
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(low, high, strict=True))
    return red, green, blue
