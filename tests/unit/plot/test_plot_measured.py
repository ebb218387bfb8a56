"""Pictures of measured maps: a range that shows the levels, single positions of all sizes, grade and betas under it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from liqatlas.maps.head import Head, ModelInfo
from liqatlas.plot import words
from liqatlas.plot.cells import cells_of, usual_threshold
from liqatlas.plot.cells import default_range as heat_range
from liqatlas.plot.view import default_range
from tests.unit.plot.plot_scenes import head_of, heatmap_of, map_of


def measured_head(**known: Any) -> Head:
    parameters = {
        "accounts": 252, "positions": 260, "grade": "C", "grade_reasons": ["77 % of open interest seen", "fresh"],
        "self_test_share": 0.9081, "self_test_checked": 56_896,
    }  # fmt: skip
    return head_of(
        kind="measured", model=ModelInfo("published positions", "1", "none needed", parameters | known)
    )


def test_a_level_many_times_away_does_not_shrink_the_rest() -> None:
    scene = map_of()
    price = scene.head.price
    edges = price * np.geomspace(0.2, 5.0, len(scene.price_edges))
    far = replace(scene, price_edges=edges, usd=np.ones_like(scene.usd))
    low, high = default_range(replace(far, head=replace(far.head, kind="measured")))
    assert (low, high) == pytest.approx((price / 2.5, price * 2.5))
    wide = default_range(replace(far, head=replace(far.head, kind="modelled", identified_distance=0.0)))
    assert wide[1] > high


def test_small_positions_stay_visible_beside_a_huge_one() -> None:
    scene = heatmap_of(20, 60)
    scene = replace(scene, head=replace(scene.head, kind="measured"))
    cells = cells_of(scene)
    assert usual_threshold(scene, cells) == pytest.approx(cells.strongest / 1000)
    modelled = replace(scene, head=replace(scene.head, kind="modelled"))
    assert usual_threshold(modelled, cells) == pytest.approx(cells.strongest / 20)
    assert heat_range(scene)[0] <= heat_range(modelled)[0]


def test_what_stands_behind_a_measured_map_is_said() -> None:
    text = "\n".join(words.provenance(measured_head()))
    assert "252 accounts, 260 positions; 91 % of 56,896 published levels reproduced" in text
    assert "Grade C: 77 % of open interest seen, fresh." in text
    assert "Betas" not in text
    betas = {"ETH": 1.0, "BTC": 0.74, "SOL": 0.94}
    told = measured_head(betas=betas, betas_price_changes={"ETH": 80, "BTC": 76, "SOL": 79})
    said = "\n".join(words.provenance(told))
    assert (
        f"Betas to {told.asset} from the snapshots' own marks, 76 price changes or more each: BTC 0.74, SOL 0.94"
        in said
    )
    unchecked = measured_head(self_test_checked=0)
    assert "no published level could be checked" in "\n".join(words.provenance(unchecked))
