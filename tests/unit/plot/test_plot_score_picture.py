"""The picture of an evaluation: it holds what was handed in, and says SIMULATED where it must."""

from __future__ import annotations

import numpy as np
import pytest

from liqatlas.plot.score_picture import ScorePicture, score_figure

HOUR = 3_600_000_000_000
SHOWN = ScorePicture(
    headline="BTC: how good is the map",
    about="made up",
    warnings=("a warning",),
    reliability={"frozen": np.array([[1e4, 1e5, 1e6], [2e4, 9e4, 1.1e6]])},
    depth_labels=("0-1 %", "over 1 %"),
    skill={"frozen over B3": np.array([[0.1, np.nan], [0.05, np.nan], [0.2, np.nan]])},
    moments_ns=1_780_272_000_000_000_000 + HOUR * np.arange(48),
    level=np.linspace(0.8, 1.2, 48),
    simulated=True,
)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_picture_holds_its_data(theme: str) -> None:
    figure = score_figure(SHOWN, theme=theme)
    reliability, skill, level = figure.figure.axes
    drawn = np.asarray(reliability.get_lines()[0].get_xydata(), dtype=np.float64)
    np.testing.assert_allclose(drawn, SHOWN.reliability["frozen"].T)
    assert [t.get_text() for t in skill.get_xticklabels()] == list(SHOWN.depth_labels)
    assert np.asarray(level.get_lines()[0].get_xydata()).shape == (48, 2)
    assert "SIMULATED" in "".join(t.get_text() for t in figure.figure.texts)
    assert figure.to_bytes("png")[:4] == b"\x89PNG"
    assert "a warning" in figure.description
