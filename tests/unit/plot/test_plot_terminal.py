from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqatlas.base.errors import InputError
from liqatlas.base.format import format_usd
from liqatlas.plot import Screen, render_heatmap, render_map
from liqatlas.plot.terminal.bars import letters_of, stacked_bar
from liqatlas.plot.terminal.canvas import Span, nearest_256, width_of
from tests.unit.plot.plot_scenes import SIX_VENUES, heatmap_of, map_of

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
RUNG = re.compile(r"^ *([\d,.]+) +(\$[\d.]+[KMBT]?) (.*?) +(\$[\d.]+[KMBT]?)(?:  ◆.*)?$")
PLAIN = Screen(100, 44, "none")

LADDER = """\
ETH liquidation map · MODELLED
outstanding: open positions by liquidation price, at the as-of mark price · unit USD · stacked by
venue
window 3d · as of 2026-02-05 18:00 UTC · price 1,671.85 USDT (median mark)
"""


def rungs(text: str) -> list[tuple[float, str, str, str]]:
    found = [RUNG.match(line) for line in text.splitlines()]
    return [(float(m[1].replace(",", "")), m[2], m[3], m[4]) for m in found if m]


def test_every_rung_states_the_maps_own_numbers() -> None:
    whole = map_of(SIX_VENUES)
    rows = rungs(render_map(whole, PLAIN))
    assert len(rows) > 12
    price = whole.head.price
    assert [r[0] for r in rows] == sorted((r[0] for r in rows), reverse=True)
    for (at, there, _, on_the_way), (below, *_) in pairwise(rows):
        longs, shorts = whole.to(at)["all"]
        assert on_the_way == format_usd(shorts if at > price else longs)
        if at > price:
            cut = whole.rebin(np.array([max(below, price), at]))
            assert there == format_usd(float(cut.short_usd.sum()))


def test_plain_text_holds_no_escape_and_ascii_no_block() -> None:
    whole, scene = map_of(SIX_VENUES, warnings=("ok",), identified_distance=0.2), heatmap_of(60, 80)
    for text in (render_map(whole, PLAIN), render_heatmap(scene, PLAIN)):
        assert "\x1b" not in text
    ascii_only = Screen(100, 44, "none", unicode=False)
    for text in (render_map(whole, ascii_only), render_heatmap(scene, ascii_only)):
        assert text.isascii()


@pytest.mark.parametrize("colour", ["truecolor", "256", "none"])
@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_no_line_is_wider_than_the_screen(colour: str, width: int) -> None:
    screen = Screen(width, 40, colour)  # type: ignore[arg-type]
    for text in (
        render_map(map_of(SIX_VENUES, warnings=("a long warning " * 20,)), screen),
        render_map(map_of(asset="PEPE", price=0.00001234), screen, by="leverage"),
        render_map(map_of(quantity="liquidated", kind="realised"), screen),
        render_heatmap(heatmap_of(300, 80), screen),
    ):
        for line in text.splitlines():
            assert width_of(ESCAPE.sub("", line)) <= width, line


def test_colour_says_no_more_than_plain_text() -> None:
    whole = map_of()
    coloured = rungs(ESCAPE.sub("", render_map(whole, Screen(100, 44, "truecolor"))))
    assert [(r[0], r[1], r[3]) for r in coloured] == [
        (r[0], r[1], r[3]) for r in rungs(render_map(whole, PLAIN))
    ]
    assert "\x1b[38;2;" in render_map(whole, Screen(100, 44, "truecolor"))
    assert re.search(r"\x1b\[38;5;\d+m", render_map(whole, Screen(100, 44, "256")))
    assert ";2;" not in render_map(whole, Screen(100, 44, "256"))


def test_shorts_above_price_in_the_middle_longs_below() -> None:
    lines = render_map(map_of(), PLAIN).splitlines()
    shorts = next(i for i, line in enumerate(lines) if line.startswith("▲ SHORTS"))
    price = next(i for i, line in enumerate(lines) if "── price" in line)
    longs = next(i for i, line in enumerate(lines) if line.startswith("▼ LONGS"))
    assert shorts < price < longs
    assert lines[price].startswith("1,671.85")
    assert all(r[0] > 1671.85 for r in rungs("\n".join(lines[shorts:price])))
    assert all(r[0] < 1671.85 for r in rungs("\n".join(lines[price:longs])))


def test_venues_are_told_apart_without_colour() -> None:
    text = render_map(map_of(SIX_VENUES), PLAIN)
    assert "B Binance $" in text
    heaviest = max(rungs(text), key=lambda r: len(r[2]))[2]
    assert set(heaviest) == set("BYOITM")
    assert "".join(sorted(heaviest, key="BYOITM".index)) == heaviest


