"""One Parquet file: written whole or not at all, checked by its digest, carrying what is needed to adopt it again.

Files are written and read row group by row group, so that their size is no matter of memory.

Whole-number columns are delta-encoded, texts and flags dictionary-encoded, all compressed with zstd. Text columns rest
as plain text so that any Parquet reader can use them; reading casts them to the schema.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import secrets
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from liqatlas.base.errors import DiskFullError, LakeCorruptError, LakeError
from liqatlas.store.layout import PARTIAL, file_name, partition

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from liqatlas.store.keys import Keying

_META = b"liqatlas"
_COMPRESSION_LEVEL = 3
_READ_BUFFER = 2**20
#: Rows that are in memory together where a file passes through, some 10 MB of them.
BATCH_ROWS = 200_000
#: What the system says when a disk, quota or file-size limit is reached.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file says of itself in its footer; enough to write its manifest row anew."""

    dataset: str
    series: int
    venue: str
    symbol: str
    start_ns: int
    end_ns: int
    first_ns: int
    last_ns: int
    rows: int
    tick_size: str
    created_ns: int


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A finished file: path relative to the lake, size and digest."""

    path: str
    bytes: int
    digest: str


def digest(data: bytes) -> str:
    """Return the digest that the manifest keeps of a file's bytes."""
    return _hasher(data).hexdigest()


def _hasher(data: bytes = b"") -> hashlib.blake2b:
    return hashlib.blake2b(data, digest_size=16)


def digest_of(path: Path) -> str:
    """Return the digest of a file as it is on the disk."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, _hasher).hexdigest()


class _Sink:
    """A file being written that knows the digest and number of the bytes it was given."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("wb")
        self.hasher = _hasher()
        self.bytes = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        self.hasher.update(data)
        self.bytes += memoryview(data).nbytes
        return self.file.write(data)

    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None:
        self.file.flush()


class Draft:
    """A file that grows by one row group at a time; nothing stands under its name before :meth:`finish`.

    Parameters
    ----------
    root
        The lake's folder.
    rule
        The dataset's keying.
    place
        Folder and name of the file, relative to the lake; see :func:`place_of`.

    Attributes
    ----------
    rows, first_ns, last_ns
        How many rows were added, and the first and last moment among them [ns].

    Raises
    ------
    DiskFullError
        If there is no room; nothing is left behind.
    LakeError
        If the file system refuses otherwise.
    """

    def __init__(self, root: Path, rule: Keying, place: str) -> None:
        self.rows = self.first_ns = self.last_ns = 0
        self._root, self.rule = root, rule
        self._final = root / place
        self._partial = self._final.with_suffix(PARTIAL)
        self._fresh: list[Path] = []
        self._sink: _Sink | None = None
        self._writer: Any = None

    def add(self, frame: pl.DataFrame) -> None:
        """Write rows that follow those written so far, as a row group of their own; no rows are nothing."""
        if frame.is_empty():
            return
        columns = self.rule.table.columns
        plain = frame.with_columns(
            pl.col(name).cast(pl.String) for name, c in columns.items() if isinstance(c.dtype, pl.Enum)
        )
        with self._guarded():
            table = plain.to_arrow()
            if self._writer is None:
                self._begin(table.schema)
            self._writer.write_table(table, row_group_size=table.num_rows)
        moments = frame[self.rule.time]
        if not self.rows:
            self.first_ns = int(moments[0])
        self.last_ns = int(moments[-1])
        self.rows += frame.height

    def _begin(self, schema: Any) -> None:
        import pyarrow.parquet as pq

        columns = self.rule.table.columns
        whole = [name for name, c in columns.items() if c.dtype in (pl.Int64, pl.Int32)]
        folder = self._final.parent
        self._fresh = _missing_parents(folder, self._root)
        folder.mkdir(parents=True, exist_ok=True)
        self._sink = _Sink(self._partial)
        self._writer = pq.ParquetWriter(
            self._sink,
            schema,
            compression="zstd",
            compression_level=_COMPRESSION_LEVEL,
            use_dictionary=[name for name in columns if name not in whole],
            column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
            write_page_checksum=True,
        )

    def finish(self, facts: FileFacts) -> WrittenFile:
        """Close the file with what it says of itself: synced, renamed, its folder synced. No manifest knows it yet."""
        assert self._sink is not None
        sink = self._sink
        with self._guarded():
            self._writer.add_key_value_metadata({_META: json.dumps(asdict(facts)).encode()})
            self._writer.close()
            sink.flush()
            os.fsync(sink.file.fileno())
            sink.file.close()
            self._partial.replace(self._final)
            for parent in (self._final.parent, *self._fresh):
                sync_folder(parent)
        self._sink = self._writer = None
        return WrittenFile(str(self._final.relative_to(self._root)), sink.bytes, sink.hasher.hexdigest())

    def discard(self) -> None:
        """Leave nothing of a file that was not finished."""
        if self._sink is not None:
            with suppress(Exception):  # its footer may no longer fit on the disk
                self._writer.close()
            with suppress(OSError):
                self._sink.file.close()
            self._partial.unlink(missing_ok=True)
            self._sink = self._writer = None

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.discard()
            raise cannot_write(self._final, error) from error


