"""Size, policy, and that the page is what its sources say."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import Server

pytestmark = pytest.mark.browser


def test_page_is_small(built_page: Path) -> None:
    """The bar: 150 kB, everything that a first visit loads."""
    files = [p for p in built_page.rglob("*") if p.suffix in {".html", ".js", ".css", ".svg"}]
    assert sum(len(gzip.compress(p.read_bytes(), 9)) for p in files) < 150_000


def test_page_names_nobody_else(built_page: Path) -> None:
    index = (built_page / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'(?:src|href)="(?!/)[^"]*"', index) == []
    assert "<style" not in index
    assert not re.search(r"<script(?![^>]*src=)", index)
    assert "tradingview.com" in "".join(p.read_text(encoding="utf-8") for p in built_page.rglob("*.js"))


@pytest.mark.data
def test_policy_and_caching(recorded: Server) -> None:
    with urllib.request.urlopen(f"{recorded.address}/", timeout=20) as answer:
        policy = answer.headers["Content-Security-Policy"]
        script = re.search(r'src="(/assets/[^"]+)"', answer.read().decode())
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert script is not None
    with urllib.request.urlopen(f"{recorded.address}{script[1]}", timeout=20) as answer:
        assert "immutable" in answer.headers["Cache-Control"]


def test_lock_names_no_registry() -> None:
    lock = (ROOT / "web" / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(lock)["packages"]
    assert all("resolved" not in one for one in packages.values())
    assert all(one.get("integrity") for name, one in packages.items() if name)
    assert "registry" not in lock


def test_colours_are_the_pictures_colours() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "page_palette.py"), "--check"], env={"PYTHONPATH": str(ROOT / "src")}, check=False
    )  # fmt: skip
    assert done.returncode == 0, "run scripts/page_palette.py"


def test_colours_stand_in_one_place() -> None:
    """Outside the palette and the icon no file of the page names a colour."""
    colour = re.compile(r"#[0-9a-fA-F]{6}\b|\brgba?\(\s*\d")
    sources = [p for p in (ROOT / "web" / "src").rglob("*") if p.suffix in {".ts", ".tsx", ".css"}]
    found = [
        f"{p.name}: {m[0]}"
        for p in sources
        if p.name != "colours.ts"
        for m in colour.finditer(p.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_rooms_of_the_page_keep_apart() -> None:
    """`model` knows no DOM and nobody else; `render` fetches nothing; only `api` fetches."""
    source = ROOT / "web" / "src"
    for path in source.rglob("*.ts*"):
        text = path.read_text(encoding="utf-8")
        room = path.relative_to(source).parts[0]
        imported = set(re.findall(r'from "(?:\.\./)+(\w+)/', text))
        if room == "model":
            assert not imported, path
            assert not re.search(r"\b(document|window|localStorage)\.", text), path
        if room == "render":
            assert imported <= {"model"}, path
        if room != "api":
            assert not re.search(r"\bfetch\(|WebSocket\(", text), path