def test_head_of_the_ladder_is_as_agreed() -> None:
    assert render_map(map_of(SIX_VENUES), PLAIN).startswith(LADDER)


def test_simulated_is_said_above_and_below() -> None:
    for text in (
        render_map(map_of(simulated=True), PLAIN),
        render_heatmap(heatmap_of(30, 60, simulated=True), PLAIN),
    ):
        assert text.startswith("SIMULATED · ")
        assert "⚠ SIMULATED" in text


def test_unidentified_rungs_are_grey() -> None:
    text = render_map(map_of(identified_distance=0.05), PLAIN)
    grey = [r for r in rungs(text) if "░" in r[2]]
    assert grey
    assert all(abs(r[0] / 1671.85 - 1) > 0.05 for r in grey)


def test_price_outside_the_range_draws_one_side_only() -> None:
    text = render_map(map_of(), PLAIN, price_range=(1400, 1600))
    assert all(r[0] <= 1600 for r in rungs(text))
    assert "── price" not in text


def test_control_characters_of_a_file_never_reach_the_terminal() -> None:
    text = render_map(map_of(asset="ETH\x1b[31m", warnings=("bell\x07",)), PLAIN)
    assert "\x1b" not in text
    assert "\x07" not in text


def test_heatmap_draws_candles_marks_prices_and_times() -> None:
    text = render_heatmap(heatmap_of(60, 80), PLAIN)
    assert "┃" in text
    assert "▼" in text
    assert "◀1,671.85" in text
    assert re.search(r"\d\d-\d\d \d\d:\d\d +.*UTC$", text, re.MULTILINE)


def test_half_blocks_hold_two_prices_in_a_line() -> None:
    scene = heatmap_of(60, 200)
    fine = render_heatmap(scene, Screen(100, 60, "truecolor"))
    body = [line for line in fine.splitlines() if "▀" in line]
    assert len(body) > 10
    assert any(re.search(r"\x1b\[38;2;[\d;]+;48;2;[\d;]+m▀", line) for line in body)


@given(
    amounts=st.lists(st.floats(0, 1e9), min_size=1, max_size=7),
    width=st.integers(1, 60),
    part=st.floats(0.01, 1.0),
    colour=st.sampled_from(["truecolor", "none"]),
)
def test_bar_has_its_width_and_its_length(amounts: list[float], width: int, part: float, colour: str) -> None:
    screen = Screen(100, 40, colour)  # type: ignore[arg-type]
    total = sum(amounts)
    names = [f"v{i}" for i in range(len(amounts))]
    bar = stacked_bar(
        amounts, ["#ff0000"] * len(amounts), letters_of(names), full=total / part, width=width, screen=screen
    )
    text = "".join(span.text for span in bar)
    assert width_of(text) == width
    if total > 0:
        assert abs(len(text.rstrip()) - part * width) <= 1
        assert text.strip()


def test_layers_of_a_bar_keep_their_share() -> None:
    screen = Screen(100, 40, "truecolor")
    bar = stacked_bar([3.0, 1.0], ["#110000", "#220000"], ["A", "B"], full=4.0, width=16, screen=screen)
    assert sum(len(s.text) for s in bar if s.fg == "#110000" and s.text == "█") == 12
    assert sum(len(s.text) for s in bar if s.fg == "#220000" and s.text == "█") == 4


def test_edge_inside_a_character_shows_both_colours() -> None:
    screen = Screen(100, 40, "truecolor")
    bar = stacked_bar([1.0, 1.0], ["#110000", "#220000"], ["A", "B"], full=2.0, width=1, screen=screen)
    assert bar == [Span("▌", fg="#110000", bg="#220000")]


@given(st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255)))
def test_256_colours_are_the_nearest_of_cube_and_greys(rgb: tuple[int, int, int]) -> None:
    levels = (0, 95, 135, 175, 215, 255)
    table = {
        16 + 36 * r + 6 * g + b: (levels[r], levels[g], levels[b])
        for r in range(6)
        for g in range(6)
        for b in range(6)
    }
    table |= {232 + i: (8 + 10 * i,) * 3 for i in range(24)}

    def off(number: int) -> int:
        return sum((a - b) ** 2 for a, b in zip(table[number], rgb, strict=True))

    assert off(nearest_256(rgb)) == min(off(number) for number in table)


def test_letters_are_unique() -> None:
    names = ["Binance", "Binance COIN-M", "Bybit", "Bitget", "Bitfinex", "BitMEX"]
    assert len(set(letters_of(names))) == 6


def test_narrow_or_unknown_screens_are_refused() -> None:
    with pytest.raises(InputError, match="too narrow"):
        Screen(30, 40)
    with pytest.raises(InputError, match="colour mode"):
        Screen(80, 40, "sepia")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="venue or leverage"):
        render_map(map_of(), PLAIN, by="coin")  # type: ignore[arg-type]
