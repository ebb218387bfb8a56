"""An outsider who scores the exported file finds what ``evaluate`` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from liqatlas.base.clock import parse_time
from liqatlas.evaluate.scores import log_likelihood
from liqatlas.flows.calibrate import Period
from liqatlas.flows.evaluate import Mode, build_evaluation, export_predictions
from liqatlas.flows.request import Request
from tests.oracle import naive_scores
from tests.unit.levels.hour_markets import random_market, write_folder

if TYPE_CHECKING:
    from pathlib import Path

DAYS = 14
TRAIN, TEST = ("2026-06-01", "2026-06-10"), ("2026-06-11", "2026-06-15")


def test_likelihoods_agree_on_whole_numbers() -> None:
    for amount, mean, dispersion in ((0, 0.3, 0.5), (3, 7.5, 1.4), (250, 90.0, 0.9)):
        wanted = naive_scores.whole_number_likelihood(amount, mean, dispersion)
        given = (np.array([float(amount)]), np.array([mean]), dispersion)
        assert log_likelihood(*given)[0] == pytest.approx(wanted)
        assert naive_scores.likelihood(*given)[0] == pytest.approx(wanted)


def test_an_outsider_finds_the_same_gain(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "binance_eth_5m_oi", random_market(24 * DAYS, 4))
    request = Request(asset="ETH", paths=(folder,))
    train, test = (Period(*(parse_time(t) for t in span)) for span in (TRAIN, TEST))
    report = build_evaluation(request, train=train, test=test)
    modes: tuple[Mode, Mode] = ("frozen", "running")
    for mode, scores in zip(modes, report.evaluation.scores, strict=True):
        file = tmp_path / f"{mode}.csv"
        export_predictions(request, file, mode, train=train)
        rows = naive_scores.rows_of(folder, file)
        fitted, judged = (
            (naive_scores.seconds(start), naive_scores.seconds(end)) for start, end in (TRAIN, TEST)
        )
        found = naive_scores.gain_over_b3(rows, fitted, judged)
        assert found == pytest.approx(scores.gains["B3"].per_row.mean, abs=0.01)
    # the last file and rows are those of the running mode; a file of test hours alone must say the same
    late = tmp_path / "late.csv"
    pl.read_csv(file).filter(pl.col("hour_start_utc") >= TEST[0]).write_csv(late)
    again = build_evaluation(request, train=train, test=test, predictions=late)
    given = again.evaluation.scores[0].gains
    found = naive_scores.gain_over_b3(rows, fitted, judged, crossed=True)
    assert given["B3"].per_row.mean == pytest.approx(found, abs=0.01)
    assert given["B3"].per_row.mean == pytest.approx(scores.gains["B3"].per_row.mean, abs=0.03)
    assert abs(given["running"].per_row.mean) < 1e-4
    assert sum("4 blocks of days" in warning for warning in again.warnings) == 1
