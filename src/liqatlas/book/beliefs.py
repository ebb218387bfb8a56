"""What is believed of books beyond what a snapshot shows: dated data files, never constants in code."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.beliefs import read_beliefs
from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_BELIEFS = "book_2026-11-22.json"


class BookRegime(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a book behaves in one state of the market.

    Attributes
    ----------
    basis
        ``fitted`` on recordings, or ``assumption``.
    depth_factor_median, depth_factor_sigma
        Log-normal factor on visible depth: hidden orders and refills raise it, withdrawal lowers it.
    thinning_per_percent, least_share
        Density at x percent is multiplied by ``max(exp(-thinning x), least)``.
    recovery_half_life_s, recovery_sigma
        Log-normal half-life of pressure on the book [s].
    """

    basis: str
    note: str
    depth_factor_median: float
    depth_factor_sigma: float
    thinning_per_percent: float
    least_share: float
    recovery_half_life_s: float
    recovery_sigma: float
    sources: tuple[str, ...] = ()


class BookBeliefs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All regimes, and the power law beyond what is seen."""

    name: str
    made_on: str
    made_by: str
    data_until: str
    tail_exponent: float
    tail_basis: str
    default_regime: str
    regimes: dict[str, BookRegime]

    def regime(self, name: str | None = None) -> BookRegime:
        """Return a regime by its name.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        wanted = name or self.default_regime
        if wanted not in self.regimes:
            raise InputError(f"no market state {wanted!r}: known are {', '.join(self.regimes)}")
        return self.regimes[wanted]


@lru_cache(maxsize=8)
def load_book_beliefs(file: Path | None = None) -> BookBeliefs:
    """Return beliefs from a file, or the shipped ones.

    Raises
    ------
    ConfigError
        If the file is missing or does not hold beliefs.
    """
    return read_beliefs(BookBeliefs, "liqatlas.book", DEFAULT_BELIEFS, file)
