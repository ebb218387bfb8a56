"""Answers of public keyless sources as facts: what each says, told apart by content.

CoinGecko ``/global`` and ``/coins/markets``, alternative.me ``/fng/``, DefiLlama ``/stablecoins`` and ``/stablecoincharts/all``, and a
block of an Ethereum node. Fields as the sources' own documentation names them (addresses in ``liqatlas.venues.public.sources``).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from liqatlas.base.clock import isoformat, parse_time
from liqatlas.base.errors import FormatError, TimeError
from liqatlas.base.format import format_usd
from liqatlas.report.fact import Fact

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Coins of the season index, as the index of that name takes them; and movers named each way.
SEASON_COINS, MOVERS = 50, 3
#: A coin this near to 1 USD that hardly moved in 30 days counts as pegged: left out of season and movers.
PEG_BAND, PEG_MOVE = 0.05, 1.0
#: Words in the name of coins that stand for another coin.
STAND_INS = ("wrapped", "staked", "bridged", "restaked")
GWEI = 1e9


def read_answer(text: str, name: str) -> list[Fact]:
    """Return the facts of a JSON answer.

    Raises
    ------
    FormatError
        If it is no JSON, no answer known, or lacks a field.
    """
    try:
        tree = json.loads(text)
    except json.JSONDecodeError as error:
        raise FormatError(name, f"is not valid JSON: {error.msg}", line=error.lineno) from None
    for fits, read in _READERS:
        if fits(tree):
            try:
                return read(tree)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError, TimeError) as error:
                raise FormatError(name, f"lacks a field of that source's answer: {error}") from None
    raise FormatError(
        name,
        "is no answer known: CoinGecko /global or /coins/markets, alternative.me /fng, DefiLlama /stablecoins or "
        "/stablecoincharts/all, an Ethereum block",
    )


def _seconds(value: Any) -> str:
    return isoformat(int(value) * 1_000_000_000)


def _percent(value: float) -> str:
    return f"{value:+.1f} %".replace("-", "−")


def _global(tree: dict[str, Any]) -> list[Fact]:
    data, source = tree["data"], "CoinGecko /global"
    at = _seconds(data["updated_at"]) if "updated_at" in data else ""
    shares = data["market_cap_percentage"]
    facts = [
        ("Total market cap", format_usd(float(data["total_market_cap"]["usd"]))),
        ("24 h volume", format_usd(float(data["total_volume"]["usd"]))),
        ("Dominance", f"BTC {float(shares['btc']):.1f} %, ETH {float(shares['eth']):.1f} %"),
    ]
    if "market_cap_change_percentage_24h_usd" in data:
        facts.append(("Market cap over 24 h", _percent(float(data["market_cap_change_percentage_24h_usd"]))))
    return [Fact(label, value, at, source) for label, value in facts]


def _fear(tree: dict[str, Any]) -> list[Fact]:
    newest, source = tree["data"][0], "alternative.me /fng"
    value = f"{int(newest['value'])} ({newest['value_classification']})"
    if len(tree["data"]) > 1:
        value += f", {int(tree['data'][1]['value'])} the day before"
    return [Fact("Fear and greed", value, _seconds(newest["timestamp"]), source)]


def _stablecoins(tree: dict[str, Any]) -> list[Fact]:
    coins = [c for c in tree["peggedAssets"] if c["pegType"] == "peggedUSD"]
    total = sum(float(c["circulating"].get("peggedUSD", 0.0)) for c in coins)
    return [
        Fact("Stablecoins pegged to USD", format_usd(total), "", "DefiLlama /stablecoins (carries no moment)")
    ]


def _stablecoin_chart(rows: list[dict[str, Any]]) -> list[Fact]:
    """Return the newest day's supply and its change over seven days, where the chart reaches that far."""
    known = sorted((int(row["date"]), float(row["totalCirculatingUSD"]["peggedUSD"])) for row in rows)
    at, now = known[-1]
    value = format_usd(now)
    week = [usd for date, usd in known if date <= at - 7 * 86_400]
    if week and week[-1] > 0:
        value += f", {_percent((now / week[-1] - 1.0) * 100)} in 7 days"
    return [Fact("Stablecoins pegged to USD", value, _seconds(at), "DefiLlama /stablecoincharts/all")]


