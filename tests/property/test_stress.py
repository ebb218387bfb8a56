"""What must hold for any position: sides, order of prices, remedies that help, stops outside clusters, sums over accounts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from liqatlas.rules.prices import Maintenance
from liqatlas.signals.clusters import ClusterSet, find_clusters
from liqatlas.signals.settings import load_settings
from liqatlas.signals.stress import Held, Level, Terms, account_levels, clear_stop, hedge, outcomes, what_ifs
from liqatlas.signals.stress.portfolio import together
from tests.unit.signals.scenes import hill, make_map

SETTINGS = load_settings()


@st.composite
def positions(draw: Any, key: str = "1", mode: str = "isolated") -> Held:
    entry = draw(st.floats(1e-4, 1e5))
    quantity = draw(st.floats(1e-3, 1e4))
    leverage = draw(st.floats(1.5, 40.0))
    rate = draw(st.floats(0.002, 0.6 / leverage))
    moved = draw(st.floats(-0.3, 0.3))
    return Held(
        key=key, venue="x", symbol=f"{key}USDT", asset=key, kind="linear", settle="USDT", position=draw(st.sampled_from(["long", "short"])),
        quantity=quantity, entry=entry, mode=mode, margin=entry * quantity / leverage, mark=entry * (1 + moved),  # type: ignore[arg-type]
        terms=Terms(rule=None, schedule=Maintenance.of(rate)),
    )  # fmt: skip


def level_of(one: Held, *others: Held) -> Level:
    found = account_levels([one, *others])[one.key]
    assert isinstance(found, Level)
    return found


@given(one=positions())
def test_prices_stand_in_their_order(one: Held) -> None:
    """A long goes bankrupt below its level and is opened above it; a short the other way round."""
    level = level_of(one)
    assert level.liquidation_price is not None
    assert level.bankruptcy_price is not None
    way = 1.0 if one.position == "long" else -1.0
    assert way * level.bankruptcy_price <= way * level.liquidation_price <= way * one.entry
    assert one.mark is not None
    if level.state == "open":
        assert way * one.mark > way * level.liquidation_price
    else:
        assert way * one.mark <= way * level.liquidation_price * (1 + way * 1e-12)


@given(one=positions(), move=st.floats(-0.5, 0.5))
def test_an_outcome_is_liquidated_exactly_past_the_level(one: Held, move: float) -> None:
    level = level_of(one)
    assume(level.state == "open")
    assert level.liquidation_price is not None
    (after,) = outcomes(one, level, (move,))
    past = (
        after.price <= level.liquidation_price
        if one.position == "long"
        else after.price >= level.liquidation_price
    )
    assert after.liquidated == past
    if not past:
        assert after.margin_left > after.maintenance * (1 - 1e-9)


@given(one=positions())
def test_every_remedy_moves_the_level_away_and_margin_reaches_its_distance(one: Held) -> None:
    level = level_of(one)
    assume(level.state == "open" and level.distance is not None)
    assert level.distance is not None
    for what in what_ifs(one, [one]):
        if what.change == "reduce size" and one.profit_at(one.mark or one.entry) < 0:
            continue  # a loss is realised: less size, and less margin too
        reach = np.inf if what.distance is None else abs(what.distance)
        assert reach >= abs(level.distance) * (1 - 1e-9)
        if what.change == "margin for distance" and what.distance is not None:
            assert reach == pytest.approx(what.share, rel=1e-6)


@given(one=positions(), share=st.floats(0.05, 1.0), delta=st.floats(0.05, 1.0), tick=st.floats(-1e-4, 1e-4))
def test_a_hedge_offsets_its_share_of_a_small_move(
    one: Held, share: float, delta: float, tick: float
) -> None:
    cover = hedge(one, share=share, option_delta=delta)
    assert cover is not None
    assert one.mark is not None
    change = one.mark * tick
    own = one.profit_at(one.mark + change) - one.profit_at(one.mark)
    way = -1.0 if one.position == "long" else 1.0
    assert way * cover.coins * change == pytest.approx(
        -share * own, rel=1e-6, abs=1e-9 * one.quantity * one.mark
    )
    # options of that delta in that number have the same slope
    assert cover.option_coins * delta == pytest.approx(cover.coins)
    assert cover.inverse_face_usd == pytest.approx(cover.coins * one.mark)
    assert (cover.position, cover.option) == (
        ("short", "put") if one.position == "long" else ("long", "call")
    )


def clusters_at(places: list[float], price: float) -> ClusterSet:
    result = make_map([hill(p, 0.008, 1e7) for p in places], price=price)
    return find_clusters(result, SETTINGS, daily_volatility=0.03)


@given(
    one=positions(),
    places=st.lists(
        st.sampled_from([-0.3, -0.2, -0.12, -0.05, 0.05, 0.12, 0.2, 0.3]), min_size=1, max_size=8, unique=True
    ),
)
def test_a_stop_stands_before_the_level_and_in_no_cluster(one: Held, places: list[float]) -> None:
    assert one.mark is not None
    level, clusters = level_of(one), clusters_at(places, one.mark)
    stop = clear_stop(one, level, clusters, buffer_vols=SETTINGS.plan.stop_buffer_vols)
    if stop is None:
        return
    assert level.state == "open"
    assert level.liquidation_price is not None
    assert min(one.mark, level.liquidation_price) < stop.price < max(one.mark, level.liquidation_price)
    assert not any(c.price_low <= stop.price < c.price_high for c in clusters.all)
    assert stop.inside_gap[0] <= stop.price <= stop.inside_gap[1]


@given(first=positions("1"), second=positions("2"), move=st.floats(-0.3, 0.3))
def test_isolated_positions_add_up(first: Held, second: Held, move: float) -> None:
    levels = {k: v for k, v in account_levels([first, second]).items() if isinstance(v, Level)}

    def alone(one: Held) -> float:
        profit = together([one], levels, "m", lambda _: move).profit_usd
        assert profit is not None
        return profit

    both = together([first, second], levels, "m", lambda _: move)
    assert both.profit_usd == pytest.approx(alone(first) + alone(second), rel=1e-9, abs=1e-6)
    assert alone(first) >= -first.margin * (1 + 1e-9)


@given(first=positions("1", "cross"), second=positions("2", "cross"), extra=st.floats(0.0, 5.0))
def test_a_cross_account_lives_longer_with_more_in_its_wallet(
    first: Held, second: Held, extra: float
) -> None:
    from dataclasses import replace

    wallet = first.margin + second.margin
    poor = [replace(one, margin=wallet) for one in (first, second)]
    rich = [replace(one, margin=wallet * (1 + extra)) for one in (first, second)]
    before, after = level_of(*poor), level_of(*rich)
    if before.state != "open" or after.liquidation_price is None or before.liquidation_price is None:
        return
    assert after.distance is not None
    assert before.distance is not None
    assert abs(after.distance) >= abs(before.distance) * (1 - 1e-9)
