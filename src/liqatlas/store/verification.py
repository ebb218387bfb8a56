"""Is the lake what its manifest says? Reads everything, changes nothing."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from liqatlas.base.errors import LakeCorruptError
from liqatlas.store import manifest, parquet
from liqatlas.store.keys import keying
from liqatlas.store.layout import CATALOGUE, PARTIAL, data_files

if TYPE_CHECKING:
    from pathlib import Path

ProblemKind = Literal["database", "missing", "damaged", "overlap", "orphan", "partial"]
#: A file younger than this may be being written right now [s].
YOUNG_S = 600.0


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be.

    Attributes
    ----------
    kind
        ``database``: SQLite finds its own file damaged; ``missing``, ``damaged``: a file of the manifest is gone or not
        what was written; ``overlap``: two live files claim the same span; ``orphan``: a finished file no manifest row
        names; ``partial``: a file that was never finished.
    path
        Relative to the lake.
    message
        One sentence for people.
    entry
        The manifest row, where there is one.
    """

    kind: ProblemKind
    path: str
    message: str
    entry: manifest.FileEntry | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at and what was found; ``ok`` if nothing."""

    files: int
    bytes: int
    rows: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def verify(connection: sqlite3.Connection, root: Path, *, young_s: float = YOUNG_S) -> Verification:
    """Compare the lake with its manifest: checks of SQLite, digests, row counts, spans, files nobody names."""
    problems = [Problem("database", CATALOGUE, text) for text in damage_of(connection)]
    try:
        entries, known = manifest.all_live(connection), manifest.known_paths(connection)
    except sqlite3.DatabaseError as error:
        problems.append(Problem("database", CATALOGUE, f"the manifest cannot be read: {error}"))
        return Verification(0, 0, 0, tuple(problems))
    for entry in entries:
        problems += _check(root, entry)
    for one, other in pairwise(entries):
        if (one.dataset, one.series) == (other.dataset, other.series) and other.start_ns < one.end_ns:
            problems.append(Problem("overlap", other.path, f"claims the span of {one.path}", other))
    problems += _strangers(root, known, young_s)
    return Verification(
        len(entries), sum(e.bytes for e in entries), sum(e.rows for e in entries), tuple(problems)
    )


def damage_of(connection: sqlite3.Connection) -> list[str]:
    """Return what SQLite's own check finds, one sentence each."""
    try:
        lines = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [line for line in lines if line != "ok"]


def _check(root: Path, entry: manifest.FileEntry) -> list[Problem]:
    rule, rows = keying(entry.dataset), 0
    first = last = entry.start_ns
    in_order = True
    try:
        for frame in parquet.batches(root / entry.path, rule, expected_digest=entry.digest):
            moments = frame[rule.time]
            in_order = in_order and moments.is_sorted() and last <= moments[0]
            first, last = first if rows else moments[0], moments[-1]
            rows += frame.height
    except FileNotFoundError:
        return [Problem("missing", entry.path, "the manifest names it but it is not there", entry)]
    except LakeCorruptError as error:
        return [Problem("damaged", entry.path, str(error), entry)]
    told, found = (entry.rows, entry.first_ns, entry.last_ns), (rows, first, last)
    if told != found or not in_order or last >= entry.end_ns:
        return [Problem("damaged", entry.path, f"manifest says {told}, the file holds {found}", entry)]
    return []


def _strangers(root: Path, known: set[str], young_s: float) -> list[Problem]:
    """Return files in the datasets' folders that the manifest does not name and nobody is writing."""
    found = []
    for path in data_files(root):
        name = str(path.relative_to(root))
        try:
            age = time.time() - path.stat().st_mtime
        except FileNotFoundError:
            continue  # finished or swept meanwhile
        if name in known or age < young_s:
            continue
        if path.suffix == PARTIAL:
            found.append(
                Problem("partial", name, "never finished, a crash left it; its rows are in the catalogue")
            )
        else:
            found.append(Problem("orphan", name, "no manifest row names it; its rows are in the catalogue"))
    return found
