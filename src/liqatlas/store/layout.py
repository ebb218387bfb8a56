"""Where things lie in a lake's folder, and how a day is cut into files.

::

    catalogue.sqlite                       hot rows, catalogue, manifest, gaps, coverage, checkpoints, jobs
    segments.sqlite                        sparse segments, all of them derived
    accounts.sqlite                        public accounts: the registry, and who holds nothing any more
    series.json                            which number stands for which series, to read a damaged catalogue
    locks/                                 who writes
    dataset=/venue=/symbol=/date=/*.parquet
    quarantine/                            what ``repair`` set aside; nothing here is read

Days and hours are UTC. A file holds every row of its span ``[start, end)``: an hour, or a whole day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from liqatlas.base.clock import DAY_NS, HOUR_NS, to_datetime

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = "catalogue.sqlite"
SEGMENTS = "segments.sqlite"
ACCOUNTS = "accounts.sqlite"
SERIES = "series.json"
LOCKS = "locks"
QUARANTINE = "quarantine"
#: Ending of a file that is still being written; never named by the manifest.
PARTIAL = ".partial"


def day_of(ts_ns: int) -> int:
    """Return the start of a moment's UTC day [ns]."""
    return ts_ns - ts_ns % DAY_NS


def hour_of(ts_ns: int) -> int:
    """Return the start of a moment's UTC hour [ns]."""
    return ts_ns - ts_ns % HOUR_NS


def partition(dataset: str, venue: str, symbol: str, day_ns: int) -> str:
    """Return a day's folder relative to the lake, names percent-encoded as Hive readers expect.

    Examples
    --------
    >>> partition("trades", "bitfinex", "tBTCF0:USTF0", 0)
    'dataset=trades/venue=bitfinex/symbol=tBTCF0%3AUSTF0/date=1970-01-01'
    """
    date = to_datetime(day_ns).date().isoformat()
    return f"dataset={dataset}/venue={quote(venue, safe='')}/symbol={quote(symbol, safe='')}/date={date}"


def file_name(start_ns: int, end_ns: int, unique: str) -> str:
    """Return a file's name inside its day: its hours and a word no other file has.

    Examples
    --------
    >>> file_name(3 * HOUR_NS, 4 * HOUR_NS, "5f1c")
    'h03-04-5f1c.parquet'
    """
    first = start_ns % DAY_NS // HOUR_NS
    return f"h{first:02d}-{first + (end_ns - start_ns) // HOUR_NS:02d}-{unique}.parquet"


def data_files(root: Path) -> list[Path]:
    """Return every file, finished or partial, that stands in the folders of datasets."""
    return sorted(path for path in root.glob("dataset=*/**/*") if path.is_file())
