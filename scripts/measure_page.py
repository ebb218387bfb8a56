"""Measure the dashboard: size, time to the first map, frames while a heatmap of 1000 x 500 cells is panned.

    measure_page.py http://127.0.0.1:8765     a running `liqatlas serve`

Prints one line each. Wall times depend on the machine; the ratio to an empty page's frames in the same run does not.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import struct
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import numpy as np
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

PAGE = Path(__file__).resolve().parent.parent / "src" / "liqatlas" / "server" / "page"
COLUMNS, ROWS = 1000, 500
MARK_FIRST_MAP = """
const seen = () => document.querySelector('.legend li') ? (window.firstMap = performance.now()) : requestAnimationFrame(seen);
requestAnimationFrame(seen);
"""
COUNT_FRAMES = """ms => new Promise(done => {
  const began = performance.now(); let frames = 0, last = began, worst = 0;
  const next = now => { frames++; worst = Math.max(worst, now - last); last = now;
    now - began < ms ? requestAnimationFrame(next) : done({fps: frames * 1000 / (now - began), worst}); };
  requestAnimationFrame(next);
})"""


def generated_heatmap(head: dict[str, Any]) -> bytes:
    """Return a heatmap of 1000 x 500 cells, all of them filled, under the head of a real map."""
    rng = np.random.default_rng(1)
    end = datetime.fromisoformat(head["as_of"]).astimezone(UTC)
    times = [end - timedelta(minutes=5 * (COLUMNS - i)) for i in range(COLUMNS + 1)]
    price = head["price"] * np.exp(np.cumsum(rng.normal(0, 0.0008, COLUMNS + 1)))
    iso = [t.isoformat().replace("+00:00", "Z") for t in times]
    candles = [
        {"time_open": iso[i], "time_close": iso[i + 1], "open": a, "close": b, "high": max(a, b) * 1.001, "low": min(a, b) * 0.999}
        for i, (a, b) in enumerate(zip(price[:-1].tolist(), price[1:].tolist(), strict=True))
    ]  # fmt: skip
    kept = {k: v for k, v in head.items() if k not in {"bins", "cumulative", "totals", "cumulative_band"}}
    tree = kept | {
        "times": iso[1:],
        "price_edges": np.geomspace(price[-1] * 0.8, price[-1] * 1.25, ROWS + 1).tolist(),
        "candles": candles,
        "prints": [
            {"time": iso[i], "venue": "x", "liquidated": "long", "price": price[i], "notional_usd": 1e5} for i in range(0, COLUMNS, 7)
        ],
        "shape": [COLUMNS, ROWS],
        "layers": ["long", "short"],
        "scale": {"kind": "log", "min_usd": 100.0, "max_usd": 1e7},
    }  # fmt: skip
    cells = rng.integers(1, 256, 2 * COLUMNS * ROWS, dtype=np.uint8).tobytes()
    text = json.dumps(tree).encode()
    return struct.pack("<I", len(text)) + text + cells


def frames_while_panning(page: Page) -> dict[str, float]:
    """Pan the heatmap for three seconds and count the frames."""
    box = page.locator(".heat-chart").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
    page.mouse.move(x, y)
    for _ in range(3):
        page.mouse.wheel(0, -240)
    page.evaluate(f"window.counted = ({COUNT_FRAMES})(3000); 0")
    page.mouse.down()
    for i in range(160):
        page.mouse.move(x + 200 * np.sin(i / 12), y)
    page.mouse.up()
    counted: dict[str, float] = page.evaluate("window.counted")
    return counted


def main() -> int:
    """Measure and print."""
    address = sys.argv[1].rstrip("/")
    size = sum(
        len(gzip.compress(p.read_bytes(), 9))
        for p in PAGE.rglob("*")
        if p.suffix in {".html", ".js", ".css", ".svg"}
    )
    print(f"page, gzipped                 {size / 1000:8.1f} kB")
    with urlopen(f"{address}/v1/markets") as answer:
        asset = json.load(answer)["default_asset"]
    with urlopen(f"{address}/v1/map/{asset}") as answer:
        head = json.load(answer)
    heatmap = generated_heatmap(head)

    def answer_heatmap(route: Route) -> None:
        route.fulfill(body=heatmap, content_type="application/vnd.liqatlas.heatmap")

    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for run in ("first visit", "second visit"):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(MARK_FIRST_MAP)
            page.goto(f"{address}/#/map/{asset}")
            page.locator(".legend li").first.wait_for()
            page.wait_for_timeout(200)
            print(f"first map, {run:18} {page.evaluate('window.firstMap'):8.0f} ms")
            page.close()
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/#/guide")
        floor = page.evaluate(COUNT_FRAMES, 1500)
        page.route("**/v1/heatmap/**", answer_heatmap)
        page.goto(f"{address}/#/heatmap/{asset}?cells=high")
        page.locator(".heat-chart canvas").first.wait_for()
        page.wait_for_timeout(1500)
        counted = frames_while_panning(page)
        print(f"frames, empty page            {floor['fps']:8.1f} /s")
        print(f"frames, panning 1000 x 500    {counted['fps']:8.1f} /s, longest {counted['worst']:.0f} ms")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
