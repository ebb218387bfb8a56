"""Beliefs, numbers that no source gives exactly, lie in dated JSON files: one ships with its room, a caller may name another."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, TypeVar

import msgspec

from liqatlas.base.errors import ConfigError, InternalError

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


def read_beliefs(kind: type[T], room: str, shipped: str, file: Path | None = None, *, made_by: str = "") -> T:
    """Return the content of a file of beliefs.

    Parameters
    ----------
    kind
        What the file holds; it refuses unknown fields itself.
    room
        Package whose folder ``data`` holds the shipped file, such as ``liqatlas.book``.
    shipped
        Name of the shipped file.
    file
        A file to read in its place.
    made_by
        What makes such files, for the message.

    Raises
    ------
    ConfigError
        If ``file`` is missing or does not hold what was wanted.
    InternalError
        If the shipped file does not.
    """
    try:
        raw = (file or resources.files(room) / "data" / shipped).read_bytes()
        return msgspec.json.decode(raw, type=kind)
    except (OSError, msgspec.DecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        if file is None:
            raise InternalError(f"the shipped file {shipped} of {room} cannot be read: {why}") from None
        maker = f", as {made_by} makes it" if made_by else ""
        raise ConfigError(
            f"{file} cannot be read: {why}; wanted a file like the shipped {shipped}{maker}"
        ) from None
