"""One Parquet file: written whole or not at all, checked by its digest, carrying what is needed to adopt it again.

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
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.errors import DiskFullError, LakeCorruptError, LakeError
from liqatlas.store.layout import PARTIAL, file_name, partition

if TYPE_CHECKING:
    from pathlib import Path

    from liqatlas.store.keys import Keying

_META = b"liqatlas"
_COMPRESSION_LEVEL = 3
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
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def encode(rule: Keying, frame: pl.DataFrame, facts: FileFacts) -> bytes:
    """Return a table as the bytes of a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = rule.table.columns
    plain = frame.with_columns(
        pl.col(name).cast(pl.String) for name, c in columns.items() if isinstance(c.dtype, pl.Enum)
    )
    table = plain.to_arrow()
    table = table.replace_schema_metadata({_META: json.dumps(asdict(facts)).encode()})
    whole = [name for name, c in columns.items() if c.dtype in (pl.Int64, pl.Int32)]
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=_COMPRESSION_LEVEL,
        use_dictionary=[name for name in columns if name not in whole],
        column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
        write_page_checksum=True,
    )
    return bytes(sink.getvalue())


def write(root: Path, rule: Keying, frame: pl.DataFrame, facts: FileFacts) -> WrittenFile:
    """Write a table as a new file: partial, synced, renamed, its folder synced. The manifest does not know it yet.

    Raises
    ------
    DiskFullError
        If there is no room; the partial file is removed.
    LakeError
        If the file system refuses otherwise.
    """
    data = encode(rule, frame, facts)
    folder = root / partition(facts.dataset, facts.venue, facts.symbol, facts.start_ns)
    final = folder / file_name(facts.start_ns, facts.end_ns, secrets.token_hex(6))
    partial = final.with_suffix(PARTIAL)
    try:
        fresh = _missing_parents(folder, root)
        folder.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(final)
        for parent in (folder, *fresh):
            sync_folder(parent)
    except OSError as error:
        partial.unlink(missing_ok=True)
        if error.errno in NO_ROOM:
            raise DiskFullError(
                f"{final}: no room left to write {len(data):,} bytes; free space or lower max_disk. "
                "What was durable stays readable"
            ) from error
        raise LakeError(
            f"{final}: cannot be written: {error.strerror}; check the folder and its rights"
        ) from error
    return WrittenFile(str(final.relative_to(root)), len(data), digest(data))


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
        raise LakeCorruptError(path, "the bytes are not those that were written; run verify, then repair")
    try:
        frame = pl.read_parquet(io.BytesIO(data))
        wanted = rule.table.columns
        if frame.columns != list(wanted):
            frame = frame.select(list(wanted))
        return frame.with_columns(  # only what rests as another type: mostly a text or two
            [frame[name].cast(c.dtype) for name, c in wanted.items() if frame.schema[name] != c.dtype]
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        raise LakeCorruptError(path, f"not a readable table ({error}); run verify, then repair") from error


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
        metadata = pq.read_schema(path).metadata or {}
        return FileFacts(**json.loads(metadata[_META]))
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise LakeCorruptError(path, f"not a file of a lake ({error})") from error


def rescaled(frame: pl.DataFrame, stored: str, wanted: Decimal) -> pl.DataFrame:
    """Return a table with its price ticks counted in a finer step; unchanged where the dataset has none."""
    if not stored or Decimal(stored) == wanted:
        return frame
    return frame.with_columns(pl.col("price_ticks") * int(Decimal(stored) / wanted))
