"""A report as blocks in reading order; renderers draw blocks and know nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences, one a bullet; ``lead`` ones are the short form of the whole and stand out."""

    items: tuple[str, ...]
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``numeric`` columns are set right-aligned, ``caption`` stands above it."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with the words that describe it, and the part of a report it belongs to."""

    png: bytes
    description: str
    part: Literal["map", "curves", "cascade"] = "map"


@dataclass(frozen=True, slots=True)
class Note:
    """A warning that stands out."""

    text: str


Block = Heading | Lines | Table | Picture | Note


@dataclass(frozen=True, slots=True)
class Document:
    """A title and blocks in reading order."""

    title: str
    subtitle: str
    blocks: tuple[Block, ...]
