from __future__ import annotations

import re
from datetime import timedelta, timezone

import numpy as np
import pytest

from liqatlas.base.format import format_usd
from liqatlas.plot import words
from liqatlas.plot.view import view_of
from liqatlas.plot.zones import heaviest_zones
from tests.unit.plot.plot_scenes import SIX_VENUES, head_of, map_of

_IF = re.compile(
    r"If (\w+) (falls|rises) to ([\d,.]+) \(([−+][\d.]+) %\), about (\$[\d.]+[KMBT]?) of (long|short)s (.*?) liquidated on "
    r"the way; the heaviest zone is ([\d,.]+)–([\d,.]+) with (\$[\d.]+[KMBT]?)\."
)


def number(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


@pytest.mark.parametrize(
    ("asset", "price", "scale"), [("ETH", 1671.85, 4e8), ("PEPE", 0.00001234, 3e5), ("BTC", 123456.7, 9e11)]
)
@pytest.mark.parametrize(
    ("quantity", "fate"), [("outstanding", "would be"), ("expected", "are expected to be")]
)
def test_caption_states_the_maps_own_numbers(
    asset: str, price: float, scale: float, quantity: str, fate: str
) -> None:
    whole = map_of(SIX_VENUES, scale=scale, asset=asset, price=price, quantity=quantity)
    view = view_of(whole)
    found = _IF.findall(" ".join(words.caption(whole, view, heaviest_zones(view))))
    assert [f[5] for f in found] == ["long", "short"]
    for name, verb, target, change, amount, position, said, low, high, there in found:
        assert (name, said) == (asset, fate)
        assert verb == {"long": "falls", "short": "rises"}[position]
        longs, shorts = whole.to(number(target))["all"]
        assert amount == format_usd(longs if position == "long" else shorts)
        assert number(change) == pytest.approx((number(target) / price - 1) * 100, abs=0.51)
        cut = whole.rebin(np.array([number(low), number(high)]))
        assert there == format_usd(float((cut.long_usd if position == "long" else cut.short_usd).sum()))


def test_caption_says_what_is_missing() -> None:
    whole = map_of(sides=(1, 0))
    view = view_of(whole, price_range=(1600, 1700))
    text = " ".join(words.caption(whole, view, heaviest_zones(view)))
    assert "This map holds no short levels." in text
    assert f"Not drawn, beyond this range: {format_usd(view.left_out_long)} of longs." in text


def test_realised_caption_speaks_of_the_past() -> None:
    whole = map_of(quantity="liquidated", kind="realised")
    view = view_of(whole)
    text = " ".join(words.caption(whole, view, heaviest_zones(view)))
    assert re.search(r"\$[\d.]+M of longs were liquidated between [\d,]+ and [\d,]+\.", text)
    assert "If ETH" not in text


def test_title_and_moment_name_kind_window_and_zone() -> None:
    head = head_of()
    assert words.title(head) == "ETH liquidation map · MODELLED"
    assert words.when(head) == "window 3d · as of 2026-02-05 18:00 UTC"
    berlin = timezone(timedelta(hours=1), "CET")
    assert words.when(head, berlin).endswith("as of 2026-02-05 19:00 CET")


def test_provenance_names_venues_with_age_coverage_and_model() -> None:
    text = "\n".join(words.provenance(head_of(("binance", "bybit"), prints_scope="Binance force orders")))
    assert "Open interest $2.4B (one-sided). Coverage 52 %." in text
    assert (
        "Longs: 52 % in these levels, 23 % opened before the window, 15 % older than the history, 10 % no reachable level."
        in text
    )
    assert "Binance ETHUSDT 3 s · Bybit ETHUSDT 43 s" in text
    assert "Model flow 1.0, calibration: uncalibrated prior; θ 0.5, grid_step 0.0005." in text
    assert "Prints counted: Binance force orders" in text


def test_unknown_open_interest_is_said_not_hidden() -> None:
    text = words.provenance(head_of(open_interest_usd=float("nan"), coverage=None))[0]
    assert text == "Open interest unknown (one-sided)."


def test_warnings_begin_with_simulated_and_lookahead() -> None:
    lines = words.warning_lines(head_of(simulated=True, lookahead=True, warnings=("OKX is 43 min old",)))
    assert lines[0].startswith("SIMULATED")
    assert lines[1].startswith("Look-ahead")
    assert lines[2] == "OKX is 43 min old"
    assert words.title(head_of(simulated=True)).startswith("SIMULATED")
