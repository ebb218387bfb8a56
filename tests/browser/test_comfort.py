"""Time travel, filters, theme, keys, links, search, time zones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from tests.browser.test_golden import read, squares

if TYPE_CHECKING:
    from playwright.sync_api import Route, WebSocket

    from tests.browser.conftest import Tab

pytestmark = [pytest.mark.browser, pytest.mark.data]

MAP = "#/map/ETH?window=3d"


def legend_usd(tab: Tab) -> str:
    return tab.page.locator(".legend li").first.inner_text()


def test_map_travels_in_time(tab: Tab) -> None:
    tab.open(MAP)
    now = tab.page.locator("canvas.chart").get_attribute("aria-valuenow")
    slider = tab.page.get_by_label("Moment of the map")
    slider.focus()
    for _ in range(3):
        slider.press("ArrowLeft")
    tab.page.wait_for_timeout(100)
    tab.settle()
    moment = re.search(r"as_of=([^&]+)", unquote(tab.page.url))
    assert moment is not None
    then = tab.server.json(f"/v1/map/ETH?as_of={moment[1]}&bins=220&kind=modelled&range=15%25&window=3d")
    shown = tab.page.locator("canvas.chart").get_attribute("aria-valuenow")
    assert shown != now
    assert float(shown or "nan") == then["price"]
    tab.page.get_by_role("button", name="newest").click()
    tab.page.wait_for_timeout(100)
    tab.settle()
    assert tab.page.locator("canvas.chart").get_attribute("aria-valuenow") == now


def test_heatmap_plays_through_its_columns(tab: Tab) -> None:
    tab.open("#/heatmap/ETH?window=3d&cells=low")
    chart = tab.page.locator(".heat-chart")
    assert chart.get_attribute("aria-valuenow") == "199"
    tab.page.get_by_label("Play through time").click()
    tab.page.wait_for_timeout(900)
    tab.page.get_by_label("Stop").click()
    column = int(chart.get_attribute("aria-valuenow") or -1)
    assert 79 < column < 130
    times = tab.server.json("/v1/heatmap/ETH?columns=200&kind=modelled&rows=160&window=3d")["times"]
    assert times[column] in unquote(tab.page.url)
    chart.press("ArrowLeft")
    assert chart.get_attribute("aria-valuenow") == str(column - 1)
    tab.page.reload()
    tab.settle()
    assert chart.get_attribute("aria-valuenow") == str(column - 1)


def test_filters_ask_the_server_for_less(tab: Tab) -> None:
    tab.open(MAP)
    whole = legend_usd(tab)
    tab.page.get_by_label("leverage", exact=True).select_option("10-25")
    tab.page.wait_for_timeout(100)
    tab.settle()
    part = legend_usd(tab)
    assert part != whole
    tree = tab.server.json("/v1/map/ETH?bins=220&kind=modelled&leverage=10-25&range=15%25&window=3d")
    assert f"${sum(tree['totals'].values()) / 1e6:.0f}M" in part
    tab.page.get_by_label("stack by", exact=True).select_option("leverage")
    assert "10-25x" in legend_usd(tab)
    tab.page.get_by_role("group", name="Window").get_by_text("24h").click()
    tab.page.wait_for_timeout(100)
    tab.settle()
    assert "window 24h" in tab.text()


def test_stack_by_age_adds_up(tab: Tab) -> None:
    tab.open(MAP + "&by=age")
    tab.page.locator(".legend li", has_text="under 12h old").wait_for()
    assert tab.page.locator(".legend li", has_text="24h to 3d old").count() == 1


def test_threshold_hides_small_levels(tab: Tab) -> None:
    tab.open("#/heatmap/ETH?window=3d&cells=low")
    before = tab.page.locator(".heat-chart").screenshot()
    tab.page.get_by_label("hide below").fill("200")
    tab.page.wait_for_timeout(250)
    assert tab.page.locator(".heat-chart").screenshot() != before
    assert "threshold=200" in tab.page.url


def test_keys_reach_everything(tab: Tab) -> None:
    tab.open(MAP)
    page = tab.page
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.keyboard.press("t")
    chart = page.locator("canvas.chart")
    chart.focus()
    first = float(chart.get_attribute("aria-valuenow") or "nan")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert float(chart.get_attribute("aria-valuenow") or "nan") > first
    assert "longs" in (chart.get_attribute("aria-valuetext") or "")
    page.keyboard.press("Enter")
    assert page.locator(".panel.zone").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".panel.zone").count() == 0
    page.keyboard.press("+")
    page.wait_for_timeout(400)
    assert "view=" in page.url
    page.keyboard.press("?")
    tab.settle()
    assert page.get_by_role("heading", name="Two sides").count() == 1
    page.keyboard.press("9")
    tab.settle()
    assert "#/health" in page.url


def test_search_finds_an_asset(tab: Tab) -> None:
    tab.open(MAP)
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("wi")
    assert tab.page.get_by_role("option").first.inner_text().startswith("WIF")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_timeout(100)
    tab.settle()
    assert "#/map/WIF" in tab.page.url
    assert "WIF" in tab.page.title()


def test_time_zone_of_choice_shows_utc_too(tab: Tab) -> None:
    tab.open(MAP)
    assert "Jun 16, 2026, 23:59 UTC" in tab.text()
    tab.page.get_by_label("Time zone").select_option("Asia/Tokyo")
    assert "Jun 17, 2026, 08:59 Asia/Tokyo (23:59 UTC)" in tab.text()


def test_relative_and_log_scales_are_in_the_link(tab: Tab) -> None:
    tab.open(MAP)
    for name in ("relative", "log USD", "log price"):
        tab.page.get_by_role("button", name=name).click()
    assert {"amounts=relative", "bars=log", "axis=log"} <= set(tab.page.url.split("?")[1].split("&"))
    tab.page.mouse.move(2, 2)
    tab.page.wait_for_timeout(300)
    before = squares(read(tab.page.locator("canvas.chart").screenshot()))
    tab.page.reload()
    tab.settle()
    tab.page.wait_for_timeout(300)
    after = squares(read(tab.page.locator("canvas.chart").screenshot()))
    assert abs(after - before).max() < 0.02


def test_taking_away_csv_holds_the_api_s_numbers(tab: Tab) -> None:
    tab.open(MAP)
    with tab.page.expect_download() as download:
        tab.page.get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    tree = tab.server.json("/v1/map/ETH?bins=220&kind=modelled&range=15%25&window=3d")
    rows = [line for line in lines if not line.startswith("#")]
    assert any("modelled outstanding ETH" in line for line in lines[:2])
    assert rows[0].startswith("price_low,price_high,long_usd,short_usd,hyperliquid_long_usd")
    assert [float(x) for x in rows[31].split(",")[:4]] == [
        tree["bins"][30][k] for k in ("price_low", "price_high", "long_usd", "short_usd")
    ]


def test_tap_and_touch_stand_for_hover(phone: Tab) -> None:
    phone.open(MAP)
    box = phone.page.locator("canvas.chart").bounding_box()
    assert box is not None
    phone.page.touchscreen.tap(box["x"] + box["width"] * 0.3, box["y"] + 200)
    assert phone.page.get_by_test_id("tooltip").count() == 1
    assert "longs" in phone.page.locator(".panel.zone").inner_text()


def test_a_server_that_goes_away_is_said(tab: Tab) -> None:
    tab.open(MAP)
    tab.page.route("**/v1/**", lambda route: route.abort())
    tab.page.get_by_role("group", name="Window").get_by_text("30d").click()
    tab.page.get_by_text("No connection").first.wait_for()
    tab.page.unroute("**/v1/**")
    tab.page.get_by_role("button", name="Try again").first.click()
    tab.page.locator("canvas.chart").wait_for()
    tab.errors.clear()  # the aborted requests themselves


def test_live_data_are_followed_over_the_stream(tab: Tab) -> None:
    """A page that is told rows arrive joins the real stream, hears prices and lets go when the view changes."""

    def say_live(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"live": True})

    sent: list[str] = []
    heard: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(str(frame)))
        socket.on("framereceived", lambda frame: heard.append(str(frame)))

    tab.page.on("websocket", listen)
    tab.page.route("**/v1/markets", say_live)
    tab.open(MAP)
    tab.page.wait_for_timeout(1500)
    assert '{"op":"subscribe","channel":"price","asset":"ETH"}' in sent
    assert any('"channel":"price"' in frame and '"data"' in frame for frame in heard)
    tab.page.keyboard.press("3")
    tab.page.wait_for_timeout(300)
    assert '{"op":"unsubscribe","channel":"price","asset":"ETH"}' in sent
