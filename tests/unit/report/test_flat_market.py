"""A market that does not move, from recording to page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.clock import HOUR_NS
from liqatlas.flows.report import build_report
from liqatlas.flows.report_render import render_report
from liqatlas.flows.request import Request
from tests.unit.signals.scenes import AS_OF, recording

if TYPE_CHECKING:
    from liqatlas.flows.report_render import ReportFormat

REQUEST = Request(asset="ABC", as_of_ns=AS_OF, max_leverage=50.0, maintenance_rate=0.005)


@pytest.mark.parametrize("hours", [200, 6], ids=["flat for days", "hardly any history"])
def test_a_market_that_does_not_move_gets_a_report_that_says_so(hours: int) -> None:
    one = recording([100.0] * hours, open_interest=[1000.0] * hours)
    opens = [AS_OF - HOUR_NS * (hours - i) for i in range(hours)]
    bars = pl.DataFrame(
        {"ts_open_ns": opens, "ts_close_ns": [t + HOUR_NS for t in opens]}
        | dict.fromkeys(("open", "high", "low", "close"), 100.0)
    ).with_columns(volume_native=pl.lit(50.0), price_kind=pl.lit("last"))
    result = build_report(REQUEST, [replace(one, bars=schemas.BARS.conform(bars))])
    text = " ".join(render_report(result, "term").decode().split())
    assert "No volatility can be measured" in text
    assert "nominal 3% a day" in text
    forms: tuple[ReportFormat, ...] = ("md", "json", "html", "pdf")
    for form in forms:
        assert len(render_report(result, form)) > 500
