"""Totals of thinned prints: never more than a lower bound by themselves, corrected by a rule that a complete feed judges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import orjson
import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.base.clock import HOUR_NS, NS_PER_S, format_moment, parse_time, parse_zone
from liqatlas.base.errors import NotEnoughDataError
from liqatlas.base.recording import Recording
from liqatlas.flows.ingest import keep
from liqatlas.flows.realised import build_realised
from liqatlas.flows.realised_report import realised_text, realised_tree
from liqatlas.flows.request import Request
from liqatlas.maps.thinning import thinned
from liqatlas.store import Lake
from tests.unit.flows.markets import X

if TYPE_CHECKING:
    from pathlib import Path

NOW = parse_time("2026-10-01T12:00Z")
REQUEST = Request(asset="BTC", as_of_ns=NOW)


def prints(venue: str, seed: int, *, thin: bool, per_s: float = 0.5) -> tuple[Recording, float]:
    """Return a day's prints of a venue, and the true total of the last 24 hours."""
    rng = np.random.default_rng(seed)
    count = int(24 * 3_600 * per_s)
    ts = np.sort(rng.integers(NOW - 24 * HOUR_NS + NS_PER_S, NOW, count))
    frame = pl.DataFrame(
        {
            "ts_event_ns": ts,
            "liquidated": rng.choice(["long", "short"], count),
            "price": 60_000.0,
            "price_kind": "fill",
            "qty_native": 0.1,
            "notional_usd": rng.lognormal(8, 1, count),
        }
    )
    kept = frame.filter(pl.Series(thinned(ts))) if thin else frame
    instrument = replace(X, venue=venue, symbol="BTCUSDT")
    return Recording(instrument, liquidations=schemas.LIQUIDATIONS.conform(kept)), float(
        frame["notional_usd"].sum()
    )


def test_a_thinned_total_is_corrected_and_the_complete_feed_judges_the_rule() -> None:
    (thin, truth), (whole, all_of_it) = prints("binance", 1, thin=True), prints("bybit", 2, thin=False)
    result = build_realised(REQUEST, [thin, whole])
    totals = {one.venue: one.totals[-1] for one in result.exchanges}
    assert totals["binance"].at_least
    assert totals["binance"].usd < 0.85 * truth
    assert totals["binance"].corrected_usd == pytest.approx(truth, rel=0.05)
    assert totals["bybit"].corrected_usd is None  # nothing is left out
    assert totals["bybit"].usd == pytest.approx(all_of_it)
    assert result.together[-1].corrected_usd == pytest.approx(truth + all_of_it, rel=0.05)
    assert "bybit:BTCUSDT" in result.correction
    tree = orjson.loads(orjson.dumps(realised_tree(result)))
    assert tree["totals"][-1]["corrected_usd"] == pytest.approx(result.together[-1].corrected_usd)
    text = realised_text(result, parse_zone("UTC"))
    assert "corrected, about" in text
    assert "thinned and corrected alike" in text


def test_without_a_complete_feed_it_says_so_and_without_a_rule_there_is_no_estimate() -> None:
    alone = build_realised(REQUEST, [prints("binance", 1, thin=True)[0]])
    assert "no complete feed was at hand" in alone.correction
    okx = build_realised(REQUEST, [prints("okx", 1, thin=True)[0]])
    assert okx.together[-1].corrected_usd is None
    assert okx.together[-1].at_least
    assert "do not say by which rule" in realised_text(okx, parse_zone("UTC"))


def test_an_empty_stretch_names_the_moment_and_the_newest_print() -> None:
    (one, _) = prints("binance", 1, thin=True, per_s=0.001)
    newest = int(one.liquidations["ts_event_ns"].max())  # type: ignore[arg-type]
    later = Request(asset="BTC", as_of_ns=NOW + 48 * HOUR_NS)
    with pytest.raises(
        NotEnoughDataError, match=r"24 h up to 2026-10-03 12:00 UTC; the newest .* --as-of "
    ) as said:
        build_realised(later, [one])
    assert format_moment(newest) in str(said.value)


def test_an_asset_whose_prints_are_all_left_out_says_why() -> None:
    empty = Recording(replace(X, symbol="BTCUSDT"), warnings=("the contract value is not known",))
    with pytest.raises(NotEnoughDataError, match=r"nothing of BTC .* the contract value is not known"):
        build_realised(REQUEST, [empty])


def hourly(*hours: int) -> Recording:
    """Return a vendor's totals of some of the hours of a day, 10 USD of longs and 1 of shorts each."""
    opens = [NOW - 24 * HOUR_NS + h * HOUR_NS for h in hours]
    frame = pl.DataFrame(
        {"ts_open_ns": opens, "ts_close_ns": [t + HOUR_NS for t in opens], "long_usd": 10.0, "short_usd": 1.0}
    )
    bars = schemas.LIQUIDATION_BARS.conform(frame)
    return Recording(replace(X, symbol="BTCUSDT"), liquidation_bars=bars, prints_scope="A + B")


@pytest.mark.parametrize(
    ("early_ns", "missing", "shares"),
    [
        (0, (), (1.0, 1.0, 1.0, 1.0)),
        (HOUR_NS // 2, (), (0.0, 3 / 4, 11 / 12, 23 / 24)),
        (0, (22,), (1.0, 3 / 4, 11 / 12, 23 / 24)),
    ],
)
def test_summed_intervals_are_a_lower_bound_where_they_do_not_cover_the_stretch(
    early_ns: int, missing: tuple[int, ...], shares: tuple[float, ...]
) -> None:
    one = hourly(*(h for h in range(-1, 24) if h not in missing))
    result = build_realised(Request(asset="BTC", as_of_ns=NOW - early_ns), [one])
    totals = result.exchanges[0].totals
    assert [t.recorded_share for t in totals] == pytest.approx(shares)
    assert [t.at_least for t in totals] == [share < 1 for share in shares]
    assert [t.long_usd for t in totals] == pytest.approx(
        [10.0 * t.hours * s for t, s in zip(totals, shares, strict=True)]
    )
    text = realised_text(result, parse_zone("UTC"))
    assert ("≥" in text) == (min(shares) < 1)


def test_a_lake_knows_whose_totals_its_files_were(tmp_path: Path) -> None:
    first, second = hourly(*range(12)), replace(hourly(*range(12, 24)), prints_scope="B + C")
    with Lake.create(tmp_path / "lake") as lake:
        for one in (first, second, first):
            keep(lake, one)
    result = build_realised(replace(REQUEST, lake=tmp_path / "lake"))
    assert result.scope == "A + B; B + C"
    assert result.exchanges[0].totals[-1].long_usd == 240.0


def test_the_scope_names_only_venues_with_prints_or_totals() -> None:
    (one, _) = prints("okx", 1, thin=True)
    silent = Recording(
        replace(X, venue="kraken", symbol="BTC"),
        marks=schemas.MARKS.conform(pl.DataFrame({"ts_event_ns": [NOW], "mark_price": [60_000.0]})),
    )
    assert build_realised(REQUEST, [one, silent]).scope == "okx"
