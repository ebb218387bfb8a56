"""Bytes of a file as it lies on disk: plain, gzip or zip, whole or cut off, inflated piece by piece.

A cut-off archive gives what can be inflated and says so in :attr:`Source.cut_off`; a damaged one (wrong checksum,
impossible code) is a :class:`~liqatlas.base.errors.FormatError`, because nothing says which of its bytes are true.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from liqatlas.base.errors import FormatError, SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
EMPTY_ZIP_MAGIC = b"PK\x05\x06"
PARQUET_MAGIC = b"PAR1"
#: Packings that are named to the user but not opened.
FOREIGN_MAGICS = {
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
    b"7z\xbc\xaf": "7-zip",
    b"Rar!": "RAR",
}
READ_SIZE = 1 << 20
CHUNK_SIZE = 8 << 20
_LOCAL_HEADER = 30
_RAW_DEFLATE = -15
_GZIP = 31


@dataclass(slots=True)
class Source:
    """One table's bytes: a file, or one member of a zip.

    Attributes
    ----------
    path
        The file on disk.
    member
        Name inside a zip, else empty.
    packing
        ``plain``, ``gzip``, ``zip`` or ``parquet``.
    cut_off
        After reading: a sentence saying that the archive ends too early, else empty.
    """

    path: Path
    member: str = ""
    packing: str = "plain"
    cut_off: str = ""
    offset: int = 0
    packed_size: int = -1
    method: int = zipfile.ZIP_DEFLATED
    checksum: int | None = None
    size_hint: int = field(default=0)

    @property
    def label(self) -> str:
        """The file as people name it: its path, and the member of a zip that holds several."""
        return f"{self.path}!{self.member}" if self.member else str(self.path)

    @property
    def name(self) -> str:
        """The bare name that carries meaning, without ``.gz``: the member's inside a zip."""
        name = self.member.rsplit("/", 1)[-1] if self.member else self.path.name
        return name.removesuffix(".gz")

    def read(self) -> bytes:
        """Return all bytes, inflated."""
        return b"".join(self.chunks())

    def head(self, size: int = 1 << 16) -> bytes:
        """Return the first bytes, inflated, without touching :attr:`cut_off`."""
        found, told = b"", self.cut_off
        for chunk in self.chunks(size):
            found += chunk
            if len(found) >= size:
                break
        self.cut_off = told
        return found[:size]

    def chunks(self, size: int = CHUNK_SIZE) -> Iterator[bytes]:
        """Yield the bytes, inflated, in pieces of at most ``size``.

        Raises
        ------
        FormatError
            If the archive is damaged.
        """
        self.cut_off = ""
        with open_file(self.path) as file:
            if self.packing == "gzip":
                yield from _gunzip(self, file, size)
            elif self.packing == "zip":
                yield from _unzip(self, file, size)
            else:
                while piece := file.read(size):
                    yield piece


def open_file(path: Path) -> BinaryIO:
    """Open a file for reading, with the package's own errors."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise FormatError(path, "no such file; give the path of a file or folder that exists") from None
    except OSError as error:
        raise SourceUnavailableError(
            f"{path}: cannot be opened ({error.strerror}); check its permissions"
        ) from None


def open_sources(path: Path) -> list[Source]:
    """Return the tables of bytes that a file holds: one, or one for each member of a zip.

    Raises
    ------
    FormatError
        If the file is missing, empty, or packed in a way that is not understood.
    """
    with open_file(path) as file:
        magic = file.read(8)
        size = file.seek(0, 2)
    if size == 0:
        raise FormatError(path, "the file is empty (0 bytes); download it again")
    for foreign, name in FOREIGN_MAGICS.items():
        if magic.startswith(foreign):
            raise FormatError(
                path, f"packed with {name}, which is not opened here; unpack it, or pack it as gzip or zip"
            )
    if magic.startswith(GZIP_MAGIC):
        return [Source(path, packing="gzip", size_hint=8 * size)]
    if magic.startswith(EMPTY_ZIP_MAGIC):
        raise FormatError(path, "the zip holds no files; download it again")
    if magic.startswith(ZIP_MAGIC):
        return _zip_members(path)
    if magic.startswith(PARQUET_MAGIC):
        return [Source(path, packing="parquet", size_hint=size)]
    return [Source(path, size_hint=size)]


def _zip_members(path: Path) -> list[Source]:
    """Return a zip's members by its directory, or by its local headers where the directory is cut off."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if _is_table(entry.filename)]
    except zipfile.BadZipFile:
        return _members_without_directory(path)
    if not entries:
        raise FormatError(path, "the zip holds no files; download it again")
    sources = []
    with open_file(path) as file:
        for entry in entries:
            if entry.flag_bits & 1:
                raise FormatError(
                    path, f"member {entry.filename} is encrypted; unpack the zip yourself first"
                )
            _refuse_method(path, entry.filename, entry.compress_type)
            file.seek(entry.header_offset)
            header = file.read(_LOCAL_HEADER)
            start = (
                entry.header_offset
                + _LOCAL_HEADER
                + sum(int.from_bytes(header[i : i + 2], "little") for i in (26, 28))
            )
            sources.append(
                Source(
                    path,
                    member=entry.filename,
                    packing="zip",
                    offset=start,
                    packed_size=entry.compress_size,
                    method=entry.compress_type,
                    checksum=entry.CRC,
                    size_hint=entry.file_size,
                )
            )
    return sources


