"""Bybit risk limits: ``GET /v5/market/risk-limit``.

The venue's documentation shows ``maintenanceMargin`` as ``"0.5"`` (percent), live answers as ``"0.005"``; ``mmDeduction`` is ``""``
in the lowest tier and in some whole answers. Which of the two units a row uses follows from its own initial margin, whose
product with the maximum leverage is 1 or 100.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders.reading import (
    Origin,
    Payload,
    Terms,
    Tier,
    build_table,
    decoded,
    number,
    optional_number,
    rows_of,
)

if TYPE_CHECKING:
    from liqatlas.rules.tier_table import TierTable


def load_bybit_risk_limits(
    payload: Payload, origin: Origin, *, category: Literal["linear", "inverse"] | None = None
) -> dict[str, TierTable]:
    """Return tables by Bybit symbol.

    Parameters
    ----------
    payload
        One answer, its ``result``, or a list of answers (the linear category is paged; a symbol may span two pages).
    origin
        Where and when it was seen.
    category
        Needed only where the answer does not name it; inverse limits are coins of notional, linear ones USD.

    Raises
    ------
    FormatError
        If a field is missing, a rate's unit cannot be told, or a published deduction is not the continuous one.
    """
    answer = decoded(payload, origin)
    pages = answer if isinstance(answer, list) else [answer]
    by_symbol: dict[str, list[Tier]] = {}
    kinds: dict[str, str] = {}
    for page in rows_of(pages, origin, "the risk-limit answer"):
        result = page.get("result", page)
        kind = category or result.get("category")
        if kind not in {"linear", "inverse"}:
            raise FormatError(
                origin.source, f"category is {kind!r}: wanted linear or inverse; pass category="
            )
        for row in rows_of(result.get("list"), origin, "field 'list'"):
            symbol = str(row.get("symbol") or "")
            if not symbol:
                raise FormatError(origin.source, f"no symbol in {row}")
            by_symbol.setdefault(symbol, []).append(_tier(row, origin))
            kinds[symbol] = kind
    return {
        symbol: build_table(
            "bybit", symbol, tiers, origin, Terms("coin" if kinds[symbol] == "inverse" else "usd")
        )
        for symbol, tiers in by_symbol.items()
    }


def _tier(row: dict[str, Any], origin: Origin) -> Tier:
    """Return one row with its rate as a fraction."""
    lever = number(row, "maxLeverage", origin)
    rate = number(row, "maintenanceMargin", origin)
    initial = optional_number(row, "initialMargin", origin)
    return Tier(
        cap=number(row, "riskLimitValue", origin),
        rate=rate / _rate_unit(rate, initial, lever, origin),
        max_leverage=lever,
        deduction=optional_number(row, "mmDeduction", origin),
    )


def _rate_unit(rate: float, initial: float | None, lever: float, origin: Origin) -> float:
    """Return 1 where rates are fractions and 100 where they are percent.

    The initial margin is 1 / maximum leverage, rounded by the venue; maintenance lies below it. Without the initial margin,
    maintenance x leverage is at most 1 for a fraction and above 10 for a percentage.
    """
    product = (initial if initial is not None else rate) * lever
    for unit in (1.0, 100.0):
        if unit * (0.8 if initial is not None else 0.1) < product < unit * 1.25:
            return unit
    raise FormatError(
        origin.source,
        f"maintenanceMargin {rate:g} with initialMargin {initial} and maxLeverage {lever:g}: cannot tell percent from fraction",
    )
