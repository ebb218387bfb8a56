"""The reference of the command line is what the code says."""

from __future__ import annotations

from pathlib import Path

from liqatlas.base.config import Settings
from liqatlas.cli.main import VERBS
from scripts.cli_reference import options_text, page_with

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")


def test_every_verb_and_option_is_described() -> None:
    """After a change: ``./dev run python scripts/cli_reference.py``."""
    text = options_text()
    assert page_with(text, PAGE) == PAGE
    assert all(f"### `{verb}`" in text for verb, _, _ in VERBS)


def test_no_option_goes_without_a_word() -> None:
    silent = [
        line for line in options_text().splitlines() if line.startswith("| `--") and line.endswith("|  |")
    ]
    assert not silent


def test_settings_are_described() -> None:
    assert all(f"`{name}`" in PAGE for name in Settings.__struct_fields__)
