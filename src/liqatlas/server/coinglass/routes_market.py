"""Routes on what is served, on open interest, and on Hyperliquid's public positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Response, get

from liqatlas.flows.coinglass import interest, market, names, positions
from liqatlas.server.coinglass.envelope import Http, answer, described
from liqatlas.server.coinglass.parameters import (
    Address,
    GivenCoin,
    GivenListed,
    GivenPair,
    GivenRows,
    GivenService,
    HeatmapRange,
    Page,
    Rows,
    Unit,
)

if TYPE_CHECKING:
    from litestar.handlers import HTTPRouteHandler

    from liqatlas.flows.coinglass.history import Buckets
    from liqatlas.flows.serving import Market

FUTURES, HYPERLIQUID = "/api/futures", "/api/hyperliquid"
_TEXT_ROWS = "Rows, values as text."
#: Most closes of ``exchange-history-chart``.
_CHART_ROWS = 200


@get(f"{FUTURES}/supported-coins", **described("cgCoins", "Coins served", "Names."))
async def get_coins(request: Http, service: GivenService) -> Response[bytes]:
    """Return the coins served."""
    return await answer(request, service, ("coins",), lambda: market.coins(service.source))


@get(f"{FUTURES}/supported-exchanges", **described("cgExchanges", "Exchanges served", "Names."))
async def get_exchanges(request: Http, service: GivenService) -> Response[bytes]:
    """Return the exchanges served."""
    return await answer(request, service, ("exchanges",), lambda: market.exchanges(service.source))


@get(f"{FUTURES}/supported-exchange-pairs", **described("cgPairs", "Pairs served", "Pairs by exchange."))
async def get_pairs(request: Http, service: GivenService) -> Response[bytes]:
    """Return the pairs served by exchange; one exchange where it is named."""
    asked = request.query_params.get("exchange", "").strip()
    name = names.exchange_named(service.source, asked) if asked else ""
    return await answer(request, service, ("pairs", name), lambda: market.pairs(service.source, name))


@get(f"{FUTURES}/price/history", **described("cgPrices", "Candles of a pair", "Rows, prices as text."))
async def get_prices(
    request: Http, service: GivenService, pair: GivenPair, rows: GivenRows
) -> Response[bytes]:
    """Return candles of one pair with their turnover [USD]."""
    return await answer(
        request,
        service,
        ("prices", pair.market.venue, pair.market.symbol, rows),
        lambda: market.price_history(service.source, pair.market, rows.of((pair.market,))),
    )


async def _interest(
    request: Http,
    service: GivenService,
    markets: tuple[Market, ...],
    rows: GivenRows,
    kind: tuple[interest.Unit, str],
) -> Response[bytes]:
    """Return open interest per interval; ``kind`` is the unit and the margin (coin, stable, or empty for both)."""
    places = tuple((one.venue, one.symbol) for one in markets)
    return await answer(
        request,
        service,
        ("interest", places, rows, kind),
        lambda: interest.history(service.source, markets, rows.of(markets), *kind),
    )


@get(f"{FUTURES}/open-interest/history", **described("cgInterest", "A pair's open interest", _TEXT_ROWS))
async def get_interest(
    request: Http, service: GivenService, pair: GivenPair, rows: GivenRows, unit: Unit = "usd"
) -> Response[bytes]:
    """Return one pair's one-sided open interest per interval."""
    return await _interest(request, service, (pair.market,), rows, (unit, ""))


@get(
    f"{FUTURES}/open-interest/aggregated-history",
    **described("cgInterestTogether", "A coin's open interest", _TEXT_ROWS),
)
async def get_interest_together(
    request: Http, service: GivenService, coin: GivenCoin, rows: GivenRows, unit: Unit = "usd"
) -> Response[bytes]:
    """Return a coin's open interest over all exchanges per interval."""
    return await _interest(request, service, names.markets_of(service.source, coin=coin), rows, (unit, ""))


