"""OKX position tiers: ``GET /api/v5/public/position-tiers``.

Sizes (``minSz``, ``maxSz``) are CONTRACTS; ``mmr`` applies to the whole position, there is no deduction. A row without instrument
family is of spot margin: its sizes are coins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from liqatlas.base.errors import FormatError
from liqatlas.rules.loaders.reading import Origin, Payload, Terms, Tier, build_table, decoded, number, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.rules.tier_table import TierTable


def load_okx_position_tiers(
    payload: Payload, origin: Origin, *, contract_values: Mapping[str, float] | None = None
) -> dict[str, TierTable]:
    """Return tables by instrument family, such as ``BTC-USDT`` (linear) and ``BTC-USD`` (inverse).

    Parameters
    ----------
    payload
        The answer, or its ``data``.
    origin
        Where and when it was seen.
    contract_values
        Native quantity of one contract by family (``ctVal`` x ``ctMult`` of the instruments answer: 0.01 BTC, 100 USD). A family
        that is not named gets a table that knows leverage and rates, and refuses to price positions.

    Raises
    ------
    FormatError
        If the answer is an error, a field is missing, or tiers do not join.
    """
    answer = decoded(payload, origin)
    if isinstance(answer, dict):
        if str(answer.get("code", "0")) != "0":
            raise FormatError(
                origin.source, f"the venue answered code {answer.get('code')}: {answer.get('msg')}"
            )
        answer = answer.get("data")
    values = contract_values or {}
    by_family: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(answer, origin, "field 'data'"):
        family = row.get("instFamily") or row.get("uly") or row.get("instId")
        if not isinstance(family, str) or not family:
            raise FormatError(origin.source, f"no instrument family in {row}")
        by_family.setdefault(family, []).append(row)
    return {
        family: _table(family, rows, origin, values.get(family, np.nan)) for family, rows in by_family.items()
    }


def _table(family: str, rows: list[dict[str, Any]], origin: Origin, contract_value: float) -> TierTable:
    """Build one family's table after checking that each tier starts within one contract of the last one's end."""
    spot = not any(row.get("instFamily") or row.get("uly") for row in rows)
    rows = sorted(rows, key=lambda row: number(row, "maxSz", origin))
    end = 0.0
    for row in rows:
        start = number(row, "minSz", origin)
        if not end <= start <= end + 1:
            raise FormatError(
                origin.source, f"{family}: a tier starts at {start:g}, the one below ends at {end:g}"
            )
        end = number(row, "maxSz", origin)
    tiers = [
        Tier(
            cap=number(row, "maxSz", origin),
            rate=number(row, "mmr", origin),
            max_leverage=number(row, "maxLever", origin),
        )
        for row in rows
    ]
    return build_table(
        "okx",
        family,
        tiers,
        origin,
        Terms(
            floor_unit="contracts",
            whole_position=True,
            contract_value=1.0 if spot else contract_value,
            warning="tiers of spot margin, sizes in coins: not those of a perpetual" if spot else "",
        ),
    )
