"""What pointing and clicking show equals what the API answers."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.browser.conftest import PRINTS_AT

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect

    from tests.browser.conftest import Tab

pytestmark = [pytest.mark.browser, pytest.mark.data]

MAP = "#/map/ETH?window=3d"
ASKED = "/v1/map/ETH?bins=220&kind=modelled&range=15%25&window=3d"
#: Margins of the plot inside its canvas [px], as render/mapPlot.ts draws them.
LEFT, RIGHT = 60, 60


def box_of(tab: Tab, selector: str) -> FloatRect:
    box = tab.page.locator(selector).bounding_box()
    assert box is not None
    return box


def point_at(tab: Tab, tree: dict[str, Any], price: float) -> tuple[float, float]:
    """Return the place of a price on the map's canvas."""
    box = box_of(tab, "canvas.chart")
    low, high = tree["bins"][0]["price_low"], tree["bins"][-1]["price_high"]
    share = (price - low) / (high - low)
    return box["x"] + LEFT + share * (box["width"] - LEFT - RIGHT), box["y"] + box["height"] * 0.6


def middle(one: dict[str, Any]) -> float:
    return float(one["price_low"] + one["price_high"]) / 2


@pytest.mark.parametrize("place", [20, 60, 150, 200])
def test_hover_shows_the_bin(tab: Tab, place: int) -> None:
    tab.open(MAP)
    tree = tab.server.json(ASKED)
    one = tree["bins"][place]
    tab.page.mouse.move(*point_at(tab, tree, middle(one)))
    shown = tab.page.get_by_test_id("tooltip")
    amounts = [float(x.get_attribute("data-usd") or "nan") for x in shown.locator("dd[data-usd]").all()]
    assert amounts == [usd for usd in (one["long_usd"], one["short_usd"]) if usd > 0]
    below = middle(one) < tree["price"]
    edge = one["price_low"] if below else one["price_high"]
    at = tree["cumulative"]["price"].index(edge)
    way = tree["cumulative"]["long_usd" if below else "short_usd"][at]
    assert float(shown.locator("dd[data-way]").get_attribute("data-way") or "nan") == way
    words = shown.inner_text()
    assert ("longs, they sell" in words) == (one["long_usd"] > 0)
    assert ("shorts, they buy" in words) == (one["short_usd"] > 0)
    assert f"{one['long_usd'] + one['short_usd']:,.0f}" in words


def test_click_opens_the_zone_and_its_link_restores_it(tab: Tab) -> None:
    tab.open(MAP)
    tree = tab.server.json(ASKED)
    one = max((b for b in tree["bins"] if b["long_usd"] > 0), key=lambda b: b["long_usd"])
    tab.page.mouse.click(*point_at(tab, tree, middle(one)))
    zone = tab.page.locator(".panel.zone")
    assert f"${one['long_usd']:,.0f}" in zone.inner_text()
    assert "hyperliquid" in zone.inner_text()
    address = tab.page.url
    tab.page.goto("about:blank")
    tab.page.goto(address)
    tab.settle()
    assert f"${one['long_usd']:,.0f}" in tab.page.locator(".panel.zone").inner_text()


def test_brush_sums_the_stretch(tab: Tab) -> None:
    tab.open(MAP)
    tree = tab.server.json(ASKED)
    first, last = 130, 170
    tab.page.mouse.move(*point_at(tab, tree, middle(tree["bins"][first])))
    tab.page.mouse.down()
    tab.page.mouse.move(*point_at(tab, tree, middle(tree["bins"][last])), steps=6)
    tab.page.mouse.up()
    total = sum(b["short_usd"] for b in tree["bins"][first : last + 1])
    assert total > 0
    assert f"${total:,.0f}" in tab.page.locator(".panel.zone").inner_text()


def test_reach_panel_is_the_curve(tab: Tab) -> None:
    tab.open(MAP)
    tree = tab.server.json(ASKED)
    price, curve = tree["price"], tree["cumulative"]
    down = min((p for p in curve["price"] if p >= price * 0.95), default=price)
    long_usd = curve["long_usd"][curve["price"].index(down)]
    row = tab.page.locator("section[aria-label='Within reach'] tr", has_text="±5%")
    assert f"${long_usd / 1e6:.1f}M" in row.inner_text()


