"""Routes on what is served, on open interest, and on Hyperliquid's public positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from litestar import Response, get
from litestar.params import Parameter

from liqatlas.base.clock import format_window
from liqatlas.base.errors import InputError
from liqatlas.flows.coinglass import history, interest, market, names, positions
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
    from liqatlas.flows.serving import Market

FUTURES, HYPERLIQUID = "/api/futures", "/api/hyperliquid"
#: Closes of ``exchange-history-chart`` per stretch.
_CHART_ROWS = 200


def _tag(operation: str, summary: str, data: str) -> dict[str, Any]:
    return {
        "operation_id": operation,
        "summary": summary,
        "tags": ["coinglass"],
        "responses": documented(data),
    }


@get(f"{FUTURES}/supported-coins", **_tag("cgCoins", "Coins served", "Names."))
async def get_coins(http: Http, service: Service) -> Response[bytes]:
    """Return the coins served."""
    return await answer(http, service, ("coins",), lambda: market.coins(service.source))


@get(f"{FUTURES}/supported-exchanges", **_tag("cgExchanges", "Exchanges served", "Names."))
async def get_exchanges(http: Http, service: Service) -> Response[bytes]:
    """Return the exchanges served."""
    return await answer(http, service, ("exchanges",), lambda: market.exchanges(service.source))


@get(f"{FUTURES}/supported-exchange-pairs", **_tag("cgPairs", "Pairs served", "Pairs by exchange."))
async def get_pairs(http: Http, service: Service, exchange: Exchange = "") -> Response[bytes]:
    """Return the pairs served by exchange."""
    name = names.exchange_named(service.source, exchange) if exchange.strip() else ""
    return await answer(http, service, ("pairs", name), lambda: market.pairs(service.source, name))


@get(f"{FUTURES}/price/history", **_tag("cgPrices", "Candles of a pair", "Rows, prices as text."))
async def get_prices(
    http: Http,
    service: Service,
    exchange: Exchange = "",
    ex: ExchangeAlias = "",
    symbol: Symbol = "",
    interval: Interval = "",
    limit: Limit = history.MOST_ROWS,
    start_time: Moment = None,
    end_time: Moment = None,
) -> Response[bytes]:
    """Return candles of one pair with their turnover [USD]."""
    length = names.chosen("interval", need("interval", interval), names.INTERVALS)
    pair = names.pair_named(service.source, need("exchange", exchange or ex), need("symbol", symbol))

    def make() -> list[dict[str, Any]]:
        asked = history.buckets((pair.market,), length, limit=limit, start_ms=start_time, end_ms=end_time)
        return market.price_history(service.source, pair.market, asked)

    key = ("prices", pair.market.venue, pair.market.symbol, length, limit, start_time, end_time)
    return await answer(http, service, key, make)


def _unit(text: str) -> interest.Unit:
    if text == "usd":
        return "usd"
    if text == "coin":
        return "coin"
    raise InputError(f"unit={text!r} is not one of usd, coin")


async def _interest(
    http: Http, service: Service, markets: tuple[Market, ...], wanted: tuple[str, str, str, int, int | None, int | None]
) -> Response[bytes]:
    """Return open interest per interval; ``wanted`` is interval, unit, margin, limit, start, end."""
    interval, unit_text, margin, limit, start, end = wanted
    length, unit = names.chosen("interval", need("interval", interval), names.INTERVALS), _unit(unit_text)

    def make() -> list[dict[str, Any]]:
        asked = history.buckets(markets, length, limit=limit, start_ms=start, end_ms=end)
        return interest.history(service.source, markets, asked, unit, margin)

    places = tuple((one.venue, one.symbol) for one in markets)
    return await answer(http, service, ("interest", places, wanted), make)


@get(f"{FUTURES}/open-interest/history", **_tag("cgInterest", "Open interest of a pair", "Rows, values as text."))
async def get_interest(
    http: Http,
    service: Service,
    exchange: Exchange = "",
    ex: ExchangeAlias = "",
    symbol: Symbol = "",
    interval: Interval = "",
    limit: Limit = history.MOST_ROWS,
    start_time: Moment = None,
    end_time: Moment = None,
    unit: Text = "usd",
) -> Response[bytes]:
    """Return one pair's one-sided open interest per interval."""
    pair = names.pair_named(service.source, need("exchange", exchange or ex), need("symbol", symbol))
    return await _interest(http, service, (pair.market,), (interval, unit, "", limit, start_time, end_time))


@get(
    f"{FUTURES}/open-interest/aggregated-history",
    **_tag("cgInterestTogether", "Open interest of a coin", "Rows, values as text."),
)
async def get_interest_together(
    http: Http,
    service: Service,
    symbol: Symbol = "",
    interval: Interval = "",
    limit: Limit = history.MOST_ROWS,
    start_time: Moment = None,
    end_time: Moment = None,
    unit: Text = "usd",
) -> Response[bytes]:
    """Return a coin's open interest over all exchanges per interval."""
    coin = names.coin_named(service.source, need("symbol", symbol))
    markets = names.markets_of(service.source, coin=coin)
    return await _interest(http, service, markets, (interval, unit, "", limit, start_time, end_time))


