"""Write the tier tables that ship with the package: ``src/liqatlas/rules/data/<venue>.json``.

Run from the checkout: ``python scripts/make_tier_data.py``. Sources are the recordings beside the checkout
(``LIQATLAS_TEST_DATA``) and the figures typed from published pages in ``scripts/tier_facts``. Everything goes through the same
loaders that read live answers, so a figure that breaks a schedule, or a deduction that is not continuous, stops the script.

Which Binance contracts ship, of the 907 in the recording: every one whose position limit (the last bracket's cap) is at least
50 M USD, and every USDT perpetual whose coin Hyperliquid listed on 2026-01-20. The first rule takes the largest, commodities
and stocks included; the second the coins people compare across venues. Contracts not margined in a dollar are left out.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liqatlas.base.errors import UnknownSymbolError
from liqatlas.base.symbols import DOLLAR_QUOTES, parse_symbol
from liqatlas.rules.loaders import (
    Origin,
    load_binance_brackets,
    load_bybit_risk_limits,
    load_dydx_markets,
    load_hyperliquid_meta,
    load_okx_position_tiers,
)
from liqatlas.rules.stored import FORMAT

if TYPE_CHECKING:
    from liqatlas.rules.tier_table import TierTable

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("LIQATLAS_TEST_DATA") or ROOT.parent / "shared" / "data")
FACTS = ROOT / "scripts" / "tier_facts"
OUT = ROOT / "src" / "liqatlas" / "rules" / "data"
LARGE_USD = 50e6
READ_ON = date(2026, 11, 22)


def facts(venue: str) -> list[dict[str, Any]]:
    """Return the typed figures of a venue, one entry per source."""
    entries: list[dict[str, Any]] = json.loads((FACTS / f"{venue}.json").read_text(encoding="utf-8"))
    return entries


def origin_of(entry: dict[str, Any]) -> Origin:
    """Return where typed figures are from."""
    return Origin(
        entry["source"], date.fromisoformat(entry["valid_from"]), date.fromisoformat(entry["read_on"])
    )


def snapshot(tables: dict[str, TierTable], origin: Origin, **extra: object) -> dict[str, Any]:
    """Return one snapshot in the stored form; symbols of one schedule share it."""
    schedules: dict[str, list[list[float | None]]] = {}
    symbols: dict[str, list[str]] = {}
    names: dict[tuple[tuple[float | None, ...], ...], str] = {}
    for symbol, table in sorted(tables.items()):
        rows = tuple(
            (_whole(cap) if math.isfinite(cap) else None, float(rate), _whole(lever))
            for cap, rate, lever in zip(table.caps, table.rates, table.max_leverages, strict=True)
        )
        name = names.setdefault(rows, f"s{len(names) + 1}")
        schedules[name] = [list(row) for row in rows]
        symbols.setdefault(name, []).append(symbol)
    any_table = next(iter(tables.values()))
    return {
        "valid_from": origin.valid_from.isoformat(), "read_on": origin.read_on.isoformat(), "source": origin.source,
        "floor_unit": any_table.floor_unit, "whole_position": any_table.whole_position,
        "cap_inclusive": any_table.cap_inclusive, **extra, "schedules": schedules, "symbols": symbols,
    }  # fmt: skip


def _whole(value: float) -> float:
    """Return a number without a needless fraction, so that the file stays small."""
    return int(value) if float(value).is_integer() else float(value)


def binance() -> list[dict[str, Any]]:
    """Return Binance USD-M: typed older tables, and a selection of the recording of 2026-09-29."""
    snapshots = []
    for entry in facts("binance"):
        origin = origin_of(entry)
        tables = load_binance_brackets([_brackets(s, rows) for s, rows in entry["rows"].items()], origin)
        snapshots.append(snapshot(tables, origin))
    path = DATA / "binance_leverage_brackets" / "binance_leverage_tiers_2026-09-29.json.gz"
    origin = Origin("GET /fapi/v1/leverageBracket, answer of 2026-09-29", date(2026, 9, 29), READ_ON)
    tables = load_binance_brackets(gzip.decompress(path.read_bytes()), origin)
    coins = {
        parse_symbol(n).asset for names in facts("hyperliquid")[0]["coins"].values() for n in names.split()
    }
    chosen = {symbol: table for symbol, table in tables.items() if _ships(symbol, table, coins)}
    print(f"binance: {len(chosen)} of {len(tables)} contracts")
    return [*snapshots, snapshot(chosen, origin)]


def _ships(symbol: str, table: TierTable, coins: set[str]) -> bool:
    """Whether a Binance contract belongs to the selection (head of this script)."""
    name, _, delivery = symbol.partition("_")
    if not name.endswith((*DOLLAR_QUOTES, "U")):
        return False
    return table.size_limit >= LARGE_USD or (not delivery and name.endswith("USDT") and _coin(name) in coins)


def _coin(symbol: str) -> str:
    """Return a contract's coin, or nothing for a name the registry cannot read (a few are Chinese words)."""
    try:
        return parse_symbol(symbol).asset
    except UnknownSymbolError:
        return ""


