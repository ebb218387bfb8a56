"""Margin terms of an instrument for the estimator: the caller's own, the simulator's, or the sourced tiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.clock import datetime_to_ns, to_datetime
from liqatlas.base.errors import InputError
from liqatlas.maps.modelled import RiskTerms

if TYPE_CHECKING:
    from liqatlas.base.instruments import Instrument


def risk_terms(
    instrument: Instrument,
    as_of_ns: int,
    *,
    max_leverage: float | None = None,
    maintenance_rate: float | None = None,
) -> RiskTerms:
    """Return the margin terms in force, as far as they are sourced.

    Raises
    ------
    InputError
        If only one of the caller's own terms was given.
    TiersUnknownError
        If the venue has no sourced tiers for the symbol; the message says how to give one's own.
    """
    raise NotImplementedError
