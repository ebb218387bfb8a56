"""Maps, heatmaps and peaks in the interface's shapes.

The interface documents no formula, no unit and no difference between its three models. Here every amount is USD, and:

* model 1 is the modelled heatmap: outstanding levels of all leverage, estimated from trades and open interest;
* model 2 is the measured one: levels of positions that are public, where they are recorded;
* model 3 is the realised one: liquidations that happened, at the price they happened.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from liqatlas.base.clock import NS_PER_MS, NS_PER_S
from liqatlas.base.errors import LiqAtlasError
from liqatlas.flows.request import Request
from liqatlas.flows.serving_series import turnover

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.flows.serving import Market, Source
    from liqatlas.maps.heatmap import Heatmap
    from liqatlas.maps.liquidation_map import LiquidationMap

Model = Literal[1, 2, 3]
#: Bins of a map, columns and rows of a heatmap.
BINS, COLUMNS, ROWS = 240, 240, 200


def pair_map(result: LiquidationMap) -> dict[str, list[list[float | None]]]:
    """Return ``/map``: per price the rows ``[price, USD, leverage, null]``, one for each leverage band with levels there.

    The leverage is the geometric middle of its band; the price is the middle of its bin.
    """
    usd = result.usd.sum(axis=(0, 2))  # band, bin
    leverage = [
        float(f"{np.sqrt(max(band.low, 1.0) * band.high) if np.isfinite(band.high) else band.low:.3g}")
        for band in result.bands
    ]
    out: dict[str, list[list[float | None]]] = {}
    for at, (key, price) in enumerate(zip(*_prices(result.price_mid), strict=True)):
        rows: list[list[float | None]] = [
            [price, round(float(amount), 2), leverage[band], None]
            for band, amount in enumerate(usd[:, at])
            if amount >= 0.005
        ]
        if rows:
            out[key] = rows
    return out


def coin_map(result: LiquidationMap) -> dict[str, list[list[float | None]]]:
    """Return ``/aggregated-map``: per price one row ``[price, USD, null, null]``."""
    usd = result.usd.sum(axis=(0, 1, 2))
    rows = zip(*_prices(result.price_mid), usd.tolist(), strict=True)
    return {key: [[price, round(amount, 2), None, None]] for key, price, amount in rows if amount >= 0.005}


def _decimals(middles: NDArray[np.float64]) -> int:
    """Return as few decimals as tell neighbouring prices apart."""
    narrow = float(np.diff(middles).min()) if len(middles) > 1 else 1.0
    return max(0, int(np.ceil(-np.log10(narrow)))) if narrow > 0 else 8


def _prices(middles: NDArray[np.float64]) -> tuple[list[str], list[float]]:
    """Return distinct keys and the prices they show, whole numbers without a point."""
    decimals = _decimals(middles)
    prices = [round(price, decimals) if decimals else round(price) for price in middles.tolist()]
    return [f"{price:.{decimals}f}" for price in prices], prices


def pair_request(market: Market, window_ns: int) -> Request:
    """Return what a map of one pair asks for: its outstanding levels."""
    return replace(coin_request(market.symbol, window_ns), venues=(market.venue,))


def coin_request(coin: str, window_ns: int) -> Request:
    """Return what a map of a coin on all exchanges asks for: its outstanding levels."""
    return Request(asset=coin, window_ns=window_ns, quantity="outstanding", bins=BINS)


def heatmap(source: Source, request: Request, model: Model) -> dict[str, Any]:
    """Return a heatmap of the model: ``y_axis``, sparse triples ``[x, y, USD]`` and candles, time in seconds.

    Raises
    ------
    NotEnoughDataError
        If nothing of the model's kind is recorded.
    """
    plain = replace(request, bins=None, quantity="outstanding", kind="measured" if model == 2 else "modelled")
    result = source.heatmap(plain, columns=COLUMNS, rows=ROWS)
    cells = realised_cells(result) if model == 3 else result.long_usd + result.short_usd
    return heatmap_tree(result, cells) | {
        "price_candlesticks": _candlesticks(source, plain, result),
        "update_time": result.head.as_of_ns // NS_PER_MS,
    }


def realised_cells(result: Heatmap) -> NDArray[np.float64]:
    """Return the realised prints binned on the heatmap's own axes, ``(T, B)`` [USD]."""
    cells = np.zeros_like(result.long_usd)
    if result.prints.is_empty():
        return cells
    column = np.searchsorted(result.times_ns, result.prints["ts_event_ns"].to_numpy())
    row = np.searchsorted(result.price_edges, result.prints["price"].to_numpy(), side="right") - 1
    inside = (column < cells.shape[0]) & (row >= 0) & (row < cells.shape[1])
    np.add.at(cells, (column[inside], row[inside]), result.prints["notional_usd"].to_numpy()[inside])
    return cells


