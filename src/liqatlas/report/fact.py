"""One public figure or headline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Fact:
    """One public figure: its name, its value as text with its unit, its moment, its source.

    Attributes
    ----------
    as_of
        ISO 8601, or empty where the source gives none.
    kind
        A headline has its text as name and its address as value.
    """

    name: str
    value: str
    as_of: str
    source: str
    kind: Literal["figure", "headline"] = "figure"
