"""Routes under ``/api/futures/liquidation``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar import Response, get

from liqatlas.flows.coinglass import history, known, levels, names
from liqatlas.server.coinglass.envelope import Http, answer, described
from liqatlas.server.coinglass.parameters import (
    Amount,
    CoinOrAll,
    Exchange,
    GivenCoin,
    GivenListed,
    GivenPair,
    GivenRows,
    GivenService,
    HeatmapRange,
    MapRange,
    Moment,
    Orientation,
    PainRange,
    TotalRange,
)

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

BASE = "/api/futures/liquidation"
_MODELS: dict[levels.Model, str] = {1: "Modelled", 2: "Measured", 3: "Realised"}
_CELLS = "Axis, sparse cells [x, y, USD], candles with time in seconds."
_KEYED = "Rows under data.data, keyed by price."


@get(f"{BASE}/history", **described("cgHistory", "A pair's liquidations", "Rows, amounts as text."))
async def get_history(
    request: Http, service: GivenService, pair: GivenPair, rows: GivenRows
) -> Response[bytes]:
    """Return liquidated longs and shorts of one pair per interval [USD as text]."""
    place, markets = (pair.market.venue, pair.market.symbol), known.known_of(service.source, (pair.market,))
    return await answer(
        request,
        service,
        ("history", place, rows),
        lambda: history.history(service.source, markets, rows.of(markets)),
    )


@get(
    f"{BASE}/aggregated-history",
    **described("cgAggregatedHistory", "A coin's liquidations", "Rows, amounts as numbers."),
)
async def get_aggregated_history(
    request: Http, service: GivenService, coin: GivenCoin, listed: GivenListed, rows: GivenRows
) -> Response[bytes]:
    """Return liquidated longs and shorts of a coin over several exchanges per interval [USD]."""
    markets = known.known_of(service.source, listed.markets)
    places = tuple((one.venue, one.symbol) for one in markets)
    return await answer(
        request,
        service,
        ("aggregated-history", coin, places, rows),
        lambda: history.aggregated_history(service.source, markets, rows.of(markets)),
    )


@get(f"{BASE}/coin-list", **described("cgCoinList", "Liquidations by coin", "One row a coin."))
async def get_coin_list(request: Http, service: GivenService, exchange: Exchange) -> Response[bytes]:
    """Return an exchange's liquidations of the last 24, 12, 4 and 1 hours by coin [USD]."""
    name = names.exchange_named(service.source, exchange)
    markets = names.markets_of(service.source, exchange=name)
    return await answer(
        request, service, ("coin-list", name), lambda: history.coin_list(service.source, markets)
    )


@get(
    f"{BASE}/exchange-list",
    **described("cgExchangeList", "Liquidations by exchange", 'One row an exchange, "All" first.'),
)
async def get_exchange_list(
    request: Http, service: GivenService, window: TotalRange = "24h", asked_coin: CoinOrAll = ""
) -> Response[bytes]:
    """Return liquidations of a stretch by exchange [USD], of one coin or of all, in both spellings."""
    coin = names.coin_named(service.source, asked_coin) if asked_coin.strip() else ""
    markets = names.markets_of(service.source, coin=coin)
    return await answer(
        request,
        service,
        ("exchange-list", window, coin),
        lambda: history.exchange_list(service.source, markets, names.TOTAL_RANGES[window]),
    )


@get(f"{BASE}/order", **described("cgOrder", "Single liquidations", "At most 200 rows of seven days."))
async def get_order(
    request: Http,
    service: GivenService,
    *,
    coin: GivenCoin,
    exchange: Exchange,
    min_liquidation_amount: Amount = "0",
    start_time: Moment = None,
    end_time: Moment = None,
) -> Response[bytes]:
    """Return single liquidations, newest first; ``side`` is the order's: 1 buy, 2 sell."""
    name = names.exchange_named(service.source, exchange)
    least = float(min_liquidation_amount)
    markets = names.markets_of(service.source, exchange=name, coin=coin)
    return await answer(
        request,
        service,
        ("order", name, coin, least, start_time, end_time),
        lambda: history.orders(
            service.source, markets, least_usd=least, start_ms=start_time, end_ms=end_time
        ),
    )