def heatmap_tree(result: Heatmap, cells: NDArray[np.float64]) -> dict[str, Any]:
    """Return the axis and the cells that hold half a dollar or more."""
    middles = np.sqrt(result.price_edges[:-1] * result.price_edges[1:])
    prices = np.round(middles, _decimals(middles) + 2).tolist()
    x, y = np.nonzero(cells >= 0.5)
    return {
        "y_axis": prices,
        "liquidation_leverage_data": [
            [i, j, amount]
            for i, j, amount in zip(x.tolist(), y.tolist(), np.round(cells[x, y], 2).tolist(), strict=True)
        ],
    }


def _candlesticks(source: Source, request: Request, result: Heatmap) -> list[list[int | str]]:
    """Return one candle a column, time in seconds, the rest as text; a column without a price repeats the close before."""
    length = int(result.times_ns[1] - result.times_ns[0]) if len(result.times_ns) > 1 else request.window_ns
    edges = np.append(result.times_ns[:1] - length, result.times_ns)
    by_end = {int(row["ts_close_ns"]): row for row in result.candles.iter_rows(named=True)}
    last = float(result.candles["open"][0]) if result.candles.height else result.head.price
    prices = np.empty((len(result.times_ns), 4))
    for i, moment in enumerate(result.times_ns.tolist()):
        row = by_end.get(moment)
        prices[i] = [row[name] for name in ("open", "high", "low", "close")] if row else last
        last = prices[i, 3]
    every = np.arange(len(prices))
    volume = sum(turnover(one, edges, every, prices[:, 3]) for one in source.recordings(request))
    return [
        [start // NS_PER_S, *(f"{price:.10g}" for price in row), f"{usd:.4f}"]
        for start, row, usd in zip(
            edges[:-1].tolist(), prices.tolist(), np.broadcast_to(volume, len(prices)), strict=True
        )
    ]


def pain_list(source: Source, window_ns: int, *, documented: bool = False) -> list[dict[str, Any]]:
    """Return ``/max-pain``: one row for every coin whose map can be made; the others are left out."""
    rows = []
    for coin in source.assets():
        try:
            rows.append(max_pain(source.map(coin_request(coin, window_ns)), documented=documented))
        except LiqAtlasError:  # no open interest, no margin tiers: no level is known
            continue
    return rows


def max_pain(result: LiquidationMap, *, documented: bool = False) -> dict[str, Any]:
    """Return the heaviest level of each side.

    Parameters
    ----------
    documented
        The interface's printed sample puts the long peak above the price; its own site puts it below, where longs are
        liquidated. Ours is below unless this asks for the sample's orientation.
    """
    names = ("short", "long") if documented else ("long", "short")
    out: dict[str, Any] = {"symbol": result.head.asset, "price": result.head.price}
    for name, usd in zip(names, (result.long_usd, result.short_usd), strict=True):
        at = int(np.argmax(usd)) if usd.size else 0
        out[f"{name}_max_pain_liq_level"] = round(float(usd[at]), 2) if usd.size else 0.0
        out[f"{name}_max_pain_liq_price"] = float(f"{result.price_mid[at]:.10g}") if usd.size else 0.0
    return out
