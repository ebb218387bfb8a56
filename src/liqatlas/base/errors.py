"""The error tree, and the one table that maps an error to an exit code and an HTTP status.

::

    LiqAtlasError
    ├── InputError                 2 / 400   what the caller gave is wrong
    │   ├── ConfigError            2 / 400   a setting cannot be used
    │   ├── TimeError              2 / 400   a moment or a window cannot be read
    │   ├── UnknownSymbolError     2 / 404   no such asset or symbol; carries near names
    │   └── FormatError            2 / 400   a file cannot be read; carries path and line
    ├── RuleError                  2 / 422   margin maths has no answer
    │   └── TiersUnknownError      4 / 422   a venue publishes no tiers for that symbol and date
    ├── SourceUnavailableError     3 / 503   network, venue or lake cannot be reached
    │   └── LakeError              3 / 503   the lake cannot be opened, read or written
    │       ├── LakeLockedError    3 / 503   another process writes it; carries its pid and host
    │       ├── LakeVersionError   3 / 503   its layout is of another version; carries both versions
    │       ├── LakeCorruptError   3 / 503   a file or page of it is damaged; carries the path
    │       ├── DiskFullError      3 / 507   no room left to write; what stands is still readable
    │       └── BackPressureError  3 / 503   rows come faster than they can be made durable
    ├── NotEnoughDataError         4 / 404   the data do not reach what was asked
    └── InternalError              1 / 500   a broken promise of our own

Every message says what was, what was wanted and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class LiqAtlasError(Exception):
    """Root of everything this package raises on purpose."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500


class InputError(LiqAtlasError):
    """Something the caller gave cannot be used."""

    exit_code = 2
    http_status = 400


class ConfigError(InputError):
    """A setting is unknown or has an unusable value."""


class TimeError(InputError):
    """A moment, window or interval cannot be read."""


class UnknownSymbolError(InputError):
    """No such asset or symbol; ``near`` holds similar known names."""

    http_status = 404

    def __init__(self, name: str, near: Sequence[str] = (), *, where: str = "") -> None:
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        place = f" in {where}" if where else ""
        super().__init__(f"unknown symbol {name!r}{place}{hint}")
        self.name = name
        self.near = tuple(near)


class FormatError(InputError):
    """A file cannot be read as what it claims to be; ``path`` and ``line`` (1-based) say where."""

    def __init__(self, path: Path | str, message: str, *, line: int | None = None) -> None:
        at = f"{path}:{line}" if line is not None else f"{path}"
        super().__init__(f"{at}: {message}")
        self.path = str(path)
        self.line = line


class RuleError(LiqAtlasError):
    """A margin rule has no answer for these inputs."""

    exit_code = 2
    http_status = 422


class TiersUnknownError(RuleError):
    """No sourced margin tiers exist for this venue and symbol; never replaced by a default."""

    exit_code = 4

    def __init__(self, venue: str, symbol: str, message: str) -> None:
        super().__init__(f"no margin tiers for {symbol} on {venue}: {message}")
        self.venue = venue
        self.symbol = symbol
        self.reason = message


class SourceUnavailableError(LiqAtlasError):
    """A network, venue or lake cannot be reached."""

    exit_code = 3
    http_status = 503


class LakeError(SourceUnavailableError):
    """The lake cannot be opened, read or written."""


class LakeLockedError(LakeError):
    """Another process holds the lake for writing; ``pid`` and ``host`` say which, as far as is known."""

    def __init__(self, message: str, *, pid: int | None = None, host: str = "") -> None:
        super().__init__(message)
        self.pid = pid
        self.host = host


class LakeVersionError(LakeError):
    """The lake's layout is of a version this program does not write; ``found`` and ``known`` say which."""

    def __init__(self, message: str, *, found: int, known: int) -> None:
        super().__init__(message)
        self.found = found
        self.known = known


class LakeCorruptError(LakeError):
    """A file or page of the lake is damaged or missing; ``path`` says which file."""

    def __init__(self, path: Path | str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = str(path)


class DiskFullError(LakeError):
    """There is no room left to write; what was durable before stays readable."""

    http_status = 507


class BackPressureError(LakeError):
    """Rows come faster than they can be made durable and the memory cap is reached; nothing was taken."""


class NotEnoughDataError(LiqAtlasError):
    """The data do not reach what was asked."""

    exit_code = 4
    http_status = 404


class InternalError(LiqAtlasError):
    """A promise of our own was broken; please report it."""
