"""Margin terms of an instrument for the estimator: the caller's own, the simulator's, or the sourced tiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqatlas.base.clock import to_datetime
from liqatlas.base.errors import InputError, TiersUnknownError
from liqatlas.maps.modelled import RiskTerms
from liqatlas.rules import minimum_distance
from liqatlas.rules.catalogue import opening_limits
from liqatlas.rules.positions import LONG, SHORT

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
    if (max_leverage is None) != (maintenance_rate is None):
        raise InputError("--max-leverage and --maintenance-rate belong together: give both or neither")
    if max_leverage is not None and maintenance_rate is not None:
        return _terms(instrument, maintenance_rate, max_leverage, "given by the caller")
    if instrument.venue.startswith("simulated"):
        from liqatlas.simulate.config import Population, SimulatedVenue

        rate = SimulatedVenue(key=instrument.venue).engine.tiers.rates[0]
        return _terms(instrument, rate, max(Population().leverages), "SIMULATED exchange")
    on = to_datetime(as_of_ns).date()
    try:
        limits = opening_limits(instrument.venue, instrument.symbol, on, kind=instrument.kind)
    except TiersUnknownError as error:
        raise TiersUnknownError(
            error.venue,
            error.symbol,
            f"{error.reason}; or give the symbol's own terms with --max-leverage and --maintenance-rate",
        ) from None
    table = limits.table
    return RiskTerms(
        limits.maintenance_rate,
        limits.leverage_cap,
        (limits.nearest_long, limits.nearest_short),
        f"tiers of {table.valid_from}: {table.source}",
        lookahead=table.valid_from > on,
        warning=table.warning,
    )


def _terms(instrument: Instrument, rate: float, cap: float, source: str) -> RiskTerms:
    near = minimum_distance(cap, rate, direction=[LONG, SHORT], kind=instrument.kind)
    return RiskTerms(rate, cap, (float(near[0]), float(near[1])), source)
