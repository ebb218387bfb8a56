"""Learn how much a venue that publishes one liquidation per second hides: ``python scripts/learn_thinning.py FOLDER [-o FILE]``.

FOLDER holds a full feed of prints, such as OKX's in ``okx_liquidations`` (up to twenty orders of one contract in a second). Every symbol's feed is
throttled to the last order of each second, as Binance publishes, and what is left is compared with what there was, hour by hour. The file
is what ``liqatlas calibrate --thinning FILE`` and ``evaluate --thinning FILE`` apply to a throttled venue's prints.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from liqatlas.flows.read import read
from liqatlas.levels.thinning import learn_thinning


def main() -> None:
    """Write the curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--venue", default="okx")
    parser.add_argument("-o", "--output", type=Path)
    chosen = parser.parse_args()
    feeds = [r.liquidations for r in read(chosen.folder, venues=(chosen.venue,)) if r.liquidations.height]
    curve = learn_thinning(
        feeds,
        data_reference=f"{chosen.folder.name}: {chosen.venue}, {sum(f.height for f in feeds):,} prints of {len(feeds)} symbols",
        made_by=f"python scripts/learn_thinning.py {chosen.folder.name} --venue {chosen.venue}",
        made_on=datetime.now(UTC).date().isoformat(),
    )
    content = msgspec.json.format(msgspec.json.encode(curve), indent=1) + b"\n"
    if chosen.output:
        chosen.output.write_bytes(content)
    sys.stdout.buffer.write(content)


if __name__ == "__main__":
    main()