@get(
    f"{FUTURES}/open-interest/aggregated-stablecoin-history",
    **_tag("cgInterestStable", "Open interest margined in dollars", "Rows, values as text."),
)
async def get_interest_stable(
    http: Http,
    service: Service,
    exchange_list: ExchangeList = "",
    symbol: Symbol = "",
    interval: Interval = "",
    limit: Limit = history.MOST_ROWS,
    start_time: Moment = None,
    end_time: Moment = None,
) -> Response[bytes]:
    """Return a coin's open interest in contracts margined in stablecoins per interval [USD]."""
    markets = _listed(service, exchange_list, symbol)
    return await _interest(http, service, markets, (interval, "usd", "stable", limit, start_time, end_time))


@get(
    f"{FUTURES}/open-interest/aggregated-coin-margin-history",
    **_tag("cgInterestCoin", "Open interest margined in coins", "Rows, values as text."),
)
async def get_interest_coin(
    http: Http,
    service: Service,
    exchange_list: ExchangeList = "",
    symbol: Symbol = "",
    interval: Interval = "",
    limit: Limit = history.MOST_ROWS,
    start_time: Moment = None,
    end_time: Moment = None,
) -> Response[bytes]:
    """Return a coin's open interest in contracts margined in the coin per interval [USD]."""
    markets = _listed(service, exchange_list, symbol)
    return await _interest(http, service, markets, (interval, "usd", "coin", limit, start_time, end_time))


def _listed(service: Service, exchange_list: str, symbol: str) -> tuple[Market, ...]:
    coin = names.coin_named(service.source, need("symbol", symbol))
    exchanges = names.exchanges_listed(service.source, exchange_list)
    return tuple(
        one for name in exchanges for one in names.markets_of(service.source, exchange=name, coin=coin)
    )


@get(
    f"{FUTURES}/open-interest/exchange-list",
    **_tag("cgInterestByExchange", "Open interest by exchange now", 'One row an exchange, "All" first.'),
)
async def get_interest_by_exchange(http: Http, service: Service, symbol: Symbol = "") -> Response[bytes]:
    """Return a coin's open interest by exchange, by margin, and its change."""
    coin = names.coin_named(service.source, need("symbol", symbol))
    return await answer(
        http,
        service,
        ("interest-by-exchange", coin),
        lambda: interest.exchange_list(service.source, coin, names.markets_of(service.source, coin=coin)),
    )


@get(
    f"{FUTURES}/open-interest/exchange-history-chart",
    **_tag("cgInterestChart", "Open interest by exchange over time", "time_list, price_list, data_map."),
)
async def get_interest_chart(
    http: Http, service: Service, symbol: Symbol = "", window: Range = "", unit: Text = "usd"
) -> Response[bytes]:
    """Return closes of each exchange's open interest over a stretch."""
    coin = names.coin_named(service.source, need("symbol", symbol))
    span = names.chosen("range", window or "24h", names.HEATMAP_RANGES)
    markets, which = names.markets_of(service.source, coin=coin), _unit(unit)

    def make() -> dict[str, Any]:
        length = min(size for size in names.INTERVALS.values() if span / size <= _CHART_ROWS)
        count = span // length
        asked = history.buckets(markets, length, limit=count, start_ms=None, end_ms=None)
        return interest.history_chart(service.source, markets, asked, which)

    return await answer(http, service, ("interest-chart", coin, format_window(span), which), make)


@get(f"{HYPERLIQUID}/whale-alert", **_tag("cgWhaleAlerts", "Large positions opened and closed", "At most 200."))
async def get_whale_alerts(http: Http, service: Service) -> Response[bytes]:
    """Return positions over a million USD opened (1) or closed (2) between an account's last two snapshots."""
    return await answer(http, service, ("whale-alert",), lambda: positions.whale_alerts(service.source))


@get(f"{HYPERLIQUID}/whale-position", **_tag("cgWhales", "Large positions", "Rows, the largest first."))
async def get_whales(http: Http, service: Service) -> Response[bytes]:
    """Return positions over a million USD."""
    return await answer(http, service, ("whale-position",), lambda: positions.whale_positions(service.source))


@get(f"{HYPERLIQUID}/position", **_tag("cgPositions", "Positions of a coin", "A page of 50 rows."))
async def get_positions(
    http: Http,
    service: Service,
    symbol: Symbol = "",
    current_page: Annotated[int, Parameter(ge=1, le=1_000_000)] = 1,
) -> Response[bytes]:
    """Return a page of a coin's public positions, the largest first."""
    coin = names.coin_named(service.source, need("symbol", symbol))
    return await answer(
        http,
        service,
        ("position", coin, current_page),
        lambda: positions.positions_page(service.source, coin, current_page),
    )


@get(f"{HYPERLIQUID}/user-position", **_tag("cgUser", "Positions of an account", "The account's state."))
async def get_user(http: Http, service: Service, user_address: Symbol = "") -> Response[bytes]:
    """Return the positions of one account."""
    address = need("user_address", user_address)
    return await answer(
        http, service, ("user-position", address.lower()), lambda: positions.user_position(service.source, address)
    )


ROUTES = (
    get_coins, get_exchanges, get_pairs, get_prices, get_interest, get_interest_together, get_interest_stable,
    get_interest_coin, get_interest_by_exchange, get_interest_chart, get_whale_alerts, get_whales, get_positions, get_user,
)  # fmt: skip
