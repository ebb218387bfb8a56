"""Packed files that are cut off or damaged: what is whole is read and said, the rest is a typed error."""

from __future__ import annotations

import gzip
import zipfile
from typing import TYPE_CHECKING

import pytest

from liqatlas.base.errors import FormatError
from liqatlas.venues.importers import read_paths
from tests.faults.archive_files import HEADER, NAME, agg_rows, read_one

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kernels


@pytest.mark.parametrize(
    ("magic", "name"), [(b"\x28\xb5\x2f\xfd", "zstd"), (b"\xfd7zXZ\0", "xz"), (b"BZh9", "bzip2")]
)
def test_foreign_packing_is_named(tmp_path: Path, magic: bytes, name: str) -> None:
    path = tmp_path / "x.csv.packed"
    path.write_bytes(magic + b"rest of it")
    with pytest.raises(FormatError, match=name):
        read_paths([path])


def test_cut_off_gzip(tmp_path: Path) -> None:
    packed = gzip.compress("\n".join([HEADER, *agg_rows(20_000)]).encode())
    path = tmp_path / f"{NAME}.gz"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    recording = read_one(path)
    rows = recording.trades.height
    assert 5_000 < rows < 20_000
    assert recording.trades["trade_id"].to_list() == list(range(1, rows + 1))
    (warning,) = [text for text in recording.warnings if "cut off" in text]
    assert f"{path}:{rows}" in warning
    assert f"{rows:,} rows before the cut read" in warning


def test_gzip_cut_inside_its_header(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.gz"
    path.write_bytes(gzip.compress(b"x" * 100)[:6])
    with pytest.raises(FormatError):
        read_paths([path])


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    rows = agg_rows(1_000)
    path = tmp_path / f"{NAME}.gz"
    path.write_bytes(
        gzip.compress(("\n".join([HEADER, *rows[:400]]) + "\n").encode())
        + gzip.compress(("\n".join(rows[400:]) + "\n").encode())
    )
    assert read_one(path).trades.height == 1_000


def test_damaged_gzip(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress("\n".join([HEADER, *agg_rows(20_000)]).encode()))
    packed[-5] ^= 0xFF
    path = tmp_path / f"{NAME}.gz"
    path.write_bytes(packed)
    with pytest.raises(FormatError, match="damaged"):
        read_paths([path])


def zipped(folder: Path, rows: list[str]) -> Path:
    path = folder / NAME.replace(".csv", ".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NAME, "\n".join([HEADER, *rows]) + "\n")
    return path


def test_cut_off_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path, agg_rows(20_000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    recording = read_one(path)
    assert 5_000 < recording.trades.height < 15_000
    assert any("the zip is cut off" in text for text in recording.warnings)


def test_zip_cut_inside_its_first_header(tmp_path: Path) -> None:
    path = zipped(tmp_path, agg_rows(10))
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(FormatError, match="cut off inside its first header"):
        read_paths([path])


def test_damaged_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path, agg_rows(20_000))
    packed = bytearray(path.read_bytes())
    packed[len(packed) // 2] ^= 0xFF
    path.write_bytes(packed)
    with pytest.raises(FormatError, match=r"damaged|checksum|cannot be read"):
        read_paths([path])


def test_empty_zip(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w"):
        pass
    with pytest.raises(FormatError, match="holds no files"):
        read_paths([path])
