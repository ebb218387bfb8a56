"""Public keyless sources of market-wide figures, one record each.

Documented at docs.coingecko.com (reference: crypto-global, coins-markets), alternative.me/crypto/fear-and-greed-index (API),
api-docs.defillama.com (stablecoins: ``stablecoincharts/all``) and ethereum.org (JSON-RPC: ``eth_getBlockByNumber``). The field names read
here were checked on 2026-11-22 against answers that public clients keep in their tests and types, not by asking the sources themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from liqatlas.base.errors import FormatError
from liqatlas.venues.budget import Quota, RateBudget
from liqatlas.venues.transport import Patience, Question, Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liqatlas.venues.transport import Answer, Refusal

_LATEST_BLOCK = b'{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["latest",false]}'
#: Asked a few times at most: a brief is not worth a minute's wait.
HASTY = Patience(attempts=2, timeout_s=8.0, first_wait_s=0.3, max_wait_s=5.0)


@dataclass(frozen=True, slots=True)
class Source:
    """One question to one public source.

    Attributes
    ----------
    name
        What ``--public`` calls it.
    title
        What people call it.
    host, path, params, body
        Where and how to ask; a body makes it a POST.
    """

    name: str
    title: str
    host: str
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    body: bytes | None = None


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source("market", "CoinGecko /global", "https://api.coingecko.com", "/api/v3/global"),
        Source(
            "movers", "CoinGecko /coins/markets", "https://api.coingecko.com", "/api/v3/coins/markets",
            {"vs_currency": "usd", "order": "market_cap_desc", "per_page": 100, "page": 1, "price_change_percentage": "24h,30d"},
        ),
        Source("fear", "alternative.me /fng", "https://api.alternative.me", "/fng/", {"limit": 2}),
        Source("stablecoins", "DefiLlama /stablecoincharts/all", "https://stablecoins.llama.fi", "/stablecoincharts/all"),
        Source("gas", "an Ethereum node", "https://ethereum-rpc.publicnode.com", "/", body=_LATEST_BLOCK),
    )
}  # fmt: skip


def _accepted(_body: bytes) -> Refusal | None:
    """Every body is looked at by its reader."""
    return None


async def ask_source(source: Source, host: str | None = None, patience: Patience = HASTY) -> str:
    """Return the answer of a source as text.

    Parameters
    ----------
    host
        Takes the place of the source's own address.

    Raises
    ------
    SourceUnavailableError
        If it does not answer.
    InputError
        If it refuses the question, or the answer is no UTF-8 text.
    """
    budget = RateBudget([Quota("any", 10.0, 60.0)])
    transport = Transport(source.title, host or source.host, budget, check=_accepted, patience=patience)
    try:
        return await transport.ask(Question(source.path, 1.0, "any", source.params, source.body), _text)
    finally:
        await transport.close()


def _text(answer: Answer) -> str:
    try:
        return answer.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("the answer", "is no UTF-8 text") from None
