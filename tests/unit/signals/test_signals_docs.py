"""Every setting, column and section stands in the reference."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from liqatlas.report.tree import SECTIONS
from liqatlas.signals.settings import Settings
from liqatlas.signals.stress.rows import OPTIONAL, REQUIRED

DOCS = Path(__file__).resolve().parents[3] / "docs" / "reference"
GROUPS = [
    f.type
    for f in msgspec.structs.fields(Settings)
    if isinstance(f.type, type) and issubclass(f.type, msgspec.Struct)
]


@pytest.mark.parametrize("group", GROUPS, ids=lambda g: g.__name__)
def test_every_setting_is_in_the_reference(group: type[msgspec.Struct]) -> None:
    page = (DOCS / "signals.md").read_text(encoding="utf-8")
    assert [name for name in group.__struct_fields__ if f"`{name}`" not in page] == []


def test_every_column_and_section_is_in_the_reference() -> None:
    stress = (DOCS / "stress.md").read_text(encoding="utf-8")
    assert [c for c in (*REQUIRED, *OPTIONAL) if f"`{c}`" not in stress] == []
    page = (DOCS / "report_json.md").read_text(encoding="utf-8")
    assert [s for s in SECTIONS if f"| `{s}` |" not in page] == []