@get(f"{BASE}/map", **described("cgMap", "A pair's levels by leverage", _KEYED))
async def get_map(
    request: Http, service: GivenService, pair: GivenPair, window: MapRange = "1d"
) -> Response[bytes]:
    """Return outstanding levels of one pair: price, USD, leverage."""
    wanted = levels.pair_request(pair.market, names.MAP_RANGES[window])
    return await answer(
        request,
        service,
        ("map", wanted),
        lambda: {"data": levels.pair_map(service.source.map(wanted))},
        slow=True,
    )


@get(f"{BASE}/aggregated-map", **described("cgAggregatedMap", "A coin's levels", _KEYED))
async def get_aggregated_map(
    request: Http, service: GivenService, coin: GivenCoin, window: MapRange = "1d"
) -> Response[bytes]:
    """Return outstanding levels of a coin over all exchanges served: price, USD."""
    wanted = levels.coin_request(coin, names.MAP_RANGES[window])
    return await answer(
        request,
        service,
        ("aggregated-map", wanted),
        lambda: {"data": levels.coin_map(service.source.map(wanted))},
        slow=True,
    )


def _heatmap(model: levels.Model) -> HTTPRouteHandler:
    said = described(f"cgHeatmapModel{model}", f"{_MODELS[model]} levels of a pair over time", _CELLS)

    @get(f"{BASE}/heatmap/model{model}", **said)
    async def get_heatmap(
        request: Http, service: GivenService, pair: GivenPair, window: HeatmapRange = "24h"
    ) -> Response[bytes]:
        """Return a heatmap of one pair [USD]."""
        wanted = levels.pair_request(pair.market, names.HEATMAP_RANGES[window])
        return await answer(
            request,
            service,
            ("heatmap", model, wanted),
            lambda: levels.heatmap(service.source, wanted, model),
            slow=True,
        )

    return get_heatmap


def _aggregated_heatmap(model: levels.Model) -> HTTPRouteHandler:
    said = described(
        f"cgAggregatedHeatmapModel{model}", f"{_MODELS[model]} levels of a coin over time", _CELLS
    )

    @get(f"{BASE}/aggregated-heatmap/model{model}", **said)
    async def get_aggregated_heatmap(
        request: Http, service: GivenService, coin: GivenCoin, window: HeatmapRange = "24h"
    ) -> Response[bytes]:
        """Return a heatmap of a coin over all exchanges served [USD]."""
        wanted = levels.coin_request(coin, names.HEATMAP_RANGES[window])
        return await answer(
            request,
            service,
            ("aggregated-heatmap", model, wanted),
            lambda: levels.heatmap(service.source, wanted, model),
            slow=True,
        )

    return get_aggregated_heatmap


@get(f"{BASE}/max-pain", **described("cgMaxPain", "The heaviest level of each side", "One row a coin."))
async def get_max_pain(
    request: Http, service: GivenService, window: PainRange = "24h", orientation: Orientation = "mechanical"
) -> Response[bytes]:
    """Return each coin's heaviest long and short level; ``orientation=documented`` swaps the two names."""
    swapped = orientation == "documented"
    return await answer(
        request,
        service,
        ("max-pain", window, swapped),
        lambda: levels.pain_list(service.source, names.PAIN_RANGES[window], documented=swapped),
        slow=True,
    )


ROUTES: tuple[HTTPRouteHandler, ...] = (
    get_history, get_aggregated_history, get_coin_list, get_exchange_list, get_order, get_map, get_aggregated_map,
    get_max_pain, _heatmap(1), _heatmap(2), _heatmap(3), _aggregated_heatmap(1), _aggregated_heatmap(2), _aggregated_heatmap(3),
)  # fmt: skip
