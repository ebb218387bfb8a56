"""Colours of the positions table: none where the terminal has none, and never another word."""

from __future__ import annotations

import re

from liqatlas.flows.positions_paint import painted
from liqatlas.plot.terminal import Screen

TEXT = "public positions · MEASURED\n0xa5b0…1d41 ◆   ETH   long   $123M  −35 %\n─────\n0x0ddf…a902     ETH  short  $61.8M\n! partial: 3 of 9\n"


def test_without_colour_only_the_warning_sign_changes() -> None:
    assert painted(TEXT, Screen(colour="none")) == TEXT.replace("! partial", "⚠ partial")
    plain = painted(TEXT, Screen(colour="none", unicode=False))
    assert plain.isascii()
    assert "! partial: 3 of 9" in plain


def test_colours_mark_the_sides_and_nothing_else_changes() -> None:
    shown = painted(TEXT, Screen())
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == TEXT.replace("! partial", "⚠ partial")
    look = Screen().look
    sides = dict(re.findall(r"\x1b\[38;2;([0-9;]+)m(long|short)\x1b", shown))
    assert set(sides.values()) == {"long", "short"}
    assert len(sides) == 2
    assert look.long != look.short
