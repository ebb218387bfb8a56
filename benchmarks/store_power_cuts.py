"""Cut the power of a recorder many times and print what each cut left.

``python -m benchmarks.store_power_cuts [ROUNDS] [SEED]``; half of the rounds keep synced data only, half keep random parts
of the rest as well. Needs a C compiler.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.faults.store_kill import BOUND_S, HEADER, line
from tests.faults.store_power import PowerCut


def main(rounds: int = 100, seed: int = 0) -> int:
    """Print the table; return 1 if an acknowledged row was lost, one is there twice or the bound did not hold."""
    bad = 0
    for torn in (False, True):
        print(f"\n{'synced data and random parts of the rest' if torn else 'synced data only'}\n{HEADER}")
        with tempfile.TemporaryDirectory() as folder:
            cuts = PowerCut(Path(folder) / "lake", seed, torn=torn).rounds(rounds // 2)
            for number, found in enumerate(cuts, 1):
                print(line(number, found), flush=True)
                bad += bool(found.lost or found.twice or found.strange or found.lost_age_s > BOUND_S)
    print(
        f"{rounds} power cuts, {bad} bad (an acknowledged row lost, a row twice, or a loss older than {BOUND_S:g} s)"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*(int(value) for value in sys.argv[1:])))
