"""Routes under ``/api/futures/liquidation``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Response, get

from liqatlas.base.errors import InputError
from liqatlas.flows.coinglass import history, levels, names
from liqatlas.server.coinglass.envelope import (
    Exchange,
    ExchangeAlias,
    ExchangeList,
    Http,
    Interval,
    Limit,
    Moment,
    Range,
    Symbol,
    Text,
    answer,
    documented,
    need,
)
from liqatlas.server.service import Service

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from liqatlas.flows.request import Request
    from liqatlas.flows.serving import Market, Source

BASE = "/api/futures/liquidation"
_MODELS: dict[levels.Model, str] = {1: "Modelled", 2: "Measured", 3: "Realised"}
_CELLS = "Axis, sparse cells [x, y, USD], candles with time in seconds."


def _tag(operation: str, summary: str, data: str) -> dict[str, Any]:
    return {
        "operation_id": operation,
        "summary": summary,
        "tags": ["coinglass"],
        "responses": documented(data),
    }


@get(f"{BASE}/history", **_tag("cgHistory", "Liquidations of a pair per interval", "Rows, amounts as text."))
async def get_history(
    http: Http,
    service: Service,
    interval: Interval = "",
    exchange: Exchange = "",
    ex: ExchangeAlias = "",
    symbol: Symbol = "",
    limit: Limit = history.MOST_ROWS,
    start_time: Moment = None,
    end_time: Moment = None,
) -> Response[bytes]:
    """Return liquidated longs and shorts of one pair per interval [USD as text]."""
    source = service.source
    length = names.chosen("interval", need("interval", interval), names.INTERVALS)
    pair = names.pair_named(source, need("exchange", exchange or ex), need("symbol", symbol))

    def make() -> list[dict[str, Any]]:
        asked = history.buckets((pair.market,), length, limit=limit, start_ms=start_time, end_ms=end_time)
        return history.history(source, (pair.market,), asked)

    return await answer(
        http, service, ("history", pair.market.venue, pair.market.symbol, length, limit, start_time, end_time), make
    )


@get(
    f"{BASE}/aggregated-history",
    **_tag("cgAggregatedHistory", "Liquidations of a coin per interval", "Rows, amounts as numbers."),
)
async def get_aggregated_history(
    http: Http,
    service: Service,
    exchange_list: ExchangeList = "",
    symbol: Symbol = "",
    interval: Interval = "",
    limit: Limit = history.MOST_ROWS,
    start_time: Moment = None,
    end_time: Moment = None,
) -> Response[bytes]:
    """Return liquidated longs and shorts of a coin over several exchanges per interval [USD]."""
    source = service.source
    length = names.chosen("interval", need("interval", interval), names.INTERVALS)
    coin = names.coin_named(source, need("symbol", symbol))
    exchanges = names.exchanges_listed(source, exchange_list)

    def make() -> list[dict[str, Any]]:
        markets = [one for name in exchanges for one in names.markets_of(source, exchange=name, coin=coin)]
        asked = history.buckets(markets, length, limit=limit, start_ms=start_time, end_ms=end_time)
        return history.aggregated_history(source, markets, asked)

    key = ("aggregated-history", exchanges, coin, length, limit, start_time, end_time)
    return await answer(http, service, key, make)


@get(f"{BASE}/coin-list", **_tag("cgCoinList", "Liquidations of every coin on an exchange", "One row a coin."))
async def get_coin_list(
    http: Http, service: Service, exchange: Exchange = "", ex: ExchangeAlias = ""
) -> Response[bytes]:
    """Return liquidations of the last 24, 12, 4 and 1 hours by coin [USD]."""
    source = service.source
    name = names.exchange_named(source, need("exchange", exchange or ex))
    return await answer(
        http,
        service,
        ("coin-list", name),
        lambda: history.coin_list(source, names.markets_of(source, exchange=name)),
    )


@get(
    f"{BASE}/exchange-list",
    **_tag("cgExchangeList", "Liquidations by exchange", 'One row an exchange, "All" first, both spellings.'),
)
async def get_exchange_list(
    http: Http, service: Service, window: Range = "", symbol: Symbol = ""
) -> Response[bytes]:
    """Return liquidations of a stretch by exchange [USD], of one coin or of all."""
    source = service.source
    length = names.chosen("range", window or "24h", names.TOTAL_RANGES)
    coin = names.coin_named(source, symbol) if symbol.strip() else ""
    return await answer(
        http,
        service,
        ("exchange-list", length, coin),
        lambda: history.exchange_list(source, names.markets_of(source, coin=coin), length),
    )


@get(f"{BASE}/order", **_tag("cgOrder", "Single liquidations", "At most 200 rows of the last seven days."))
async def get_order(
    http: Http,
    service: Service,
    exchange: Exchange = "",
    ex: ExchangeAlias = "",
    symbol: Symbol = "",
    min_liquidation_amount: Text = "0",
    start_time: Moment = None,
    end_time: Moment = None,
) -> Response[bytes]:
    """Return single liquidations, newest first; ``side`` is the order's: 1 buy, 2 sell."""
    source = service.source
    name = names.exchange_named(source, need("exchange", exchange or ex))
    coin = names.coin_named(source, need("symbol", symbol))
    least = _amount(min_liquidation_amount)
    return await answer(
        http,
        service,
        ("order", name, coin, least, start_time, end_time),
        lambda: history.orders(
            source,
            names.markets_of(source, exchange=name, coin=coin),
            least_usd=least,
            start_ms=start_time,
            end_ms=end_time,
        ),
    )


