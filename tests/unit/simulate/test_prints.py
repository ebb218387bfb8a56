"""What a venue lets through of its liquidations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest

from liqatlas.base import schemas
from liqatlas.simulate import simulate
from liqatlas.simulate.prints import published

if TYPE_CHECKING:
    from liqatlas.simulate import Simulation
    from liqatlas.simulate.config import PrintRule


def tape(*moments_ms: int) -> pl.DataFrame:
    count = len(moments_ms)
    return pl.DataFrame(
        {
            "ts_event_ns": [ms * 1_000_000 for ms in moments_ms],
            "liquidated": ["long"] * count,
            "price": [100.0 + i for i in range(count)],
            "price_kind": ["fill"] * count,
            "qty_native": [1.0] * count,
            "notional_usd": [100.0] * count,
            "mark_price": [100.0] * count,
        }
    )


@pytest.mark.parametrize(
    ("rule", "kept"),
    [("all", [0, 1, 2, 3, 4]), ("last_per_second", [1, 2, 4]), ("first_per_second", [0, 2, 3])],
)
def test_rules_on_a_handful_of_prints(rule: PrintRule, kept: list[int]) -> None:
    through = published(tape(5_100, 5_999, 6_000, 8_000, 8_400), rule)
    assert through["price"].to_list() == [100.0 + i for i in kept]
    assert through.schema == schemas.LIQUIDATIONS.schema


@pytest.mark.parametrize("rule", ["last_per_second", "first_per_second"])
def test_throttled_prints_are_a_thin_subset_of_the_truth(minimal: Simulation, rule: PrintRule) -> None:
    config = minimal.config
    throttled = simulate(replace(config, venues=(replace(config.venues[0], print_rule=rule),)))
    full, thin = minimal.recording.liquidations, throttled.recording.liquidations
    assert throttled.truth.markets[0].prints.equals(minimal.truth.markets[0].prints)
    assert thin.join(full, on=full.columns, how="anti", nulls_equal=True).height == 0
    seconds = thin["ts_event_ns"] // 10**9
    assert seconds.is_duplicated().sum() == 0
    assert sorted(seconds.to_list()) == sorted((full["ts_event_ns"] // 10**9).unique().to_list())
    assert 0.1 * full.height < thin.height < 0.9 * full.height
    assert "second" in throttled.recording.prints_scope


def test_prints_can_carry_the_bankruptcy_price(minimal: Simulation) -> None:
    config = minimal.config
    other = simulate(replace(config, venues=(replace(config.venues[0], print_price="bankruptcy"),)))
    prints = other.truth.markets[0].prints
    positions = other.truth.markets[0].positions.unique("position_id")
    joined = prints.join(positions, on="position_id", how="left")
    sign = pl.when(pl.col("liquidated") == "long").then(1.0).otherwise(-1.0)
    # a lost margin: entry less the margin per coin
    expected = joined.select(pl.col("entry_price") * (1 - sign / pl.col("leverage"))).to_series()
    assert (joined["price"] - expected).abs().max() <= 0.051  # type: ignore[operator]
    assert (prints["price_kind"] == "bankruptcy").all()
    assert other.recording.trades.equals(minimal.recording.trades)
