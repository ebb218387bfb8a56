"""Parameters of the compatible routes, and what they mean here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode

from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation

from liqatlas.flows.coinglass import history, names
from liqatlas.server.service import Service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from liqatlas.flows.serving import Market

_WORD = r"^[A-Za-z0-9][A-Za-z0-9_.:/ -]{0,39}$"
Exchange = Annotated[
    str, QueryParameter(description="An exchange, such as Binance (also as ex).", pattern=_WORD)
]
PairName = Annotated[
    str, QueryParameter(name="symbol", description="A pair, such as BTCUSDT.", pattern=_WORD)
]
CoinName = Annotated[str, QueryParameter(name="symbol", description="A coin, such as BTC.", pattern=_WORD)]
CoinOrAll = Annotated[
    str,
    QueryParameter(
        name="symbol", description="A coin, such as BTC; empty means all.", pattern=_WORD[:-1] + "$|^$"
    ),
]
ExchangeList = Annotated[
    str, QueryParameter(description="Exchanges by comma; ones not served are passed over.", max_length=400)
]
Interval = Annotated[
    Literal["1m", "3m", "5m", "15m", "30m", "1h", "4h", "6h", "8h", "12h", "1d", "1w"],
    QueryParameter(description="Length of a row."),
]
TotalRange = Annotated[
    Literal["1h", "4h", "12h", "24h"], QueryParameter(name="range", description="Stretch up to now.")
]
MapRange = Annotated[
    Literal["1d", "7d", "30d"], QueryParameter(name="range", description="Stretch up to now.")
]
HeatmapRange = Annotated[
    Literal["12h", "24h", "3d", "7d", "30d", "90d", "180d", "1y"],
    QueryParameter(name="range", description="Stretch up to now."),
]
PainRange = Annotated[
    Literal["12h", "24h", "48h", "3d", "7d", "14d", "30d"],
    QueryParameter(name="range", description="Stretch up to now."),
]
Unit = Annotated[Literal["usd", "coin"], QueryParameter(description="USD or coins.")]
Orientation = Annotated[
    Literal["mechanical", "documented"],
    QueryParameter(
        description="mechanical: longs below the price; documented: as the printed sample has it."
    ),
]
Limit = Annotated[
    int, QueryParameter(description="Most rows; more than 1000 means 1000.", ge=1, le=1_000_000)
]
Moment = Annotated[
    int | None, QueryParameter(description="Milliseconds since 1970 UTC.", ge=0, le=4_102_444_800_000)
]
Amount = Annotated[
    str, QueryParameter(description="Least USD of a liquidation.", pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$")
]
Page = Annotated[int, QueryParameter(description="Counts from 1.", ge=1, le=1_000_000)]
Address = Annotated[str, QueryParameter(description="An account.", pattern=r"^0x[0-9A-Fa-f]{40}$")]


@dataclass(frozen=True, slots=True)
class Rows:
    """Which intervals are asked for: their length [ns], how many at most, from and to when [ms]."""

    length_ns: int
    limit: int
    start_ms: int | None
    end_ms: int | None

    def of(self, markets: tuple[Market, ...]) -> history.Buckets:
        """Return the intervals of some instruments."""
        return history.buckets(
            markets, self.length_ns, limit=self.limit, start_ms=self.start_ms, end_ms=self.end_ms
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """A coin's instruments on the exchanges listed."""

    markets: tuple[Market, ...]


GivenService = SkipValidation[NamedDependency[Service]]
GivenPair = SkipValidation[NamedDependency[names.Pair]]
GivenRows = SkipValidation[NamedDependency[Rows]]
GivenListed = SkipValidation[NamedDependency[Listed]]
GivenCoin = SkipValidation[NamedDependency[str]]


async def give_rows(
    interval: Interval,
    limit: Limit = history.MOST_ROWS,
    start_time: Moment = None,
    end_time: Moment = None,
) -> Rows:
    """Return the intervals a request means."""
    return Rows(names.INTERVALS[interval], limit, start_time, end_time)


async def give_pair(service: GivenService, exchange: Exchange, pair_name: PairName) -> names.Pair:
    """Return the instrument a request means."""
    return names.pair_named(service.source, exchange, pair_name)


async def give_coin(service: GivenService, coin_name: CoinName) -> str:
    """Return the coin a request means."""
    return names.coin_named(service.source, coin_name)


async def give_listed(service: GivenService, coin: GivenCoin, exchange_list: ExchangeList = "") -> Listed:
    """Return a coin's instruments on the exchanges listed."""
    found = (
        one
        for name in names.exchanges_listed(service.source, exchange_list)
        for one in names.markets_of(service.source, exchange=name, coin=coin)
    )
    return Listed(tuple(found))


class Aliases:
    """An ASGI application that reads ``ex`` as ``exchange``, as older clients write it."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        """Rename the parameter and go on."""
        query = scope.get("query_string", b"")
        if b"ex=" in query:
            pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
            if not any(name == "exchange" for name, _ in pairs):
                renamed = [("exchange" if name == "ex" else name, value) for name, value in pairs]
                scope["query_string"] = urlencode(renamed).encode("latin-1")
        await self._app(scope, receive, send)
