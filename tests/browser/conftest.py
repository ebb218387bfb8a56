"""A real server on real recordings, the built page, Debian's Chromium."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import IN_CI, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, Page, Request

#: An instant at which the recordings hold Hyperliquid's positions, and one with Binance's prints.
POSITIONS_AT, PRINTS_AT = "2026-02-10T20:09:07Z", "2026-01-06T12:14:00Z"
READY_WITHIN_S = 180
SETTLED = """() => document.querySelector('#app')?.children.length > 0
  && document.querySelectorAll('.skeleton').length === 0 && !document.querySelector('[aria-busy=true]')"""


def _missing(reason: str) -> None:
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the browser's path; skip where there is none, fail under CI."""
    names = (os.environ.get("LIQATLAS_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        _missing("no Chromium: install it (Debian: apt install chromium) or name it with LIQATLAS_CHROMIUM")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def built_page() -> Path:
    """Return the folder of the page, built where it does not fit its sources."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "build_page.py")], capture_output=True, text=True, check=False
    )
    if done.returncode:
        _missing(f"the page cannot be built: {done.stderr.strip().splitlines()[-1]}")
    return ROOT / "src" / "liqatlas" / "server" / "page"


@dataclass(frozen=True)
class Server:
    """A running server."""

    address: str

    def get(self, path: str, accept: str = "application/json") -> bytes:
        """Return an answer's bytes."""
        request = urllib.request.Request(f"{self.address}{path}", headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return bytes(answer.read())

    def json(self, path: str) -> Any:
        """Return an answer's tree."""
        return json.loads(self.get(path))


def _serve(*args: str | Path) -> Iterator[Server]:
    command = [sys.executable, "-P", "-m", "liqatlas", "serve", "--port", "0", *map(str, args)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip().rstrip("/")
            assert address, "the server ended before it named its address"
            _wait_until_ready(address)
            yield Server(address)
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_ready(address: str) -> None:
    end = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"{address} was not ready within {READY_WITHIN_S} s")


@pytest.fixture(scope="session")
def recorded(built_page: Path, data_dir: Path) -> Iterator[Server]:
    """Yield a server of real recordings: a tape with books, public positions, liquidation prints."""
    assert built_page.is_dir()
    folders = ("hyperliquid_tape", "hyperliquid_positions", "binance_force_orders")
    yield from _serve("--from", *(data_dir / name for name in folders))


@pytest.fixture(scope="session")
def demo(built_page: Path) -> Iterator[Server]:
    """Yield a server of the simulated market."""
    assert built_page.is_dir()
    yield from _serve("--demo")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Yield one browser for all tests."""
    flags = ["--force-color-profile=srgb", "--font-render-hinting=none"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield made
        made.close()


@dataclass
class Tab:
    """A tab that remembers what went wrong in it."""

    page: Page
    server: Server
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def open(self, address: str) -> Tab:
        """Go to an address of the page and wait until everything that loads has loaded."""
        self.page.goto(f"{self.server.address}/{address}")
        return self.settle()

    def settle(self, within_s: float = 45) -> Tab:
        """Wait until nothing is loading; the page's policy forbids the browser's own way of waiting by a script."""
        end = time.monotonic() + within_s
        calm = 0
        while calm < 2:
            calm = calm + 1 if self.page.evaluate(SETTLED) else 0
            if time.monotonic() > end:
                pytest.fail(f"{self.page.url} was still loading after {within_s} s")
            self.page.wait_for_timeout(60)
        return self

    def keep(self, name: str) -> None:
        """Keep a picture of the whole view in ``.cache/pictures``, to be looked at."""
        folder = ROOT / ".cache" / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{name.replace(' ', '_')}.png", full_page=True)

    def text(self) -> str:
        """Return all words of the view."""
        return self.page.locator("main").inner_text()

    def note(self, message: ConsoleMessage) -> None:
        """Remember an error; an answer that is a problem is no error of the page."""
        if message.type == "error" and "the server responded with a status of" not in message.text:
            self.errors.append(message.text)

    def watch(self, request: Request) -> None:
        """Remember requests to anybody else."""
        if not request.url.startswith((self.server.address, "data:", "blob:")):
            self.foreign.append(request.url)


def _tab(browser: Browser, server: Server, **options: Any) -> Iterator[Tab]:
    sizes = {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark", "locale": "en-US", "timezone_id": "Europe/Berlin"}  # fmt: skip
    context = browser.new_context(**{**sizes, **options})
    context.set_default_timeout(15_000)
    tab = Tab(context.new_page(), server)
    tab.page.on("console", tab.note)
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    tab.page.on("request", tab.watch)
    try:
        yield tab
        assert tab.errors == [], "the browser's console holds errors"
        assert tab.foreign == [], "the page asked somebody else"
    finally:
        context.close()


@pytest.fixture
def tab(browser: Browser, recorded: Server) -> Iterator[Tab]:
    """Yield a desktop tab; at its end the console must be clean and no third party asked."""
    yield from _tab(browser, recorded)


@pytest.fixture
def phone(browser: Browser, recorded: Server) -> Iterator[Tab]:
    """Yield a tab of a telephone in daylight."""
    yield from _tab(
        browser, recorded, viewport={"width": 390, "height": 844}, has_touch=True, color_scheme="light"
    )


@pytest.fixture
def demo_tab(browser: Browser, demo: Server) -> Iterator[Tab]:
    """Yield a desktop tab on the simulated market."""
    yield from _tab(browser, demo)
