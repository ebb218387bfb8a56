from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from liqatlas.base.errors import ConfigError, InputError
from liqatlas.book.beliefs import load_book_beliefs
from liqatlas.book.depth import Depth
from liqatlas.cascade.beliefs import load_cascade_beliefs
from liqatlas.cascade.inputs import make_market, make_runs, pass_through, split_order
from liqatlas.cascade.kernels_state import Plan
from liqatlas.cascade.ladder import Ladder
from liqatlas.cascade.monte_carlo import run_many
from liqatlas.cascade.shock import Shock
from liqatlas.cascade.venue_rules import plain_rules

LADDER = Ladder(
    "down", 100.0, ("binance", "okx"), np.array([0.01, 0.02]), np.full((2, 2), 1e6),
    (Depth(np.array([0.01]), np.array([3e7]), 1.0), Depth(np.array([0.01]), np.array([1e7]), 1.0)),
)  # fmt: skip


def test_an_order_is_split_so_that_books_move_alike() -> None:
    assert split_order(LADDER, 8e6) == pytest.approx([6e6, 2e6], rel=1e-3)


def test_marks_follow_books_with_rows_that_sum_to_one() -> None:
    assert pass_through(np.array([0.75, 0.25]), 0.3) == pytest.approx(
        np.array([[0.825, 0.175], [0.525, 0.475]])
    )
    with pytest.raises(InputError, match="own mark"):
        pass_through(np.ones(1), 1.5)


def test_runs_follow_their_distributions() -> None:
    regime, beliefs = load_book_beliefs().regime("calm"), load_cascade_beliefs()
    runs = make_runs(LADDER, Shock("order", -1e6), 20_000, 3, regime=regime, beliefs=beliefs)
    assert np.median(runs.depth_factor) == pytest.approx(regime.depth_factor_median, rel=0.05)
    assert np.log(runs.depth_factor).std() == pytest.approx(regime.depth_factor_sigma, rel=0.05)
    assert np.median(runs.release) == pytest.approx(beliefs.release_median, rel=0.05)
    assert runs.release.max() <= 1.0
    assert np.median(runs.keep) == pytest.approx(
        0.5 ** (beliefs.round_s / regime.recovery_half_life_s), rel=1e-4
    )


def test_draws_of_the_map_are_used_in_equal_parts() -> None:
    draws = np.stack([LADDER.fuel * factor for factor in (1.0, 2.0, 3.0, 4.0)])
    market = make_market(replace(LADDER, draws=draws), plain_rules(2))
    runs = make_runs(
        LADDER,
        Shock("move", -0.05),
        4000,
        1,
        regime=load_book_beliefs().regime("visible"),
        beliefs=load_cascade_beliefs(),
    )
    out = run_many(market, runs._replace(release=np.ones(4000)), Plan(1, 1, 10, 0))
    amounts, counts = np.unique(np.rint(out.liquidated / 4e6), return_counts=True)
    assert amounts == pytest.approx([1, 2, 3, 4])
    assert counts == pytest.approx(np.full(4, 1000), rel=0.15)
    with pytest.raises(InputError, match="draws of a ladder"):
        replace(LADDER, draws=np.ones((2, 3, 4)))


def test_inputs_that_cannot_be_run() -> None:
    market = make_market(LADDER, plain_rules(2))
    runs = make_runs(
        LADDER,
        Shock("order", -1e6),
        3,
        3,
        regime=load_book_beliefs().regime(),
        beliefs=load_cascade_beliefs(),
    )
    with pytest.raises(InputError, match="not finite"):
        run_many(market, runs._replace(release=np.full(3, np.nan)), Plan(1, 1, 10, 0))
    with pytest.raises(InputError, match="rounds"):
        run_many(market, runs, Plan(1, 11, 10, 0))
    with pytest.raises(InputError, match="0 runs"):
        run_many(market, runs._replace(move=np.zeros(0)), Plan(1, 1, 10, 0))
    with pytest.raises(InputError, match="rise"):
        run_many(market._replace(depth=market.depth * 0), runs, Plan(1, 1, 10, 0))


def test_beliefs_are_read_or_refused(tmp_path: object) -> None:
    beliefs = load_cascade_beliefs()
    assert np.mean(beliefs.size_quantiles) == pytest.approx(1.0, rel=1e-3)
    from pathlib import Path

    with pytest.raises(ConfigError, match="cannot be read"):
        load_cascade_beliefs(Path(str(tmp_path)) / "none.json")