def cannot_write(path: Path, error: OSError) -> LakeError:
    """Return what it means that the file system refused to write a file of the lake."""
    if error.errno in NO_ROOM:
        return DiskFullError(
            f"{path}: no room left to write; free space or lower --max-disk. What was durable stays readable"
        )
    return LakeError(f"{path}: cannot be written: {error.strerror or error}; check the folder and its rights")


def place_of(dataset: str, venue: str, symbol: str, span: tuple[int, int]) -> str:
    """Return folder and name of a new file of a span, relative to the lake; no two files have the same."""
    return f"{partition(dataset, venue, symbol, span[0])}/{file_name(*span, secrets.token_hex(6))}"


def _missing_parents(folder: Path, root: Path) -> list[Path]:
    """Return the parents whose listing changes when the folder is made."""
    changed = []
    while folder != root and not folder.exists():
        folder = folder.parent
        changed.append(folder)
    return changed


def sync_folder(folder: Path) -> None:
    """Make a folder's listing durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path, rule: Keying, *, expected_digest: str | None) -> pl.DataFrame:
    """Return a file's table in its schema; the bytes are compared with ``expected_digest`` where one is given.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    LakeCorruptError
        If the bytes are not those that were written.
    """
    data = path.read_bytes()
    if expected_digest is not None and digest(data) != expected_digest:
        raise _other_bytes(path)
    with _readable(path):
        return _in_schema(rule, pl.read_parquet(io.BytesIO(data)))


def read_near(
    path: Path, rule: Keying, span: tuple[int, int], *, expected_digest: str | None
) -> pl.DataFrame:
    """Return the row groups of a file that may hold moments of ``[start, end)``, as :func:`read` does the whole."""
    import pyarrow.parquet as pq

    if expected_digest is not None and digest_of(path) != expected_digest:
        raise _other_bytes(path)
    with path.open("rb") as file, _readable(path):
        table = pq.ParquetFile(file, page_checksum_verification=True)
        met = [number for number in range(table.num_row_groups) if _meets(table, number, rule.time, span)]
        frame = pl.from_arrow(table.read_row_groups(met, columns=list(rule.table.columns)))
        assert isinstance(frame, pl.DataFrame)
        return _in_schema(rule, frame)


def _meets(table: Any, number: int, time: str, span: tuple[int, int]) -> bool:
    told = table.metadata.row_group(number).column(table.schema_arrow.get_field_index(time)).statistics
    if told is None or not told.has_min_max:
        return True
    return bool(told.min < span[1] and told.max >= span[0])


def _in_schema(rule: Keying, frame: pl.DataFrame) -> pl.DataFrame:
    wanted = rule.table.columns
    if frame.columns != list(wanted):
        frame = frame.select(list(wanted))
    return frame.with_columns(  # only what rests as another type: mostly a text or two
        [frame[name].cast(c.dtype) for name, c in wanted.items() if frame.schema[name] != c.dtype]
    )


def _other_bytes(path: Path) -> LakeCorruptError:
    return LakeCorruptError(
        path, "the bytes are not those that were written; see liqatlas lake verify, then liqatlas lake repair"
    )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        raise LakeCorruptError(
            path, f"not a readable table ({error}); see liqatlas lake verify, then liqatlas lake repair"
        ) from error


def batches(
    path: Path, rule: Keying, *, expected_digest: str, rows: int = BATCH_ROWS
) -> Iterator[pl.DataFrame]:
    """Yield a file's table in its schema, at most ``rows`` rows at a time, after its bytes were compared with the digest.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    LakeCorruptError
        If the bytes are not those that were written.
    """
    import pyarrow.parquet as pq

    if digest_of(path) != expected_digest:
        raise _other_bytes(path)
    with path.open("rb") as file, _readable(path):
        table = pq.ParquetFile(file, page_checksum_verification=True, buffer_size=_READ_BUFFER)
        for batch in table.iter_batches(rows, columns=list(rule.table.columns)):
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            yield _in_schema(rule, frame)


def read_facts(path: Path) -> FileFacts:
    """Return what a file says of itself.

    Raises
    ------
    LakeCorruptError
        If it is not a file of a lake, or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path).metadata or {}
        return FileFacts(**json.loads(metadata[_META]))
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise LakeCorruptError(path, f"not a file of a lake ({error})") from error


def rescaled(frame: pl.DataFrame, stored: str, wanted: Decimal) -> pl.DataFrame:
    """Return a table with its price ticks counted in a finer step; unchanged where the dataset has none."""
    if not stored or Decimal(stored) == wanted:
        return frame
    return frame.with_columns(pl.col("price_ticks") * int(Decimal(stored) / wanted))
