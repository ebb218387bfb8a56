"""A confidence grade of a measured map: one letter, and the reasons in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import HOUR_NS
from liqatlas.base.format import format_duration, format_share

if TYPE_CHECKING:
    import polars as pl

    from liqatlas.maps.head import Coverage
    from liqatlas.maps.measured import MeasuredTerms

#: Least observed share of open interest, greatest age of the median dollar, least reproduced share, for A, B and C.
LIMITS = (("A", 0.8, HOUR_NS, 0.95), ("B", 0.5, 6 * HOUR_NS, 0.9), ("C", 0.2, 24 * HOUR_NS, 0.8))


@dataclass(frozen=True, slots=True)
class Grade:
    """A letter from A (nearly the whole book, fresh, reproduced) to D, and why."""

    letter: str
    reasons: tuple[str, ...]


def grade_of(coverage: Coverage, rows: pl.DataFrame, terms: MeasuredTerms) -> Grade:
    """Return the grade: the best letter whose three limits all hold; an unknown coverage cannot pass any."""
    share = coverage.observed_share
    age = _median_age(rows, terms.as_of_ns)
    reproduced = terms.self_test.share if terms.self_test else float("nan")
    reasons = (
        f"{format_share(share)} of open interest seen"
        if np.isfinite(share)
        else "share of open interest unknown",
        f"half of the notional is older than {format_duration(age)}",
        f"{format_share(reproduced)} of published levels reproduced"
        if np.isfinite(reproduced)
        else "levels not checked",
    )
    for letter, least, oldest, right in LIMITS:
        if share >= least and age <= oldest and reproduced >= right:
            return Grade(letter, reasons)
    return Grade("D", reasons)


def _median_age(rows: pl.DataFrame, as_of_ns: int) -> int:
    """Return the age [ns] that half of the notional exceeds."""
    age = as_of_ns - rows["ts_event_ns"].to_numpy()
    usd = (rows["qty_native"] * rows["mark_price"]).to_numpy()
    order = np.argsort(age)
    at = int(np.searchsorted(np.cumsum(usd[order]), usd.sum() / 2))
    return int(age[order][min(at, len(age) - 1)])
