"""The documentation names what the code has, and its links lead somewhere."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from liqatlas.base.schemas import ALL_TABLES
from liqatlas.maps.head import Coverage, DistanceCoverage, Head, ModelInfo, SideCoverage, VenueInfo
from liqatlas.maps.heatmap import Heatmap
from liqatlas.maps.liquidation_map import Cumulative, LeverageBand, LiquidationMap
from scripts.glossary import GLOSSARY, HEADING, tables_part

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
RESULTS = (
    Head, VenueInfo, ModelInfo, Coverage, SideCoverage, DistanceCoverage, LiquidationMap, LeverageBand, Cumulative, Heatmap,
)  # fmt: skip


def test_glossary_holds_every_table_and_column() -> None:
    page = GLOSSARY.read_text(encoding="utf-8")
    wanted = tables_part()
    assert page.partition(HEADING)[1:] == (HEADING, wanted.removeprefix(HEADING)), "run scripts/glossary.py"
    for table in ALL_TABLES.values():
        for name in table.columns:
            assert f"\n| `{name}`" in wanted


def test_glossary_explains_every_unit() -> None:
    words = GLOSSARY.read_text(encoding="utf-8").partition(HEADING)[0]
    units = {column.unit for table in ALL_TABLES.values() for column in table.columns.values()} - {""}
    assert [unit for unit in sorted(units) if f"| `{unit}` |" not in words] == []


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: result.__name__)
def test_glossary_explains_every_field_of_a_result(result: type) -> None:
    words = GLOSSARY.read_text(encoding="utf-8")
    names = [field.name for field in dataclasses.fields(result) if field.name != "head"]
    assert [name for name in names if f"`{name}`" not in words] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_every_page_and_picture_can_be_reached_from_the_index() -> None:
    reached, left = set(), [ROOT / "docs" / "index.md"]
    while left:
        page = left.pop()
        if page in reached or not page.is_file():
            continue
        reached.add(page)
        if page.suffix == ".md":
            targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
            left += [(page.parent / target).resolve() for target in targets if "://" not in target]
    folders = [
        ROOT / "docs" / name for name in ("tutorials", "how_to", "explanation", "reference", "pictures")
    ]
    files = [
        path for folder in folders for path in folder.rglob("*") if path.suffix in {".md", ".png", ".svg"}
    ]
    assert [str(path.relative_to(ROOT)) for path in files if path not in reached] == []


def test_decisions_have_numbers_of_their_own_and_say_what_would_change_our_mind() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert len(set(numbers)) == len(numbers) > 5
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for heading in ("## Context", "## Choice", "## What would change our mind"):
            assert heading in text, f"{page.name} lacks {heading}"
