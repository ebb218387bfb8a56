"""Native quantity of one contract, where a venue's files count contracts.

Sourced constants, each with its evidence, live in ``contract_values.json`` beside this file; what no evidence covers is unknown.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from liqatlas.base.errors import UnknownSymbolError
from liqatlas.base.symbols import parse_symbol


@cache
def _table() -> dict[str, dict[str, float]]:
    text = files("liqatlas.venues.importers").joinpath("contract_values.json").read_text(encoding="utf-8")
    return {venue: entry["values"] for venue, entry in json.loads(text)["venues"].items()}


def contract_value(venue: str, symbol: str) -> float | None:
    """Return the native quantity (coins if linear, USD if inverse) of one contract; ``None`` where nobody says.

    Examples
    --------
    >>> contract_value("binance_coinm", "BTCUSD_PERP"), contract_value("binance", "BTCUSDT")
    (100.0, 1.0)
    """
    values = _table().get(venue)
    if values is None:
        return None
    try:
        asset = parse_symbol(symbol).asset
    except UnknownSymbolError:
        return None
    found = values.get(symbol, values.get(asset, values.get("*")))
    return float(found) if found is not None else None
