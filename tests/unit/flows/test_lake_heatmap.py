"""A heatmap from the lake is the heatmap of all history, although it reads the window alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from liqatlas.base.clock import HOUR_NS, MINUTE_NS
from liqatlas.flows.build import build_heatmap
from liqatlas.flows.ingest import keep
from liqatlas.flows.request import Request
from liqatlas.store import Lake
from tests.unit.flows.markets import START, bars_market, trades_market

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from liqatlas.base.recording import Recording


@pytest.mark.parametrize("make", [bars_market, trades_market])
@pytest.mark.parametrize(
    ("hours", "window"),
    [
        (60, 7 * HOUR_NS + 5 * MINUTE_NS), (60, 30 * HOUR_NS), (60, 300 * HOUR_NS),
        pytest.param(6, 3 * HOUR_NS, marks=pytest.mark.kernels),
    ],
)  # fmt: skip
def test_the_window_is_read_and_all_of_history_is_shown(
    tmp_path: Path, make: Callable[[int, int], Recording], hours: int, window: int
) -> None:
    recording = make(hours, 3)
    with Lake.create(tmp_path / "lake") as lake:
        keep(lake, recording)
    as_of = START + (hours - 2) * HOUR_NS + 90_000_000_000
    asked = Request(asset=recording.instrument.asset, window_ns=window, as_of_ns=as_of)
    of_rows = build_heatmap(asked, [recording], columns=40, rows=50)
    of_lake = build_heatmap(
        Request(asset=asked.asset, window_ns=window, as_of_ns=as_of, lake=tmp_path / "lake"),
        columns=40,
        rows=50,
    )
    assert np.array_equal(of_lake.times_ns, of_rows.times_ns)
    assert of_rows.long_usd.any()
    np.testing.assert_allclose(of_lake.price_edges, of_rows.price_edges, rtol=1e-12)
    for shown, wanted in ((of_lake.long_usd, of_rows.long_usd), (of_lake.short_usd, of_rows.short_usd)):
        np.testing.assert_allclose(shown, wanted, rtol=1e-6, atol=1e-6 * float(wanted.max()))
    if window < 100 * HOUR_NS:
        assert of_lake.candles.height == of_rows.candles.height
