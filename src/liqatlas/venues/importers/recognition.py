"""What a file is, told by its first bytes and its name, before anything is read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from liqatlas.base.clock import NS_PER_MS, NS_PER_S, NS_PER_US
from liqatlas.base.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from liqatlas.venues.importers.pieces import Piece
    from liqatlas.venues.importers.selection import Wanted
    from liqatlas.venues.importers.sources import Source

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([ T].*)?", re.ASCII)
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a source, cut into what formats look at.

    Attributes
    ----------
    columns
        Names of the header row, lower case; empty where the first row is data.
    row
        Fields of the first data row; for a file of JSON lines its only field is the line.
    schema
        Column names and types of a Parquet file, else empty; ``metadata`` its key-value pairs.
    """

    source: Source
    raw: bytes
    columns: tuple[str, ...] = ()
    row: tuple[str, ...] = ()
    schema: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The bare file name."""
        return self.source.name

    @property
    def path(self) -> Path:
        """The file on disk."""
        return self.source.path

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.columns or self.row)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What one file, or one member of a zip, turned out to be.

    Attributes
    ----------
    path, member
        Where it lies.
    format, title
        The format's key and its name for people.
    venue, symbol
        Whose it is; empty where the file holds several, or where nothing says.
    tables
        Names of the tables of a recording that it gives.
    how
        What told.
    unused
        Why a known kind of file gives nothing to a map, else empty.
    details
        What the format's reader needs to know; not for people.
    """

    path: Path
    member: str
    format: str
    title: str
    venue: str
    symbol: str
    tables: tuple[str, ...]
    how: str
    unused: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The file as people name it."""
        return f"{self.path}!{self.member}" if self.member else str(self.path)

    def describe(self) -> str:
        """Return one line for people: file, format, instrument, tables."""
        whose = ":".join(part for part in (self.venue, self.symbol) if part) or "several instruments"
        gives = f"not used: {self.unused}" if self.unused else ", ".join(self.tables)
        return f"{self.label}: {self.title}, {whose} ({self.how}) -> {gives}"


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file: how to tell it and how to read it."""

    name: str
    title: str
    match: Callable[[Head], Recognised | None]
    read: Callable[[Source, Recognised, Wanted], list[Piece]]


def found(head: Head, **facts: Any) -> Recognised:
    """Return what a format recognised, with the file's place filled in."""
    member = head.source.member
    return Recognised(path=head.path, member=member, **{"venue": "", "symbol": "", **facts})


def read_head(source: Source) -> Head:
    """Return the beginning of a source.

    Raises
    ------
    FormatError
        If it is empty, damaged or not text where text is wanted.
    """
    if source.packing == "parquet":
        return _parquet_head(source)
    raw = source.head()
    text = raw.removeprefix(_BOM)
    if not text.strip():
        raise FormatError(source.label, "the file holds no rows (empty once unpacked); download it again")
    if text.startswith(b"PAR1"):
        raise FormatError(source.label, "a Parquet file inside an archive; unpack it first")
    if b"\0" in text[:4096]:
        seen = " ".join(f"{byte:02x}" for byte in text[:8])
        raise FormatError(
            source.label,
            f"not text (begins with bytes {seen}); wanted CSV, JSON lines or Parquet, plain, gzip or zip",
        )
    lines = [line for line in text.split(b"\n", 64)[:64] if line.strip()]
    first = lines[0].decode("utf-8", "replace").strip()
    if first.startswith(("{", "[")) or re.match(r"\d{16,20} \{", first):
        return Head(source, raw, row=(first,))
    fields = _fields(first)
    if _is_header(fields):
        row = _fields(lines[1].decode("utf-8", "replace").strip()) if len(lines) > 1 else ()
        return Head(source, raw, columns=tuple(name.lower() for name in fields), row=row)
    return Head(source, raw, row=fields)


def _fields(line: str) -> tuple[str, ...]:
    return tuple(part.strip().strip('"') for part in line.split(","))


def _is_header(fields: tuple[str, ...]) -> bool:
    """Tell a header row from data: it holds neither a number nor a date."""
    return any(fields) and not any(is_number(value) or _DATE.fullmatch(value) for value in fields)


def _parquet_head(source: Source) -> Head:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(source.path)
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).split("\n", 1)[0]
        raise FormatError(
            source.label, f"the Parquet file cannot be read ({reason}); it may be cut off, get it again"
        ) from None
    with file:
        schema = {
            name.lower(): str(kind)
            for name, kind in zip(file.schema_arrow.names, file.schema_arrow.types, strict=True)
        }
        pairs = file.schema_arrow.metadata or {}
        metadata = {
            key.decode("utf-8", "replace"): value.decode("utf-8", "replace") for key, value in pairs.items()
        }
    return Head(source, b"", columns=tuple(schema), schema=schema, metadata=metadata)


def is_number(text: str) -> bool:
    """Tell whether a field is a plain decimal number."""
    return bool(_NUMBER.fullmatch(text))


def is_epoch(text: str) -> bool:
    """Tell whether a field can be a moment between 2001 and 2100 in s, ms, us or ns."""
    return bool(re.fullmatch(r"\d{10}|\d{13}|\d{16}|\d{19}", text))


def is_date(text: str) -> bool:
    """Tell whether a field is an ISO date or moment."""
    return bool(_DATE.fullmatch(text))


def is_flag(text: str) -> bool:
    """Tell whether a field is true or false."""
    return text.lower() in {"true", "false"}


def unit_ns(value: int) -> int:
    """Return the ns per unit of an epoch, by its number of digits (s, ms, us or ns)."""
    for limit, factor in ((10**11, NS_PER_S), (10**14, NS_PER_MS), (10**17, NS_PER_US)):
        if value < limit:
            return factor
    return 1
