"""An archive of past reports: one JSON file per asset and moment, to compare with and to be held to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from liqatlas.base.clock import isoformat
from liqatlas.base.errors import FormatError, InputError
from liqatlas.report.tree import SCHEMA_VERSION, SECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def read_previous(path: Path) -> dict[str, Any]:
    """Return the tree of a report written as JSON.

    Raises
    ------
    FormatError
        If the file is none.
    """
    try:
        tree = orjson.loads(path.read_bytes())
    except OSError as error:
        raise FormatError(path, f"cannot be read: {error.strerror or error}") from None
    except orjson.JSONDecodeError as error:
        raise FormatError(path, f"is not a report written with --format json: {error}") from None
    lacks = [s for s in SECTIONS if not isinstance(tree, dict) or s not in tree]
    if lacks:
        raise FormatError(path, f"is not a report written with --format json: {', '.join(lacks)} missing")
    if tree["schema_version"] != SCHEMA_VERSION:
        raise FormatError(
            path, f"is a report of schema {tree['schema_version']}, this version reads {SCHEMA_VERSION}"
        )
    return dict(tree)


def past_reports(folder: Path, asset: str, before_ns: int | None) -> list[dict[str, Any]]:
    """Return the reports of an asset in an archive that are older than a moment, oldest first.

    Raises
    ------
    FormatError
        If a file of that name is no report.
    """
    found = sorted(folder.glob(f"{asset.upper()}_*.json")) if folder.is_dir() else []
    limit = None if before_ns is None else _stem(asset, isoformat(before_ns))
    return [read_previous(p) for p in found if limit is None or p.stem < limit]


def keep_in_archive(folder: Path, tree: Mapping[str, Any]) -> Path:
    """Write a report's tree into an archive, one file per asset and moment, and return its path.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    path = folder / f"{_stem(str(tree['asset']), str(tree['as_of']))}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(orjson.dumps(tree, option=orjson.OPT_SERIALIZE_NUMPY))
        unfinished.replace(path)
    except OSError as error:
        raise InputError(f"cannot write the archive {folder}: {error.strerror or error}") from None
    return path


def _stem(asset: str, moment: str) -> str:
    """Return a file name that sorts by time."""
    return f"{asset.upper()}_{moment[:19].replace('-', '').replace(':', '')}"
