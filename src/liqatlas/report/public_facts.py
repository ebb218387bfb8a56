"""Public figures of the whole market for the daily brief: from the keyless sources' own answers, or from a plain CSV.

Nothing is fetched here. Recognised by content: CoinGecko's ``/api/v3/global``, alternative.me's ``/fng/``, DefiLlama's
``/stablecoins``, and CSV with the columns ``ts,name,value,unit,source`` for everything else (gas, season index, ETF flows, movers,
headlines). Every fact carries its moment; one without a moment says so.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from liqatlas.base.clock import isoformat, parse_time
from liqatlas.base.errors import FormatError, TimeError
from liqatlas.base.format import format_usd

if TYPE_CHECKING:
    from collections.abc import Callable

CSV_COLUMNS = ("ts", "name", "value", "unit", "source")


@dataclass(frozen=True, slots=True)
class Fact:
    """One public figure: its name, its value as text with its unit, its moment (ISO, or empty where unknown), its source."""

    name: str
    value: str
    as_of: str
    source: str


def parse_facts(text: str, name: str) -> list[Fact]:
    """Return the facts a file holds.

    Raises
    ------
    FormatError
        If it is none of the known answers and no such CSV, or a field it should hold is missing.
    """
    stripped = text.lstrip("\ufeff").strip()
    if not stripped:
        raise FormatError(name, "is empty: wanted a source's answer, or CSV with " + ",".join(CSV_COLUMNS))
    if stripped[0] not in "{[":
        return _from_csv(stripped, name)
    try:
        tree = json.loads(stripped)
    except json.JSONDecodeError as error:
        raise FormatError(name, f"is not valid JSON: {error.msg}", line=error.lineno) from None
    for fits, read in _READERS:
        if isinstance(tree, dict) and fits(tree):
            try:
                return read(tree)
            except (KeyError, TypeError, ValueError, IndexError) as error:
                raise FormatError(name, f"lacks a field of that source's answer: {error}") from None
    raise FormatError(
        name, "is no answer known: CoinGecko /global, alternative.me /fng, DefiLlama /stablecoins"
    )


def _global(tree: dict[str, Any]) -> list[Fact]:
    data, source = tree["data"], "CoinGecko /global"
    at = isoformat(int(data["updated_at"]) * 1_000_000_000) if "updated_at" in data else ""
    shares = data["market_cap_percentage"]
    facts = [
        ("Total market cap", format_usd(float(data["total_market_cap"]["usd"]))),
        ("24 h volume", format_usd(float(data["total_volume"]["usd"]))),
        ("Dominance", f"BTC {float(shares['btc']):.1f} %, ETH {float(shares['eth']):.1f} %"),
    ]
    if "market_cap_change_percentage_24h_usd" in data:
        facts.append(
            (
                "Market cap over 24 h",
                f"{float(data['market_cap_change_percentage_24h_usd']):+.1f} %".replace("-", "−"),
            )
        )
    return [Fact(label, value, at, source) for label, value in facts]


def _fear(tree: dict[str, Any]) -> list[Fact]:
    newest = tree["data"][0]
    at = isoformat(int(newest["timestamp"]) * 1_000_000_000)
    return [
        Fact(
            "Fear and greed",
            f"{int(newest['value'])} ({newest['value_classification']})",
            at,
            "alternative.me /fng",
        )
    ]


def _stablecoins(tree: dict[str, Any]) -> list[Fact]:
    coins = [c for c in tree["peggedAssets"] if c["pegType"] == "peggedUSD"]
    total = sum(float(c["circulating"].get("peggedUSD", 0.0)) for c in coins)
    return [
        Fact("Stablecoins pegged to USD", format_usd(total), "", "DefiLlama /stablecoins (carries no moment)")
    ]


_READERS: tuple[tuple[Callable[[dict[str, Any]], bool], Callable[[dict[str, Any]], list[Fact]]], ...] = (
    (lambda t: isinstance(t.get("data"), dict) and "total_market_cap" in t["data"], _global),
    (lambda t: isinstance(t.get("data"), list) and "Fear" in str(t.get("name", "")), _fear),
    (lambda t: "peggedAssets" in t, _stablecoins),
)


def _from_csv(text: str, name: str) -> list[Fact]:
    rows = csv.DictReader(io.StringIO(text))
    lacks = [c for c in CSV_COLUMNS[:3] if c not in (rows.fieldnames or ())]
    if lacks:
        raise FormatError(
            name, f"lacks the columns {', '.join(lacks)}; wanted {','.join(CSV_COLUMNS)}", line=1
        )
    out = []
    for row in rows:
        try:
            at = isoformat(parse_time(row["ts"])) if (row["ts"] or "").strip() else ""
        except TimeError as error:
            raise FormatError(name, str(error), line=rows.line_num) from None
        value = f"{(row['value'] or '').strip()} {(row.get('unit') or '').strip()}".strip()
        out.append(
            Fact((row["name"] or "").strip(), value, at, (row.get("source") or "the user's file").strip())
        )
    return out
