"""Every view loads from real recordings, in dark and light, on a desk and on a telephone, and all may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import POSITIONS_AT, PRINTS_AT
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.browser.conftest import Tab

pytestmark = [pytest.mark.browser, pytest.mark.data]

#: Address and words that only a filled view has.
VIEWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "map": ("#/map/ETH?window=3d", ("Heavy levels", "Within reach", "modelled", "outstanding · USD", "coverage")),
    "heatmap": ("#/heatmap/ETH?window=3d&cells=low", ("per cell", "open interest", "modelled")),
    "realised": (f"#/realised/BTC?as_of={PRINTS_AT}", ("Liquidated, BTC", "By exchange", "All coins", "Feed, BTC")),
    "realised map": (f"#/realised/BTC?as_of={PRINTS_AT}&part=map", ("realised", "liquidated · USD")),
    "hyperliquid": (f"#/hyperliquid/ETH?as_of={POSITIONS_AT}", ("Positions", "measured", "0x")),
    "coverage": (f"#/hyperliquid/ETH?as_of={POSITIONS_AT}&part=coverage", ("grade", "accounts")),
    "cascade": ("#/cascade/ETH?window=3d", ("Drag the price", "Levels in order", "Not calibrated", "By venue")),
    "report": ("#/report/ETH?window=3d", ("Key levels", "Signals", "Scenarios down", "Data and model")),
    "stress": ("#/stress/ETH", ("My positions", "kept in this browser only")),
    "accuracy": ("#/accuracy/ETH", ("No scores for ETH",)),
    "health": ("#/health", ("Feeds", "hyperliquid ETH", "stale")),
    "guide": ("#/guide", ("Two sides", "Three kinds, never mixed", "Pointing and keys")),
}  # fmt: skip


def overflow(tab: Tab) -> int:
    """Return by how many pixels the page is wider than the window."""
    return int(tab.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def axe(tab: Tab) -> list[str]:
    """Return the serious findings of axe-core, which is brought in from outside the page's policy."""
    source = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
    if not source.is_file():
        pytest.skip("axe-core is not there: the page came with a wheel and was not built here")
    tab.page.evaluate(source.read_text(encoding="utf-8"))
    found: dict[str, Any] = tab.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    bad = [v for v in found["violations"] if v["impact"] in {"serious", "critical"}]
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:200]} ({v['nodes'][0]['failureSummary'][:300]})" for v in bad
    ]


@pytest.mark.parametrize("name", VIEWS)
def test_view_is_filled_and_open_to_all(tab: Tab, name: str) -> None:
    address, words = VIEWS[name]
    text = tab.open(address).text().lower()
    assert [w for w in words if w.lower() not in text] == []
    tab.keep(name)
    assert axe(tab) == []
    assert overflow(tab) <= 0


@pytest.mark.parametrize("name", ["map", "heatmap", "realised", "hyperliquid", "cascade", "report", "guide"])
def test_view_fits_a_telephone_in_light_colours(phone: Tab, name: str) -> None:
    address, _ = VIEWS[name]
    phone.open(address)
    assert phone.page.evaluate("document.documentElement.dataset.theme") == "light"
    phone.keep(f"{name} phone light")
    assert overflow(phone) <= 0
    assert axe(phone) == []


def test_simulated_data_say_so_over_every_view(demo_tab: Tab) -> None:
    for view in ("map/BTC", "heatmap/BTC?cells=low", "guide"):
        demo_tab.open(f"#/{view}")
        assert "SIMULATED" in demo_tab.page.locator(".simulated").inner_text()


def test_guide_is_right_about_sides(tab: Tab) -> None:
    text = " ".join(tab.open("#/guide").text().split())
    assert "they lie below and sell" in text
    assert "they lie above and buy" in text


def test_unknown_asset_is_a_sentence_not_a_blank(tab: Tab) -> None:
    text = tab.open("#/map/NOSUCH").text()
    assert "No modelled map of NOSUCH" in text
    assert "NOSUCH" in tab.page.locator(".empty p").inner_text()
