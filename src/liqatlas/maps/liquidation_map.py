"""The liquidation map: USD per venue, leverage band, position and price bin, as of one moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from liqatlas.base.errors import InputError
from liqatlas.maps.head import LONG, SHORT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.maps.head import Head
    from liqatlas.maps.posterior import Posterior


@dataclass(frozen=True, slots=True)
class LeverageBand:
    """Levels whose distance corresponds to a leverage in ``[low, high)``."""

    label: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Cumulative:
    """USD liquidated on the way from the price to each edge, outward on each side.

    Attributes
    ----------
    price
        float64, shape ``(B + 1,)``: the bin edges, ascending [quote].
    long_usd, short_usd
        float64, shape ``(B + 1,)`` [USD]. ``long_usd`` counts long levels at or above the edge and is zero above all long
        levels; ``short_usd`` counts short levels below the edge.
    """

    price: NDArray[np.float64]
    long_usd: NDArray[np.float64]
    short_usd: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CumulativeBand:
    """Where both cumulative curves lie, given what the calibration does not know.

    Attributes
    ----------
    share
        Posterior mass of the band at each price.
    price
        float64, shape ``(P,)``, ascending [quote].
    long_low, long_high, short_low, short_high
        float64, shape ``(P,)`` [USD].
    """

    share: float
    price: NDArray[np.float64]
    long_low: NDArray[np.float64]
    long_high: NDArray[np.float64]
    short_low: NDArray[np.float64]
    short_high: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LiquidationMap:
    """Amounts that are closed by force where the mark price reaches a level.

    Attributes
    ----------
    head
        What, when, from which data, by which model.
    price_edges
        float64, shape ``(B + 1,)``, ascending [quote of the reference].
    bands
        Leverage bands, highest leverage first; length ``L``.
    usd
        float64, shape ``(V, L, 2, B)``: instrument (as in ``head.venues``), band, position (0 long, 1 short), bin [USD].
    cumulative_band
        Of the whole map; absent where nothing is calibrated or a part was selected.
    posterior
        Draws of the map on its own bins; absent where nothing is calibrated, a part was selected or the bins changed.
    """

    head: Head
    price_edges: NDArray[np.float64]
    bands: tuple[LeverageBand, ...]
    usd: NDArray[np.float64]
    cumulative_band: CumulativeBand | None = None
    posterior: Posterior | None = None

    def __post_init__(self) -> None:
        wanted = (len(self.head.venues), len(self.bands), 2, len(self.price_edges) - 1)
        if self.usd.shape != wanted:
            raise InputError(f"usd has shape {self.usd.shape}; venues x bands x 2 x bins is {wanted}")

    @property
    def price_mid(self) -> NDArray[np.float64]:
        """Geometric middle of each bin, shape ``(B,)``."""
        return np.sqrt(self.price_edges[:-1] * self.price_edges[1:])

    @property
    def long_usd(self) -> NDArray[np.float64]:
        """Long levels per bin over all venues and bands, shape ``(B,)`` [USD]."""
        return np.asarray(self.usd[:, :, LONG].sum(axis=(0, 1)))

    @property
    def short_usd(self) -> NDArray[np.float64]:
        """Short levels per bin over all venues and bands, shape ``(B,)`` [USD]."""
        return np.asarray(self.usd[:, :, SHORT].sum(axis=(0, 1)))

    def by_venue(self) -> dict[str, NDArray[np.float64]]:
        """Return ``{venue: (2, B)}``, instruments of one venue together [USD]."""
        out: dict[str, NDArray[np.float64]] = {}
        for info, amounts in zip(self.head.venues, self.usd.sum(axis=1), strict=True):
            out[info.venue] = out[info.venue] + amounts if info.venue in out else amounts
        return out

    def by_leverage(self) -> dict[str, NDArray[np.float64]]:
        """Return ``{band label: (2, B)}`` over all venues [USD]."""
        return {band.label: self.usd[:, i].sum(axis=0) for i, band in enumerate(self.bands)}

    def cumulative(self) -> Cumulative:
        """Return both cumulative curves, outward from the price; the last values are the side totals."""
        long_curve = np.concatenate((np.cumsum(self.long_usd[::-1])[::-1], [0.0]))
        short_curve = np.concatenate(([0.0], np.cumsum(self.short_usd)))
        return Cumulative(self.price_edges, long_curve, short_curve)

    def to(self, price: float) -> dict[str, tuple[float, float]]:
        """Return USD of (longs, shorts) liquidated on the way to a price, per venue and for ``all``.

        A bin that holds the price counts in proportion to the log-price part travelled.
        """
        edges = np.log(self.price_edges)
        at = np.log(price)
        travelled_long = np.clip((edges[1:] - at) / np.diff(edges), 0.0, 1.0)
        travelled_short = np.clip((at - edges[:-1]) / np.diff(edges), 0.0, 1.0)
        out = {
            venue: (float(amounts[LONG] @ travelled_long), float(amounts[SHORT] @ travelled_short))
            for venue, amounts in self.by_venue().items()
        }
        return {"all": (sum(v[0] for v in out.values()), sum(v[1] for v in out.values())), **out}

    def select(
        self, *, venues: tuple[str, ...] | None = None, leverage: tuple[float, float] | None = None
    ) -> LiquidationMap:
        """Return the part of the map on some venues or inside a leverage range.

        Raises
        ------
        InputError
            If nothing remains; names what is there.
        """
        keep_venue = [i for i, v in enumerate(self.head.venues) if venues is None or v.venue in venues]
        keep_band = [
            i
            for i, b in enumerate(self.bands)
            if leverage is None or (b.high > leverage[0] and b.low < leverage[1])
        ]
        if not keep_venue:
            raise InputError(
                f"no venue {', '.join(venues or ())} in this map; it holds {', '.join(self.by_venue())}"
            )
        if not keep_band:
            raise InputError(
                f"no leverage {leverage} in this map; it holds {', '.join(b.label for b in self.bands)}"
            )
        return LiquidationMap(
            replace(self.head, venues=tuple(self.head.venues[i] for i in keep_venue)),
            self.price_edges,
            tuple(self.bands[i] for i in keep_band),
            self.usd[np.ix_(keep_venue, keep_band)],
        )

    def rebin(self, edges: NDArray[np.float64]) -> LiquidationMap:
        """Return the map on other price edges; mass inside a bin is spread evenly in log price.

        Mass outside the new edges is left out, so totals can shrink where the new range is narrower.
        """
        old, new = np.log(self.price_edges), np.log(edges)
        left_out = np.zeros((*self.usd.shape[:-1], 1))
        running = np.concatenate((left_out, np.cumsum(self.usd, axis=-1)), axis=-1)
        position = np.interp(new, old, np.arange(len(old), dtype=np.float64))
        lower = np.minimum(position.astype(np.int64), self.usd.shape[-1] - 1)
        part = position - lower
        at_edges = running[..., lower] + part * self.usd[..., lower]
        return LiquidationMap(
            self.head, edges, self.bands, np.maximum(np.diff(at_edges, axis=-1), 0.0), self.cumulative_band
        )

    def to_polars(self) -> pl.DataFrame:
        """Return one row per venue, symbol, band, position and bin that holds mass [USD]."""
        where = np.nonzero(self.usd)
        venues, bands = self.head.venues, self.bands
        return pl.DataFrame(
            {
                "venue": [venues[i].venue for i in where[0]],
                "symbol": [venues[i].symbol for i in where[0]],
                "leverage": [bands[i].label for i in where[1]],
                "position": pl.Series(
                    np.array(["long", "short"])[where[2]], dtype=pl.Enum(["long", "short"])
                ),
                "price_low": self.price_edges[where[3]],
                "price_high": self.price_edges[where[3] + 1],
                "usd": self.usd[where],
            },
            schema_overrides={"venue": pl.String, "symbol": pl.String, "leverage": pl.String},
        )

    def to_json(self) -> bytes:
        """Return the map as UTF-8 JSON in the documented schema, every bin as it is."""
        import orjson

        from liqatlas.maps.serialise import map_tree

        return orjson.dumps(map_tree(self))
