"""Write the pictures of the docs from a running `liqatlas serve --demo`: ``page_pictures.py http://127.0.0.1:8765``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SETTLED = "document.querySelectorAll('.skeleton').length === 0 && !document.querySelector('[aria-busy=true]') && !!document.querySelector('main')"
#: Name, address, colours, telephone.
PICTURES = (
    ("map", "#/map/BTC?by=leverage", "dark", False),
    ("heatmap", "#/heatmap/BTC", "dark", False),
    ("cascade", "#/cascade/BTC?depth=20M", "light", False),
    ("guide", "#/guide", "light", False),
    ("phone", "#/map/BTC", "dark", True),
)


def main() -> int:
    """Open every view and write its picture."""
    address = sys.argv[1].rstrip("/")
    FOLDER.mkdir(parents=True, exist_ok=True)
    flags = ["--force-color-profile=srgb", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        for name, view, theme, phone in PICTURES:
            size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 860}
            page = browser.new_page(viewport=size, color_scheme=theme, locale="en-US", has_touch=phone)  # type: ignore[arg-type]
            page.goto(f"{address}/{view}")
            calm = 0
            while calm < 3:
                calm = calm + 1 if page.evaluate(SETTLED) else 0
                page.wait_for_timeout(150)
            page.screenshot(path=FOLDER / f"{name}.png")
            page.close()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
