"""What a flow tells its caller while it works; by default nobody listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def _silent_progress(_what: str, _done: int, _total: int) -> None:
    """Show nothing."""


def _silent_notice(_text: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Two ears of a caller.

    Attributes
    ----------
    progress
        Called with (what is being done, steps done, steps in all).
    notice
        Called with a sentence worth keeping, such as the format a file was recognised as.
    """

    progress: Callable[[str, int, int], None] = _silent_progress
    notice: Callable[[str], None] = _silent_notice


SILENT = Reporter()