@get(
    f"{FUTURES}/open-interest/aggregated-stablecoin-history",
    **described("cgInterestStable", "A coin's open interest margined in dollars", _TEXT_ROWS),
)
async def get_interest_stable(
    request: Http, service: GivenService, listed: GivenListed, rows: GivenRows
) -> Response[bytes]:
    """Return a coin's open interest in contracts margined in stablecoins per interval [USD]."""
    return await _interest(request, service, listed.markets, rows, ("usd", "stable"))


@get(
    f"{FUTURES}/open-interest/aggregated-coin-margin-history",
    **described("cgInterestCoin", "A coin's open interest margined in coins", _TEXT_ROWS),
)
async def get_interest_coin(
    request: Http, service: GivenService, listed: GivenListed, rows: GivenRows
) -> Response[bytes]:
    """Return a coin's open interest in contracts margined in the coin per interval [USD]."""
    return await _interest(request, service, listed.markets, rows, ("usd", "coin"))


@get(
    f"{FUTURES}/open-interest/exchange-list",
    **described("cgInterestByExchange", "Open interest by exchange now", 'One row an exchange, "All" first.'),
)
async def get_interest_by_exchange(request: Http, service: GivenService, coin: GivenCoin) -> Response[bytes]:
    """Return a coin's open interest by exchange, by margin, and its change."""
    markets = names.markets_of(service.source, coin=coin)
    return await answer(
        request,
        service,
        ("interest-by-exchange", coin),
        lambda: interest.exchange_list(service.source, coin, markets),
    )


@get(
    f"{FUTURES}/open-interest/exchange-history-chart",
    **described("cgInterestChart", "Open interest by exchange over time", "time_list, price_list, data_map."),
)
async def get_interest_chart(
    request: Http, service: GivenService, coin: GivenCoin, window: HeatmapRange = "24h", unit: Unit = "usd"
) -> Response[bytes]:
    """Return closes of each exchange's open interest over a stretch."""
    markets = names.markets_of(service.source, coin=coin)

    def make() -> dict[str, Any]:
        return interest.history_chart(service.source, markets, _chart_rows(window, markets), unit)

    return await answer(request, service, ("interest-chart", coin, window, unit), make)


def _chart_rows(window: str, markets: tuple[Market, ...]) -> Buckets:
    span = names.HEATMAP_RANGES[window]
    length = min(size for size in names.INTERVALS.values() if span / size <= _CHART_ROWS)
    return Rows(length, span // length, None, None).of(markets)


@get(f"{HYPERLIQUID}/whale-alert", **described("cgWhaleAlerts", "Large changes", "At most 200 rows."))
async def get_whale_alerts(request: Http, service: GivenService) -> Response[bytes]:
    """Return positions over a million USD opened (1) or closed (2) between an account's last two snapshots."""
    return await answer(request, service, ("whale-alert",), lambda: positions.whale_alerts(service.source))


@get(f"{HYPERLIQUID}/whale-position", **described("cgWhales", "Large positions", "The largest first."))
async def get_whales(request: Http, service: GivenService) -> Response[bytes]:
    """Return positions over a million USD."""
    return await answer(
        request, service, ("whale-position",), lambda: positions.whale_positions(service.source)
    )


@get(f"{HYPERLIQUID}/position", **described("cgPositions", "A coin's positions", "A page of 50 rows."))
async def get_positions(
    request: Http, service: GivenService, coin: GivenCoin, current_page: Page = 1
) -> Response[bytes]:
    """Return a page of a coin's public positions, the largest first."""
    return await answer(
        request,
        service,
        ("position", coin, current_page),
        lambda: positions.positions_page(service.source, coin, current_page),
    )


@get(f"{HYPERLIQUID}/user-position", **described("cgUser", "An account's positions", "The account's state."))
async def get_user(request: Http, service: GivenService, user_address: Address) -> Response[bytes]:
    """Return the positions of one account."""
    return await answer(
        request,
        service,
        ("user-position", user_address.lower()),
        lambda: positions.user_position(service.source, user_address),
    )


ROUTES: tuple[HTTPRouteHandler, ...] = (
    get_coins, get_exchanges, get_pairs, get_prices, get_interest, get_interest_together, get_interest_stable,
    get_interest_coin, get_interest_by_exchange, get_interest_chart, get_whale_alerts, get_whales, get_positions, get_user,
)  # fmt: skip
