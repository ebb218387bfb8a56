"""Sealed segments: a closed hour, day or month as the sparse arrays it rests as, and its way back into a level state.

What rests is the state itself (amounts and scale apart), not their product: composing it again repeats the operations of the
first fold, so that a map from stored segments has the same bits as one from all bars.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from liqatlas.base.clock import DAY_NS, HOUR_NS
from liqatlas.levels import kernels_sealed
from liqatlas.levels.segment import UNTOUCHED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from liqatlas.levels import kernels

#: ``ever``: everything up to the end of a month; it rests under that month.
SealedLevel = Literal["hour", "day", "month", "ever"]


@dataclass(frozen=True, slots=True, eq=False)
class SealedSegment:
    """One closed stretch of an instrument's history.

    Attributes
    ----------
    level, start_ns, end_ns
        Which stretch ``[start_ns, end_ns)``: a whole UTC hour, day or month; ``ever`` has the month it ends with.
    low, high
        Lowest and highest bin the mark touched, :data:`~liqatlas.levels.segment.UNTOUCHED` where nothing was.
    factors
        float64 ``(3, 2, K + 1)``: closing factors taken out of the scale, the scale, and in ``[2, :, 0]`` the unlevered amount in
        units of ``scale[:, K]``; survival is the product of the first two.
    position, bucket, bin, amount
        uint8, uint8, int32, float64 ``(n,)``: what is not zero, in units of the scale, sorted by the first three.
    """

    level: SealedLevel
    start_ns: int
    end_ns: int
    low: int
    high: int
    factors: NDArray[np.float64]
    position: NDArray[np.uint8]
    bucket: NDArray[np.uint8]
    bin: NDArray[np.int32]
    amount: NDArray[np.float64]

    @property
    def entries(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int32], NDArray[np.float64]]:
        """What is not zero, as the kernels take it."""
        return self.position, self.bucket, self.bin, self.amount

    @property
    def ids(self) -> tuple[int, int, int]:
        """Number of the last hour, day and month in it."""
        last = self.end_ns - 1
        return last // HOUR_NS, last // DAY_NS, _month_of(last // DAY_NS)

    def bin_range(self) -> tuple[int, int] | None:
        """Return the lowest bin and the highest plus one that hold anything, ``None`` where nothing does."""
        return (int(self.bin.min()), int(self.bin.max()) + 1) if len(self.bin) else None


@lru_cache(maxsize=1 << 12)
def _month_of(day: int) -> int:
    """Return the number of a day's month since 1970; a map asks for the same few hundred days again and again."""
    return int(np.datetime64(day, "D").astype("datetime64[M]").astype(np.int64))


def stretch(level: SealedLevel, number: int) -> tuple[int, int]:
    """Return ``[start, end)`` [ns] of an hour, day or month (``ever``: of its last month) by its number since 1970."""
    if level == "hour":
        return number * HOUR_NS, (number + 1) * HOUR_NS
    if level == "day":
        return number * DAY_NS, (number + 1) * DAY_NS
    months = np.array((number, number + 1), "datetime64[M]").astype("datetime64[ns]").astype(np.int64)
    return int(months[0]), int(months[1])


def seal(level: SealedLevel, number: int, state: kernels.State, origin: int) -> SealedSegment:
    """Return a state, with nothing pending, as a sealed segment; the state stays as it is."""
    position, bucket, where = np.nonzero(state.stock)
    touched = state.reach[1] >= state.reach[0]
    low, high = (int(state.reach[0]) + origin, int(state.reach[1]) + origin) if touched else UNTOUCHED
    factors = np.stack((state.rebased, state.scale, np.zeros_like(state.scale)))
    factors[2, :, 0] = state.unlevered
    return SealedSegment(
        level,
        *stretch(level, number),
        low,
        high,
        factors,
        position.astype(np.uint8),
        bucket.astype(np.uint8),
        (where + origin).astype(np.int32),
        state.stock[position, bucket, where],
    )


def load(sealed: SealedSegment, state: kernels.State, origin: int) -> None:
    """Write a sealed segment into a cleared state whose window holds it."""
    kernels_sealed.load_sealed(state, sealed.factors, (sealed.low, sealed.high), sealed.entries, origin)


def absorb(state: kernels.State, sealed: SealedSegment, offsets: kernels.Offsets, origin: int) -> None:
    """Compose a later sealed segment into a state whose window holds it."""
    condensed = (sealed.factors, (sealed.low, sealed.high))
    kernels_sealed.absorb_sealed(state, offsets, condensed, sealed.entries, origin)
