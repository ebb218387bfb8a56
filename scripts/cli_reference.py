"""Write the verbs' options into docs/reference/cli.md from the code: ``python scripts/cli_reference.py``."""

from __future__ import annotations

import re
from pathlib import Path

from liqatlas.cli.main import VERBS, make_app

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"
BEGIN, END = "<!-- options: written by scripts/cli_reference.py -->", "<!-- end of options -->"


def options_text() -> str:
    """Return one section per verb: what it does and a table of its options."""
    app = make_app()
    parts: list[str] = []
    for verb, _, help_text in VERBS:
        rows = []
        for argument in app[verb].assemble_argument_collection(parse_docstring=True):
            names = [n for n in argument.names if n != "*" and not n.startswith("--no-")]
            if not names or argument.parameter.parse is False:
                continue
            said = re.sub(r"\s+", " ", argument.parameter.help or "").strip().replace("|", "\\|")
            rows.append(f"| {', '.join(f'`{n}`' for n in names)} | {said} |")
        table = ["", "| option | meaning |", "|---|---|", *dict.fromkeys(rows)] if rows else []
        parts += ["", f"### `{verb}`", "", help_text, *table]
    return "\n".join(parts).strip()


def page_with(text: str, page: str) -> str:
    """Return the page with the text between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page_with(options_text(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PAGE.name}")


if __name__ == "__main__":
    main()
