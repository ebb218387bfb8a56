"""Bybit streams: one connection per category, topics in requests of ten."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from liqatlas.venues.bybit import consts
from liqatlas.venues.subscriptions import Subscription, chunks, streamable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Topics by dataset; one ticker carries marks, open interest and funding. Liquidations exist per symbol only.
TOPICS = {
    "trades": "publicTrade.{s}",
    "marks": "tickers.{s}",
    "open_interest": "tickers.{s}",
    "funding": "tickers.{s}",
    "book_levels": f"orderbook.{consts.BOOK_DEPTH}.{{s}}",
    "liquidations": "allLiquidation.{s}",
    "bars": "kline.1.{s}",
}
#: Venue-wide topics, by category.
POOLS = {"linear": ("insurance.USDT", "insurance.USDC", "adlAlert.USDT", "adlAlert.USDC"),
         "inverse": ("insurance.inverse", "adlAlert.inverse")}  # fmt: skip
DATASETS = frozenset({*TOPICS, "insurance_fund"})


def subscriptions(
    base: str,
    by_category: Mapping[str, Sequence[str]],
    everything: Mapping[str, Sequence[str]],
    datasets: Iterable[str],
) -> list[Subscription]:
    """Return the connections for these symbols and datasets.

    Parameters
    ----------
    by_category
        Symbols to record, by ``linear`` and ``inverse``.
    everything
        All symbols that trade, whose liquidations are recorded so that totals do not depend on the choice.

    Raises
    ------
    InputError
        If a dataset has no stream.
    """
    wanted = streamable(datasets, DATASETS, "Bybit")
    out = []
    for category in consts.CATEGORIES:
        url = f"{base}/v5/public/{category}"
        carried: dict[str, set[tuple[str, str]]] = {}
        for dataset in sorted(wanted & TOPICS.keys()):
            for symbol in (everything if dataset == "liquidations" else by_category).get(category, ()):
                carried.setdefault(TOPICS[dataset].format(s=symbol), set()).add((dataset, symbol))
        if "insurance_fund" in wanted:
            carried |= {topic: {("insurance_fund", "*")} for topic in POOLS[category]}
        out += [
            _connection(url, part, carried) for part in chunks(list(carried), consts.TOPICS_PER_CONNECTION)
        ]
    return out


def _connection(url: str, topics: Sequence[str], carried: Mapping[str, set[tuple[str, str]]]) -> Subscription:
    """Return one connection with its subscribe requests."""
    messages = tuple(
        json.dumps({"op": "subscribe", "args": list(part), "req_id": str(i + 1)})
        for i, part in enumerate(chunks(topics, consts.TOPICS_PER_MESSAGE))
    )
    rhythmic = any(topic.startswith(("tickers.", "orderbook.", "publicTrade.")) for topic in topics)
    carries = frozenset(pair for topic in topics for pair in carried[topic])
    return Subscription(url, messages, carries, silent_after_s=30.0 if rhythmic else None)