def _brackets(symbol: str, rows: list[list[float]]) -> dict[str, Any]:
    """Return typed rows [cap, rate, leverage, cum?] as the venue would send them."""
    floors = [0.0, *(row[0] for row in rows)]
    return {
        "symbol": symbol,
        "brackets": [
            {
                "notionalFloor": floor, "notionalCap": row[0], "maintMarginRatio": row[1], "initialLeverage": row[2],
                **({"cum": row[3]} if len(row) > 3 else {}),
            }
            for floor, row in zip(floors, rows, strict=False)
        ],
    }  # fmt: skip


def bybit() -> list[dict[str, Any]]:
    """Return Bybit from typed figures."""
    snapshots = []
    for entry in facts("bybit"):
        fields = ("riskLimitValue", "maintenanceMargin", "maxLeverage", "mmDeduction")
        rows = [
            {"symbol": symbol, **dict(zip(fields, row, strict=True))}
            for symbol, listed in entry["rows"].items()
            for row in listed
        ]
        origin = origin_of(entry)
        tables = load_bybit_risk_limits({"category": entry["category"], "list": rows}, origin)
        snapshots.append(snapshot(tables, origin, complete=entry.get("complete", True)))
    return snapshots


def okx() -> list[dict[str, Any]]:
    """Return OKX from typed figures."""
    snapshots = []
    for entry in facts("okx"):
        fields = ("minSz", "maxSz", "mmr", "maxLever")
        rows = [
            {"instFamily": family, **dict(zip(fields, row, strict=True))}
            for family, listed in entry["rows"].items()
            for row in listed
        ]
        origin = origin_of(entry)
        tables = load_okx_position_tiers(rows, origin, contract_values=entry["contract_values"])
        snapshots.append(
            snapshot(tables, origin, complete=entry["complete"], contract_values=entry["contract_values"])
        )
    return snapshots


def hyperliquid() -> list[dict[str, Any]]:
    """Return Hyperliquid from typed figures."""
    snapshots = []
    for entry in facts("hyperliquid"):
        listed = [
            [int(i), {"marginTiers": [{"lowerBound": low, "maxLeverage": lever} for low, lever in rows]}]
            for i, rows in entry["tables"].items()
        ]
        universe = [
            {"name": name, "marginTableId": int(i)}
            for i, names in entry["coins"].items()
            for name in names.split()
        ]
        origin = origin_of(entry)
        tables = load_hyperliquid_meta({"universe": universe, "marginTables": listed}, origin)
        snapshots.append(snapshot(tables, origin))
    return snapshots


def dydx() -> list[dict[str, Any]]:
    """Return dYdX from the recorded indexer answer."""
    path = DATA / "payloads" / "dydx" / "http_get_perpetual_markets.json"
    origin = Origin(
        "GET https://indexer.dydx.trade/v4/perpetualMarkets, answer of 2025-12-08", date(2025, 12, 8), READ_ON
    )
    return [snapshot(load_dydx_markets(path.read_bytes(), origin), origin)]


def write(venue: str, snapshots: list[dict[str, Any]]) -> None:
    """Write one venue's file, oldest snapshot first."""
    content = {
        "format": FORMAT, "venue": venue,
        "snapshots": sorted(snapshots, key=lambda s: str(s["valid_from"])),
    }  # fmt: skip
    path = OUT / f"{venue}.json"
    text = json.dumps(content, indent=1)
    one_line = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)
    path.write_text(one_line + "\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes, {len(snapshots)} snapshots")


def main() -> None:
    """Write every venue's file."""
    OUT.mkdir(exist_ok=True)
    for make in (binance, bybit, okx, hyperliquid, dydx):
        write(make.__name__, make())


if __name__ == "__main__":
    main()
