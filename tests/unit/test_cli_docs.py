"""Every verb, option and setting stands in the reference."""

from __future__ import annotations

import re
from pathlib import Path

from liqatlas.base.config import Settings
from liqatlas.cli.main import VERBS, make_app
from liqatlas.flows.render import FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")


def test_every_verb_is_described() -> None:
    missing = [name for name, _, _ in VERBS if f"`{name}" not in PAGE]
    assert not missing


def test_every_option_is_described() -> None:
    app = make_app()
    missing = set()
    for verb, _, _ in VERBS:
        for argument in app[verb].assemble_argument_collection():
            for name in argument.names:
                if (
                    name.startswith("--")
                    and not name.startswith("--no-")
                    and f"`{name}" not in PAGE
                    and f", `{name}" not in PAGE
                ):
                    missing.add(f"{verb} {name}")
    assert not missing


def test_formats_and_settings_are_described() -> None:
    assert all(re.search(rf"\b{form}\b", PAGE) for form in FORMATS)
    assert all(f"`{name}`" in PAGE for name in Settings.__struct_fields__)
