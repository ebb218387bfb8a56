"""Hand-made maps and recordings for the tests of signals and reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from liqatlas.base import schemas
from liqatlas.base.clock import HOUR_NS
from liqatlas.base.instruments import Instrument
from liqatlas.base.recording import Recording
from liqatlas.maps.head import Head, ModelInfo, VenueInfo
from liqatlas.maps.liquidation_map import LeverageBand, LiquidationMap

AS_OF = 1_770_000_000_000_000_000
BANDS = (LeverageBand("25x+", 25.0, float("inf")), LeverageBand("<25x", 0.0, 25.0))
Density = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def hill(centre: float, width: float, usd: float) -> Density:
    """Return a Gaussian hill of mass over log price relative to the price."""
    return lambda x: usd / (width * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((x - centre) / width) ** 2)


def make_map(
    densities: Sequence[Density],
    *,
    price: float = 100.0,
    step: float = 0.0005,
    shift: float = 0.0,
    reach: float = 0.4,
    venues: Sequence[str] = ("binance",),
    asset: str = "ABC",
    simulated: bool = False,
) -> LiquidationMap:
    """Return a map whose density over x = ln(p / price) is the sum of some; x < 0 are longs, x > 0 shorts.

    The mass of a bin is the exact integral over it (on a fine grid), so that maps of different bins hold the same truth.
    """
    fine = np.linspace(-reach - 0.02, reach + 0.02, 40_001)
    total = np.sum([d(fine) for d in densities], axis=0) if densities else np.zeros_like(fine)
    running = np.concatenate(([0.0], np.cumsum((total[1:] + total[:-1]) / 2 * np.diff(fine))))
    x = np.arange(-reach + shift, reach + shift + step / 2, step)
    at = np.interp(x, fine, running)
    zero = float(np.interp(0.0, fine, running))
    long_mass = np.diff(np.minimum(at, zero))
    short_mass = np.diff(np.maximum(at, zero))
    usd = np.zeros((len(venues), 2, 2, len(x) - 1))
    for v in range(len(venues)):
        share = (2.0 if v == 0 else 1.0) / (len(venues) + 1)
        for band, part in enumerate((0.75, 0.25)):
            usd[v, band, 0], usd[v, band, 1] = long_mass * share * part, short_mass * share * part
    return LiquidationMap(
        head(price, venues, asset=asset, simulated=simulated), price * np.exp(x), BANDS, usd
    )


def head(price: float, venues: Sequence[str], *, asset: str = "ABC", simulated: bool = False) -> Head:
    infos = tuple(
        VenueInfo(v, f"{asset}USDT", price, "mark sample", 1e9 / len(venues), AS_OF) for v in venues
    )
    return Head(
        asset=asset,
        kind="modelled",
        quantity="outstanding",
        as_of_ns=AS_OF,
        window_ns=7 * 24 * HOUR_NS,
        price=price,
        reference=f"{venues[0]}:{asset}USDT mark sample",
        open_interest_usd=1e9,
        venues=infos,
        model=ModelInfo("test", "1", "uncalibrated prior"),
        simulated=simulated,
    )


def recording(
    prices: Sequence[float],
    *,
    step_ns: int = HOUR_NS,
    open_interest: Sequence[float] | None = None,
    funding: Sequence[float] | None = None,
    liquidated: Sequence[tuple[int, float, float]] = (),
    prints: Sequence[tuple[int, str, float, float]] = (),
    venue: str = "binance",
    asset: str = "ABC",
) -> Recording:
    """Return marks every ``step_ns`` that end at ``AS_OF``; rows of the other tables count steps back from the end.

    ``liquidated`` are hourly totals (hours back, long USD, short USD), ``prints`` are (hours back, position, price, USD).
    """
    moments = AS_OF - step_ns * np.arange(len(prices) - 1, -1, -1, dtype=np.int64)
    marks = pl.DataFrame({"ts_event_ns": moments, "mark_price": np.asarray(prices, dtype=np.float64)})
    tables = {"marks": schemas.MARKS.conform(marks)}
    if open_interest is not None:
        oi = np.asarray(open_interest, dtype=np.float64)
        at = moments[-len(oi) :]
        tables["open_interest"] = schemas.OPEN_INTEREST.conform(
            pl.DataFrame({"ts_event_ns": at, "oi_native": oi, "oi_published": oi, "oi_usd": oi * prices[-1]})
        )
    if funding is not None:
        rate = np.asarray(funding, dtype=np.float64)
        at = AS_OF - 8 * HOUR_NS * np.arange(len(rate) - 1, -1, -1, dtype=np.int64)
        tables["funding"] = schemas.FUNDING.conform(
            pl.DataFrame({"ts_event_ns": at, "funding_rate": rate, "interval_h": 8.0, "settled": True})
        )
    if liquidated:
        rows = sorted(liquidated, key=lambda r: -r[0])
        close = np.array([AS_OF - r[0] * HOUR_NS for r in rows], dtype=np.int64)
        tables["liquidation_bars"] = schemas.LIQUIDATION_BARS.conform(
            pl.DataFrame(
                {
                    "ts_open_ns": close - HOUR_NS,
                    "ts_close_ns": close,
                    "long_usd": [r[1] for r in rows],
                    "short_usd": [r[2] for r in rows],
                },
                schema_overrides={"long_usd": pl.Float64, "short_usd": pl.Float64},
            )
        )
    if prints:
        rows_p = sorted(prints, key=lambda r: -r[0])
        tables["liquidations"] = schemas.LIQUIDATIONS.conform(
            pl.DataFrame(
                {
                    "ts_event_ns": [AS_OF - r[0] * HOUR_NS for r in rows_p],
                    "liquidated": [r[1] for r in rows_p],
                    "price": [r[2] for r in rows_p],
                    "price_kind": [PRINT_KIND] * len(rows_p),
                    "qty_native": [r[3] / r[2] for r in rows_p],
                    "notional_usd": [r[3] for r in rows_p],
                }
            )
        )
    return Recording(Instrument(venue, f"{asset}USDT", asset), **tables)  # type: ignore[arg-type]


PRINT_KIND = str(schemas.PRINT_PRICE_KIND.categories[0])
