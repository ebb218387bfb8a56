"""kill -9 a recorder a hundred times and print what each kill left: ``python -m benchmarks.store_kills [ROUNDS] [SEED]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.faults.store_kill import BOUND_S, HEADER, Judge, line


def main(rounds: int = 100, seed: int = 0) -> int:
    """Print the table; return 1 if an acknowledged row was lost, one is there twice or the bound did not hold."""
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        print(HEADER)
        for number, found in enumerate(Judge(Path(folder) / "lake", seed).rounds(rounds), 1):
            print(line(number, found), flush=True)
            bad += bool(found.lost or found.twice or found.strange or found.lost_age_s > BOUND_S)
    print(
        f"{rounds} kills, {bad} bad (an acknowledged row lost, a row twice, or a loss older than {BOUND_S:g} s)"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*(int(value) for value in sys.argv[1:])))
