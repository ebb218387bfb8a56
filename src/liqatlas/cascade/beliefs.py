"""What is believed of cascades beyond map and book: dated data files, never constants in code."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.beliefs import read_beliefs
from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_BELIEFS = "cascade_2026-11-22.json"
#: Recovery, funds and maps are not believed to hold still for longer [s].
LONGEST_S = 86_400.0


class CascadeBeliefs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything a cascade needs that is neither map, nor book, nor a venue's rule.

    Attributes
    ----------
    release_median, release_sigma
        Log-normal share of an outstanding level that forced orders sell when it is touched (the rest closed before); at most 1.
    expected_sigma
        Log-normal spread of printed amounts around an *expected* map.
    own_mark_weight
        Part of a venue's mark price that follows its own book; the rest follows all books by their depth.
    size_usd, size_quantiles
        Mean liquidation order [USD], and sizes over that mean at evenly spaced quantiles.
    large_share, first_share, step_down
        See ``venue_rules.Exposure``.
    fund_share
        Insurance fund of a symbol as a share of its open interest.
    unwind_share
        Part of the most a fund held that it sells each round.
    round_s, shock_s, horizon_s
        Length of a round, of the shock, of a run [s].
    basis
        For each value, where it is from: a fit, a source, or ``assumption``.
    """

    name: str
    made_on: str
    made_by: str
    data_until: str
    release_median: float
    release_sigma: float
    expected_sigma: float
    own_mark_weight: float
    size_usd: float
    size_quantiles: tuple[float, ...]
    large_share: float
    first_share: float
    step_down: float
    maintenance_rate: float
    fund_share: float
    unwind_share: float
    round_s: float
    shock_s: float
    horizon_s: float
    basis: dict[str, str]

    def lasting(self, *, horizon_s: float | None, shock_s: float | None) -> CascadeBeliefs:
        """Return the same beliefs with another horizon and another length of the shock, at least a round each [s].

        Raises
        ------
        InputError
            If the shock takes longer than the horizon, or the horizon is longer than a day.
        """
        horizon = self.horizon_s if horizon_s is None else horizon_s
        shock = min(self.shock_s, horizon) if shock_s is None else shock_s
        if not self.round_s <= horizon <= LONGEST_S or not shock <= horizon:
            raise InputError(
                f"a shock over {shock:g} s within {horizon:g} s cannot be run: wanted {self.round_s:g} s to a day, the shock within it"
            )
        return msgspec.structs.replace(self, horizon_s=horizon, shock_s=max(shock, self.round_s))


@lru_cache(maxsize=8)
def load_cascade_beliefs(file: Path | None = None) -> CascadeBeliefs:
    """Return beliefs from a file, or the shipped ones.

    Raises
    ------
    ConfigError
        If the file is missing or does not hold beliefs.
    """
    return read_beliefs(CascadeBeliefs, "liqatlas.cascade", DEFAULT_BELIEFS, file)
