"""Bars that stand in for trades: the path they are walked on meets all they say, and nobody's volume is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.clock import MINUTE_NS
from liqatlas.levels.flow import flow_bars
from tests.oracle.test_levels_naive import GRID, NEAREST
from tests.unit.flows.markets import bars_market

pytestmark = pytest.mark.kernels


@pytest.mark.parametrize("samples", [0, 1, 4])
def test_the_path_meets_highs_lows_and_marks_and_carries_all_volume(samples: int) -> None:
    """Mark samples lie 1 % below trades: extremes between them are the bar's own, moved by that much."""
    market = bars_market(3, 5)
    bars = market.bars.with_columns(pl.col("high") * 1.01, pl.col("low") * 0.99)  # wicks of several bins
    moments = [bars["ts_open_ns"] + (2 * i + 1) * MINUTE_NS // (2 * samples) for i in range(samples)]
    marks = pl.DataFrame({"ts_event_ns": pl.concat(moments).sort()}) if samples else schemas.MARKS.empty()
    if samples:
        part = (marks["ts_event_ns"] % MINUTE_NS / MINUTE_NS).to_numpy()
        opened, close = (np.repeat(bars[name].to_numpy(), samples) for name in ("open", "close"))
        marks = schemas.MARKS.conform(
            marks.with_columns(mark_price=pl.Series((opened * (1 - part) + close * part) * 0.99))
        )
    recording = replace(market, bars=bars, mark_bars=schemas.BARS.empty(), marks=marks)
    flow = flow_bars(recording, GRID, as_of_ns=10**19, nearest=NEAREST)
    runs = flow.runs
    start, end = int(flow.edges_ns[0]), int(flow.edges_ns[-1])
    whole = bars.filter((pl.col("ts_open_ns") >= start) & (pl.col("ts_close_ns") <= end))
    assert whole.height > 100
    assert runs.qty.sum() == pytest.approx(float(flow.volume.sum()), rel=1e-9)
    assert float(whole["volume_native"].sum()) <= runs.qty.sum() * (1 + 1e-9)
    basis = 0.99 if samples else 1.0
    touched = runs.low <= runs.high
    assert abs(int(runs.high[touched].max()) - GRID.bin(float(whole["high"].to_numpy().max()) * basis)) <= 1
    assert abs(int(runs.low[touched].min()) - GRID.bin(float(whole["low"].to_numpy().min()) * basis)) <= 1
