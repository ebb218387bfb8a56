"""Write the page's colours from the theme of the pictures: ``page_palette.py [--check]``.

One place decides what a venue or a side looks like (``plot/theme.py``); the page gets a copy that a test holds equal.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from liqatlas.plot.theme import THEMES

TARGET = Path(__file__).resolve().parent.parent / "web" / "src" / "palette.json"


def palette() -> str:
    """Return the palette file's text."""
    return json.dumps({name: asdict(theme) for name, theme in THEMES.items()}, indent=1) + "\n"


def main() -> int:
    """Write the file, or say whether it is up to date."""
    if "--check" in sys.argv[1:]:
        return int(TARGET.read_text(encoding="utf-8") != palette())
    TARGET.write_text(palette(), encoding="utf-8")
    print(f"wrote {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
