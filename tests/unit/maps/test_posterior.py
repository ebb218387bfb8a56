"""Draws of a map, and how a cascade takes them up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from liqatlas.base.errors import InputError
from liqatlas.book.depth import assumed_book
from liqatlas.cascade.caveats import NO_POSTERIOR
from liqatlas.cascade.ladder import coarser, ladder_of
from liqatlas.cascade.shock import parse_shock
from liqatlas.cascade.simulation import CascadeSettings, run_cascade
from liqatlas.maps.posterior import Posterior
from tests.unit.cascade.conftest import AS_OF, map_of

BOOKS = {"binance": assumed_book("binance", "BTCUSDT", 20e6, as_of_ns=AS_OF)}
WEIGHTS = np.array([[0.5, 0.5], [1.0, 2.0], [2.0, 4.0]])


def drawn_map() -> tuple[Posterior, object]:
    unit = np.zeros((2, 2, 80))
    unit[0, 0, :40], unit[0, 1, :20] = 1e6, 2e6
    unit[1, 0, 40:] = 3e6
    posterior = Posterior(unit, WEIGHTS)
    return posterior, replace(map_of(venues=("binance",), quantity="expected"), posterior=posterior)


def test_draws_are_weights_times_unit_mass() -> None:
    posterior, _ = drawn_map()
    assert posterior.draws(0).shape == (3, 80)
    assert posterior.draws(0)[2, 5] == 2.0 * 1e6 + 4.0 * 2e6
    assert posterior.draws(1)[1].sum() == pytest.approx(40 * 3e6)
    with pytest.raises(InputError, match="weights"):
        Posterior(np.zeros((2, 3, 4)), np.zeros((5, 2)))


def test_a_cascade_draws_from_the_posterior_and_says_where_there_is_none() -> None:
    posterior, world = drawn_map()
    ladder = coarser(ladder_of(world, BOOKS, "down"), 10)  # type: ignore[arg-type]
    assert ladder.draws is not None
    assert ladder.draws.sum(axis=(1, 2)) == pytest.approx(posterior.draws(0).sum(axis=1))
    settings = CascadeSettings(runs=600, venue_rules=False)
    with_draws = run_cascade(world, BOOKS, parse_shock("-5%"), settings)  # type: ignore[arg-type]
    without = run_cascade(
        map_of(venues=("binance",), quantity="expected"), BOOKS, parse_shock("-5%"), settings
    )
    assert NO_POSTERIOR in without.warnings
    assert NO_POSTERIOR not in with_draws.warnings
    spread = [np.log(r.table.liquidated).std() for r in (with_draws, without)]
    assert spread[0] > 1.5 * spread[1]


def test_a_rebinned_or_cut_map_has_no_posterior() -> None:
    _, world = drawn_map()
    assert world.rebin(world.price_edges[::2]).posterior is None  # type: ignore[attr-defined]
    assert world.select(venues=("binance",)).posterior is None  # type: ignore[attr-defined]