def heatmap_of(content: bytes) -> tuple[dict[str, Any], bytes]:
    length = struct.unpack("<I", content[:4])[0]
    return orjson.loads(content[4 : 4 + length]), content[4 + length :]


def test_heatmap_readout_is_the_cell_of_the_api(tab: Tab) -> None:
    tab.open("#/heatmap/ETH?window=3d&cells=low")
    path = "/v1/heatmap/ETH?columns=200&kind=modelled&rows=160&window=3d"
    head, cells = heatmap_of(tab.server.get(path, "application/vnd.liqatlas.heatmap"))
    exact = tab.server.json(path)
    box = box_of(tab, ".heat-chart")
    tab.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.14)
    tab.page.wait_for_timeout(200)
    place = tab.page.locator("dd[data-row]")
    row, column = int(place.get_attribute("data-row") or -1), int(place.get_attribute("data-column") or -1)
    columns, rows = head["shape"]
    assert (columns, rows) == (200, 160)
    assert 0 < row < rows
    assert 0 < column < columns
    level = cells[columns * rows + column * rows + row]
    low, high = head["scale"]["min_usd"], head["scale"]["max_usd"]
    usd = low * (high / low) ** ((level - 1) / 254)
    assert level > 0
    assert usd == pytest.approx(exact["short_usd"][column][row], rel=0.03)
    shown = place.inner_text()
    assert shown.startswith("shorts $")
    unit = {"K": 1e3, "M": 1e6}[shown[-1]]
    assert float(shown.removeprefix("shorts $")[:-1]) * unit == pytest.approx(usd, rel=0.006)


def test_cascade_reads_the_curve_at_the_dragged_price(tab: Tab) -> None:
    tab.open("#/cascade/ETH?window=3d")
    tree = tab.server.json("/v1/map/ETH?bins=300&range=22%25&window=3d")
    box = box_of(tab, "canvas.drag")
    tab.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 120)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 120, steps=4)
    price = float(tab.page.locator("canvas.drag").get_attribute("aria-valuenow") or "nan")
    curve = tree["cumulative"]
    edge = min(p for p in curve["price"] if p >= price)
    usd = curve["long_usd"][curve["price"].index(edge)]
    words = tab.page.get_by_test_id("cascade-readout").inner_text()
    assert price < tree["price"] * 0.97
    assert f"${usd:,.0f}; they sell" in words
    tab.page.mouse.up()
    tab.settle()
    assert "shock=-" in tab.page.url


def test_realised_totals_are_the_api_s(tab: Tab) -> None:
    tab.open(f"#/realised/BTC?as_of={PRINTS_AT}")
    tree = tab.server.json(f"/v1/realised/BTC?as_of={PRINTS_AT}")
    for total in tree["totals"]:
        shown = tab.page.locator(f"strong[data-hours='{total['hours']}']")
        assert float(shown.get_attribute("data-usd") or "nan") == total["usd"]
        assert shown.inner_text().startswith("≥") == total["at_least"]
    prints = tab.server.json(f"/v1/prints/BTC?as_of={PRINTS_AT}&limit=1000&window=24h")["prints"]
    row = tab.page.locator("[aria-label='newest liquidation prints'] tbody tr").first.inner_text()
    assert f"${prints[0]['usd']:,.0f}" in row
    assert {"short": "short, buys", "long": "long, sells"}[prints[0]["liquidated"]] in row


def test_stress_says_the_level_and_leaves_nothing_behind(tab: Tab) -> None:
    tab.open("#/stress/ETH")
    for label, value in (("symbol", "ETHUSDT"), ("size", "10"), ("entry price", "1800"), ("leverage", "20")):
        tab.page.get_by_label(f"{label} of line 1").fill(value)
    sent: list[str] = []
    tab.page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    tab.page.get_by_role("button", name="Stress them").click()
    level = tab.page.get_by_test_id("level").inner_text()
    # isolated, linear, tier 1 of Binance ETHUSDT: 1800 · (1 − 1/20) / (1 − 0.004)
    assert level == f"{1800 * 0.95 / 0.996:,.1f}"
    assert [s for s in sent if "/v1/" in s] == [f"POST {tab.server.address}/v1/stress"]