def _is_table(name: str) -> bool:
    """Tell whether a zip's entry is a file of data, not a folder or an operating system's leftover."""
    bare = name.rsplit("/", 1)[-1]
    return bool(bare) and not bare.startswith(".") and not name.startswith("__MACOSX/")


def _members_without_directory(path: Path) -> list[Source]:
    """Return the first member of a zip whose directory is missing, as its local header describes it."""
    with open_file(path) as file:
        header = file.read(_LOCAL_HEADER)
        name_length, extra_length = (int.from_bytes(header[i : i + 2], "little") for i in (26, 28))
        name = file.read(name_length)
    if len(header) < _LOCAL_HEADER or len(name) < name_length:
        raise FormatError(
            path, "the zip is cut off inside its first header, nothing can be read; download it again"
        )
    member = name.decode("utf-8", "replace")
    method = int.from_bytes(header[8:10], "little")
    _refuse_method(path, member, method)
    return [
        Source(
            path,
            member=member,
            packing="zip",
            offset=_LOCAL_HEADER + name_length + extra_length,
            method=method,
            size_hint=8 * path.stat().st_size,
        )
    ]


def _refuse_method(path: Path, member: str, method: int) -> None:
    if method not in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        raise FormatError(path, f"member {member} uses zip method {method}; wanted deflate; pack it again")


def _pieces(file: BinaryIO, limit: int) -> Iterator[bytes]:
    """Yield a file's bytes from where it stands, at most ``limit`` of them (-1: to its end)."""
    while limit != 0:
        piece = file.read(READ_SIZE if limit < 0 else min(READ_SIZE, limit))
        if not piece:
            return
        limit -= len(piece) if limit > 0 else 0
        yield piece


def _drain(engine: Any, piece: bytes, size: int) -> Iterator[bytes]:
    """Yield what an inflating engine makes of a piece, at most ``size`` bytes at a time."""
    out = engine.decompress(piece, size)
    while out:
        yield out
        if engine.eof:
            return
        out = engine.decompress(engine.unconsumed_tail, size)


def _damage() -> type[Exception]:
    """Return the class of the inflating engine's errors."""
    from isal import isal_zlib

    return cast("type[Exception]", isal_zlib.error)


def _gunzip(source: Source, file: BinaryIO, size: int) -> Iterator[bytes]:
    """Inflate all members of a gzip."""
    from isal import isal_zlib

    engine = isal_zlib.decompressobj(_GZIP)
    started = False
    for fresh in _pieces(file, -1):
        piece = fresh
        while piece:
            if engine.eof:
                piece = piece.lstrip(b"\0")
                if not piece:
                    break
                if not piece.startswith(GZIP_MAGIC[: len(piece)]):
                    raise FormatError(source.label, "bytes follow the end of the gzip; pack it again")
                engine = isal_zlib.decompressobj(_GZIP)
            started = True
            try:
                yield from _drain(engine, piece, size)
            except _damage() as error:
                raise FormatError(source.label, f"the gzip is damaged ({error}); download it again") from None
            piece = engine.unused_data if engine.eof else b""
    if started and not engine.eof:
        source.cut_off = "the gzip is cut off"


def _unzip(source: Source, file: BinaryIO, size: int) -> Iterator[bytes]:
    """Inflate one member of a zip and compare its checksum."""
    from isal import isal_zlib

    file.seek(source.offset)
    stored = source.method == zipfile.ZIP_STORED
    engine = isal_zlib.decompressobj(_RAW_DEFLATE)
    crc = 0
    for piece in _pieces(file, source.packed_size):
        try:
            for out in (piece,) if stored else _drain(engine, piece, size):
                crc = isal_zlib.crc32(out, crc)
                yield out
        except _damage() as error:
            raise FormatError(source.label, f"the zip is damaged ({error}); download it again") from None
        if engine.eof:
            break
    if source.checksum is None:
        source.cut_off = "the zip is cut off (its directory is missing)"
    elif crc != source.checksum:
        raise FormatError(source.label, "the zip's checksum does not match its bytes; download it again")