def _markets(coins: list[dict[str, Any]]) -> list[Fact]:
    """Return the season index of the last 30 days and the largest moves of 24 hours."""
    source = "CoinGecko /coins/markets"
    at = isoformat(max(parse_time(str(c["last_updated"])) for c in coins if c.get("last_updated")))
    own = [c for c in coins if not _stands_in(c)]
    facts = [] if (season := _season(own)) is None else [Fact("Altcoin season, 30 days", season, at, source)]
    day = [(float(c["price_change_percentage_24h_in_currency"]), str(c["symbol"]).upper()) for c in own if c.get("price_change_percentage_24h_in_currency") is not None]  # fmt: skip
    ranked = sorted(day)
    up = ", ".join(f"{symbol} {_percent(change)}" for change, symbol in ranked[::-1][:MOVERS])
    down = ", ".join(f"{symbol} {_percent(change)}" for change, symbol in ranked[:MOVERS])
    among = f"largest of {len(ranked)} coins by market cap"
    return [
        *facts,
        Fact("Top gainers, 24 h", up, at, f"{source}, {among}"),
        Fact("Top losers, 24 h", down, at, f"{source}, {among}"),
    ]


def _season(coins: Sequence[dict[str, Any]]) -> str | None:
    """Return the share of the first coins that beat BTC over 30 days; the index of that name looks at 90, which the source lacks."""
    key = "price_change_percentage_30d_in_currency"
    bitcoin = next((c.get(key) for c in coins if c["id"] == "bitcoin"), None)
    others = [c for c in coins if c["id"] != "bitcoin" and c.get(key) is not None][:SEASON_COINS]
    if bitcoin is None or not others:
        return None
    better = sum(float(c[key]) > float(bitcoin) for c in others)
    return f"{100 * better / len(others):.0f} of 100 ({better} of {len(others)} coins beat BTC)"


def _stands_in(coin: dict[str, Any]) -> bool:
    """Return whether a coin is pegged to the dollar or stands for another coin."""
    moved = coin.get("price_change_percentage_30d_in_currency")
    pegged = (
        moved is not None
        and abs(float(coin["current_price"]) - 1.0) < PEG_BAND
        and abs(float(moved)) < PEG_MOVE
    )
    return pegged or any(word in str(coin["name"]).lower() for word in STAND_INS)


def _block(tree: dict[str, Any]) -> list[Fact]:
    block = tree["result"]
    fee = int(block["baseFeePerGas"], 16) / GWEI
    return [
        Fact("Gas (base fee)", f"{fee:.3g} gwei", _seconds(int(block["timestamp"], 16)), "an Ethereum node")
    ]


def _rows_with(tree: Any, field: str) -> bool:
    return isinstance(tree, list) and bool(tree) and isinstance(tree[0], dict) and field in tree[0]


_READERS: tuple[tuple[Callable[[Any], bool], Callable[[Any], list[Fact]]], ...] = (
    (
        lambda t: isinstance(t, dict) and isinstance(t.get("data"), dict) and "total_market_cap" in t["data"],
        _global,
    ),
    (
        lambda t: (
            isinstance(t, dict) and isinstance(t.get("data"), list) and "Fear" in str(t.get("name", ""))
        ),
        _fear,
    ),
    (lambda t: isinstance(t, dict) and "peggedAssets" in t, _stablecoins),
    (
        lambda t: (
            isinstance(t, dict) and isinstance(t.get("result"), dict) and "baseFeePerGas" in t["result"]
        ),
        _block,
    ),
    (lambda t: _rows_with(t, "totalCirculatingUSD"), _stablecoin_chart),
    (lambda t: _rows_with(t, "market_cap"), _markets),
)
