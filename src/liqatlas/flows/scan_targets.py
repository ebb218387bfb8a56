"""What a scan begins with: addresses out of files of any kind, and the registry that an earlier scan's file tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from liqatlas.base.errors import InputError
from liqatlas.flows.reporter import SILENT
from liqatlas.maps.accounts import AccountRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from liqatlas.flows.reporter import Reporter
    from liqatlas.venues.hyperliquid_accounts.state import AccountState

_SLICE_BYTES = 1 << 20


def addresses_of_file(path: Path, reporter: Reporter = SILENT) -> list[str]:
    """Return the account addresses in a file of any kind: a list, a leaderboard, trades, a node's fills or states.

    Words that begin like an address and are none are left out, counted and told.

    Raises
    ------
    InputError
        If it cannot be read or holds none.
    """
    from liqatlas.venues.hyperliquid_accounts.addresses import addresses_in, no_addresses_in

    try:
        with path.open("rb") as file:
            found = list(addresses_in(_slices(file)))
            file.seek(0)
            wrong = no_addresses_in(_slices(file))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from None
    if not found:
        raise InputError(f"{path} holds no account address: wanted 0x and 40 hexadecimal digits")
    if wrong:
        reporter.notice(
            f"{path}: {len(wrong):,} words are no addresses and are left out, the first is {wrong[0]}"
        )
    return found


def _slices(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_SLICE_BYTES):
        yield piece


def resume(path: Path) -> tuple[AccountRegistry, int]:
    """Return the registry that a dump tells of, and its bad lines; a torn last line is cut off the file."""
    from liqatlas.venues.hyperliquid_accounts.dump import read_lines

    registry, bad = AccountRegistry(), 0
    if not path.exists():
        return registry, bad
    with path.open("r+b") as file:
        for line in read_lines(file):
            bad += bool(line.bad)
            if line.state is not None:
                note(registry, line.state, line.asked_ns)
        _cut_torn_line(file)
    return registry, bad


def _cut_torn_line(file: BinaryIO) -> None:
    """Remove bytes after the last line end: what a killed scan had begun to write."""
    size = file.seek(0, 2)
    if size == 0:
        return
    back = min(size, 1 << 22)
    file.seek(size - back)
    tail = file.read(back)
    if not tail.endswith(b"\n"):
        file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)


def note(registry: AccountRegistry, state: AccountState, asked_ns: int) -> None:
    """Keep what one answer says of an account that was asked for at a moment [ns]."""
    registry.note(
        state.account,
        state.outcome.value,
        asked_ns,
        notional_usd=state.notional_usd,
        distance=state.distance,
    )
