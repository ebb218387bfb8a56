"""What a server reads from: what it holds, what of it is read, and when that changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from liqatlas.base.errors import UnknownSymbolError
from liqatlas.base.symbols import near_names, parse_symbol

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from liqatlas.base.recording import Recording
    from liqatlas.flows.lake_memory import LakeMemory
    from liqatlas.flows.request import Request

#: Tables whose newest rows are followed.
FOLLOWED = ("trades", "bars", "marks", "liquidations")
#: Tables that tell of liquidations that happened.
PRINTED = ("liquidations", "liquidation_bars")
#: Assets whose recordings stay in memory.
ASSETS_KEPT = 6


@dataclass(frozen=True, slots=True)
class Market:
    """One instrument that is served: its first and newest moment [ns] and the tables there are of it.

    ``prints_ns`` is the stretch in which its liquidations are known, ``None`` where none were ever seen: then nobody can tell
    whether there were none or they were not recorded.
    """

    asset: str
    venue: str
    symbol: str
    first_ns: int
    last_ts_ns: int
    tables: tuple[str, ...]
    prints_ns: tuple[int, int] | None = None


class Backing(Protocol):
    """Where recordings come from.

    Attributes
    ----------
    grows
        Whether rows may be added while this is served.
    places
        Folders of this machine that messages may name, each with its last slash; nobody's business over the network.
    """

    simulated: bool
    grows: bool
    places: tuple[str, ...]

    @property
    def memory(self) -> LakeMemory | None:
        """What is at hand of a lake, so that a map of now costs what is new."""

    def close(self) -> None:
        """Let go of what is open."""

    def markets(self) -> tuple[Market, ...]:
        """Return every instrument there is."""

    def fill(self, request: Request) -> Request:
        """Return a request that reads from here."""

    def recordings(self, request: Request, *, books: bool = False) -> tuple[Recording, ...] | None:
        """Return what a map is built from, with order books where asked for; ``None`` where the flow reads by itself."""

    def rows(self, request: Request) -> tuple[Recording, ...]:
        """Return the tables of the request's asset, at least for its window."""

    def positions(self) -> tuple[Recording, ...]:
        """Return the public positions of all coins."""

    def books(self, request: Request) -> tuple[Recording, ...]:
        """Return the order books of the request's asset."""

    def tail(self, asset: str, since_ns: int, tables: Sequence[str] = FOLLOWED) -> tuple[Recording, ...]:
        """Return rows of some tables of the asset's instruments at or after a moment."""

    def newest(self, asset: str) -> tuple[Recording, ...]:
        """Return the last rows of each of these tables of the asset's instruments."""

    def tables(self, market: Market, names: Sequence[str], span: tuple[int, int]) -> Recording:
        """Return some tables of one instrument, rows of ``[start, end)`` [ns] at least."""

    def gaps(self, venue: str, symbol: str, start_ns: int, end_ns: int) -> int:
        """Return how many known gaps of an instrument are not filled."""

    def version(self, asset: str) -> Hashable:
        """Return a token that changes whenever a result of the asset may."""


def known_asset(asset: str, markets: Sequence[Market]) -> str:
    """Return the asset a name means, where it is served.

    Raises
    ------
    UnknownSymbolError
        If it is not; names near ones.
    """
    wanted = parse_symbol(asset).asset
    known = sorted({one.asset for one in markets})
    if wanted not in known:
        raise UnknownSymbolError(asset, near_names(wanted, known) or known[:5], where="what is served here")
    return wanted


__all__ = ["ASSETS_KEPT", "FOLLOWED", "PRINTED", "Backing", "Market", "known_asset"]