def _amount(text: str) -> float:
    try:
        amount = float(text or "0")
    except ValueError:
        amount = -1.0
    if not 0 <= amount < 1e15:
        raise InputError(f"min_liquidation_amount={text!r} is not an amount of USD")
    return amount


def _pair_request(source: Source, exchange: str, symbol: str, length: int) -> tuple[Market, Request]:
    market = names.pair_named(source, need("exchange", exchange), need("symbol", symbol)).market
    return market, levels.map_request(market.asset, length, venue=market.venue, symbol=market.symbol)


@get(f"{BASE}/map", **_tag("cgMap", "Levels of a pair by leverage", "Rows under data.data, keyed by price."))
async def get_map(
    http: Http,
    service: Service,
    exchange: Exchange = "",
    ex: ExchangeAlias = "",
    symbol: Symbol = "",
    window: Range = "",
) -> Response[bytes]:
    """Return outstanding levels of one pair: price, USD, leverage."""
    source = service.source
    length = names.chosen("range", window or "1d", names.MAP_RANGES)
    market, request = _pair_request(source, exchange or ex, symbol, length)
    key = ("map", market.venue, market.symbol, length)
    return await answer(http, service, key, lambda: {"data": levels.pair_map(source.map(request))}, slow=True)


@get(
    f"{BASE}/aggregated-map",
    **_tag("cgAggregatedMap", "Levels of a coin on all exchanges", "Rows under data.data, keyed by price."),
)
async def get_aggregated_map(
    http: Http, service: Service, symbol: Symbol = "", window: Range = ""
) -> Response[bytes]:
    """Return outstanding levels of a coin over all exchanges served: price, USD."""
    source = service.source
    length = names.chosen("range", window or "1d", names.MAP_RANGES)
    request = levels.map_request(names.coin_named(source, need("symbol", symbol)), length)
    key = ("aggregated-map", request.asset, length)
    return await answer(http, service, key, lambda: {"data": levels.coin_map(source.map(request))}, slow=True)


def _heatmap(model: levels.Model) -> HTTPRouteHandler:
    @get(
        f"{BASE}/heatmap/model{model}",
        **_tag(f"cgHeatmapModel{model}", f"{_MODELS[model]} levels of a pair over time", _CELLS),
    )
    async def get_heatmap(
        http: Http,
        service: Service,
        exchange: Exchange = "",
        ex: ExchangeAlias = "",
        symbol: Symbol = "",
        window: Range = "",
    ) -> Response[bytes]:
        """Return a heatmap of one pair [USD]."""
        source = service.source
        length = names.chosen("range", window or "24h", names.HEATMAP_RANGES)
        market, request = _pair_request(source, exchange or ex, symbol, length)
        key = ("heatmap", model, market.venue, market.symbol, length)
        return await answer(http, service, key, lambda: levels.heatmap(source, request, model), slow=True)

    return get_heatmap


def _aggregated_heatmap(model: levels.Model) -> HTTPRouteHandler:
    @get(
        f"{BASE}/aggregated-heatmap/model{model}",
        **_tag(f"cgAggregatedHeatmapModel{model}", f"{_MODELS[model]} levels of a coin over time", _CELLS),
    )
    async def get_aggregated_heatmap(
        http: Http, service: Service, symbol: Symbol = "", window: Range = ""
    ) -> Response[bytes]:
        """Return a heatmap of a coin over all exchanges served [USD]."""
        source = service.source
        length = names.chosen("range", window or "24h", names.HEATMAP_RANGES)
        request = levels.map_request(names.coin_named(source, need("symbol", symbol)), length)
        key = ("aggregated-heatmap", model, request.asset, length)
        return await answer(http, service, key, lambda: levels.heatmap(source, request, model), slow=True)

    return get_aggregated_heatmap


@get(f"{BASE}/max-pain", **_tag("cgMaxPain", "The heaviest level of each side", "One row a coin."))
async def get_max_pain(
    http: Http, service: Service, window: Range = "", orientation: Text = "mechanical"
) -> Response[bytes]:
    """Return each coin's heaviest long and short level.

    ``orientation=documented`` swaps the names as the interface's printed sample has them.
    """
    source = service.source
    length = names.chosen("range", window or "24h", names.PAIN_RANGES)
    if orientation not in {"mechanical", "documented"}:
        raise InputError(f"orientation={orientation!r} is not one of mechanical, documented")
    swapped = orientation == "documented"
    return await answer(
        http,
        service,
        ("max-pain", length, swapped),
        lambda: levels.pain_list(source, length, documented=swapped),
        slow=True,
    )


ROUTES = (
    get_history, get_aggregated_history, get_coin_list, get_exchange_list, get_order, get_map, get_aggregated_map,
    get_max_pain, *map(_heatmap, (1, 2, 3)), *map(_aggregated_heatmap, (1, 2, 3)),
)  # fmt: skip
