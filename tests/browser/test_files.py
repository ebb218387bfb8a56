"""One file that works offline: no request leaves it, the numbers are the verb's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.conftest import RunLiqatlas

pytestmark = [pytest.mark.browser, pytest.mark.data]


@pytest.fixture(scope="module")
def files(
    run_liqatlas: RunLiqatlas, built_page: Path, data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a folder with a map, its JSON, a heatmap and a report as files."""
    assert built_page.is_dir()
    folder = tmp_path_factory.mktemp("files")
    tape = ("--from", data_dir / "hyperliquid_tape", "--window", "2d")
    for verb, name in (
        ("map", "map.html"),
        ("map", "map.json"),
        ("heatmap", "heatmap.html"),
        ("report", "report.html"),
    ):
        done = run_liqatlas(verb, "WIF", *tape, "-o", folder / name)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    ("name", "words"), [("map", "Within reach"), ("heatmap", "per cell"), ("report", "Key levels")]
)
def test_file_opens_offline(browser: Browser, files: Path, name: str, words: str) -> None:
    context = browser.new_context(offline=True, locale="en-US")
    page = context.new_page()
    errors: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    address = (files / f"{name}.html").as_uri()
    page.goto(address)
    page.get_by_text(words).first.wait_for()
    page.wait_for_timeout(300)
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert errors == []
    context.close()


def test_file_points_with_the_verb_s_numbers(browser: Browser, files: Path) -> None:
    tree = json.loads((files / "map.json").read_text(encoding="utf-8"))
    context = browser.new_context(offline=True, locale="en-US")
    page = context.new_page()
    page.goto((files / "map.html").as_uri())
    chart = page.locator("canvas.chart")
    chart.wait_for()
    assert float(chart.get_attribute("aria-valuenow") or "nan") == tree["price"]
    total = sum(tree["totals"].values())
    words = " ".join(page.locator(".legend li").first.inner_text().split())
    assert words == f"hyperliquid ${total / 1e3:.0f}K"
    chart.hover(position={"x": 200, "y": 200})
    assert page.get_by_test_id("tooltip").count() == 1
    context.close()


def test_without_script_the_report_is_still_one(browser: Browser, files: Path) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto((files / "report.html").as_uri())
    assert page.get_by_role("heading", name="Key levels").is_visible()
    context.close()
