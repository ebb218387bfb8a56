"""Predictions as CSV: what is written comes back, and what cannot be read is named with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.base.errors import FormatError, InputError
from liqatlas.flows.estimator_source import judged_hours
from liqatlas.flows.predictions_file import COLUMNS, read_predictions, write_predictions
from tests.unit.levels.hour_markets import random_market

if TYPE_CHECKING:
    from pathlib import Path

MARKET = random_market(6)
HEAD = ",".join(COLUMNS) + "\n"


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    mean = np.arange(12.0).reshape(6, 2)
    write_predictions(tmp_path / "p.csv", MARKET.start_ns, mean)
    lines = (tmp_path / "p.csv").read_text().splitlines()
    assert lines[:3] == [
        "hour_start_utc,liquidated,predicted_usd",
        "2026-06-01T00:00:00Z,long,0.0",
        "2026-06-01T00:00:00Z,short,10000.0",
    ]
    assert len(lines) == 13
    np.testing.assert_allclose(read_predictions(tmp_path / "p.csv", judged_hours(MARKET)), mean)


def test_other_time_spellings_columns_and_hours_outside_are_fine(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(
        "predicted_usd,hour_start_utc,liquidated,note\n5e4,2026-06-01 01:00:00+00:00,short,x\n1,2020-01-01T00:00:00Z,long,y\n"
    )
    got = read_predictions(tmp_path / "p.csv", judged_hours(MARKET))
    assert got[1, 1] == 5.0
    assert np.isfinite(got).sum() == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "columns hour_start_utc, liquidated, predicted_usd are missing"),
        (HEAD + "2026-06-01T00:30:00Z,long,1\n", ":2: .*not the start of an hour"),
        (HEAD + "2026-06-01T00:00:00Z,buy,1\n", ":2: liquidated is 'buy'"),
        (HEAD + "2026-06-01T00:00:00Z,long,-1\n", ":2: predicted_usd is -1"),
        (HEAD + "soon,long,1\n", ":2: .*cannot be read"),
        (HEAD + "2026-06-01T00:00:00Z,long,1\n2026-06-01T00:00:00Z,long,2\n", ":3: .*stands twice"),
        (HEAD + "2020-06-01T00:00:00Z,long,1\n", "no row lies in the hours of the data"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(FormatError, match=said):
        read_predictions(tmp_path / "p.csv", judged_hours(MARKET))


def test_a_file_without_an_hour_that_is_scored_is_refused(tmp_path: Path) -> None:
    hours = judged_hours(MARKET)
    scored = np.arange(len(hours)) >= 3
    (tmp_path / "p.csv").write_text(HEAD + "2026-06-01T00:00:00Z,long,1\n")
    assert np.isfinite(read_predictions(tmp_path / "p.csv", hours)).any()
    with pytest.raises(FormatError, match=r"no row lies in the hours scored, 2026-06-01T03:00:00Z to "):
        read_predictions(tmp_path / "p.csv", hours, scored=scored)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        write_predictions(tmp_path / "none" / "p.csv", MARKET.start_ns, np.ones((6, 2)))
