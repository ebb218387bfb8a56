"""Begin a new venue from a template: a whole working venue with its names replaced.

    python scripts/new_venue.py KEY NAME [--from bitget] [--into src/liqatlas/venues]

The template is a real venue, so what it shows compiles, runs and passes the conformance suite; its addresses, fields and facts are
then replaced one by one as docs/how_to/add_a_venue.md says. Prints what is left to do.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENUES = ROOT / "src" / "liqatlas" / "venues"
_KEY = re.compile(r"[a-z][a-z0-9_]*")
LEFT = """made {folder} from {template}. Now, in this order (docs/how_to/add_a_venue.md):
1. docs/reference/venues/{key}.md: the evidence table, before any code
2. {folder}/consts.py: addresses, quotas, CAPABILITIES; then parse.py, parse_rest.py, stream.py, rest.py
3. base/instruments.py VENUES: Venue("{key}", "{name}"), unless it stands there
4. venues/registry.py: "{key}": "liqatlas.venues.{key}.rest:{cls}"
5. tests/conformance/venues/facts_{key}.py, tests/stub_exchange/wire_{key}.py, the key in tests/stub_exchange/session.py
6. pytest tests/conformance/venues tests/faults -q -k {key}"""


def class_name(key: str) -> str:
    """Return the client's class of a key."""
    return "".join(part.capitalize() for part in key.split("_")) + "Client"


def begin(
    key: str, name: str, *, template: str = "bitget", into: Path = VENUES, source: Path = VENUES
) -> Path:
    """Write a venue's folder and return it.

    Raises
    ------
    ValueError
        If the key is no lower-case name, the template does not exist, or the folder does.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"key {key!r}: wanted lower-case letters, digits and underscores")
    old, new = source / template, into / key
    if not (old / "rest.py").exists():
        raise ValueError(f"no template {old}: wanted a venue folder with rest.py")
    if new.exists():
        raise ValueError(f"{new} exists already; remove it or choose another key")
    new.mkdir(parents=True)
    (title,) = re.findall(
        r'^    name = "([^"]+)"$', (old / "rest.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    for path in sorted(old.glob("*.py")):
        text = path.read_text(encoding="utf-8").replace(class_name(template), class_name(key))
        text = re.sub(rf"\b{template}\b", key, text)
        (new / path.name).write_text(text.replace(title, name), encoding="utf-8")
    return new


def main() -> int:
    """Run from the command line."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("key")
    ask.add_argument("name")
    ask.add_argument("--from", dest="template", default="bitget")
    ask.add_argument("--into", type=Path, default=VENUES)
    given = ask.parse_args()
    try:
        folder = begin(given.key, given.name, template=given.template, into=given.into)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    facts = {"folder": folder, "key": given.key, "name": given.name, "cls": class_name(given.key)}
    sys.stdout.write(LEFT.format(**facts, template=given.template) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
