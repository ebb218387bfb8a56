"""What a feed that keeps one print per symbol and second leaves out, estimated from the seconds it fills.

Of ``S`` seconds ``K`` hold a print. Where events come as a Poisson stream of rate λ a second, a second holds one with probability
``1 - exp(-λ)``, so that ``λ = -ln(1 - K / S)`` and each print kept stands for ``λ S / K`` events. Events that come in bursts within
the minute make the estimate too low; sizes are taken to be the same for kept and left-out prints. How much both matter is measured by
thinning a complete feed in the same way: :func:`kept_by_thinning`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.clock import NS_PER_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Seconds over which the rate is taken as even.
STRETCH_S = 60
#: Prints of a complete feed that are enough to judge the estimate by.
ENOUGH = 100


def events_per_print(occupied: NDArray[np.int64], seconds: int = STRETCH_S) -> NDArray[np.float64]:
    """Return ``-ln(1 - K / S) S / K``; a full stretch counts as half a second short of full.

    Parameters
    ----------
    occupied
        int64: seconds that hold a print, 1 to ``seconds``.
    """
    share = np.minimum(occupied, seconds - 0.5) / seconds
    return np.asarray(-np.log1p(-share) * seconds / occupied)


def corrected(ts_ns: NDArray[np.int64], usd: NDArray[np.float64]) -> float:
    """Return the total of one symbol's prints of a feed thinned to one a second, with what it left out [USD].

    Parameters
    ----------
    ts_ns, usd
        int64 and float64 ``(n,)``, sorted by time.
    """
    if not len(ts_ns):
        return 0.0
    seconds = ts_ns // NS_PER_S
    stretch, index = np.unique(seconds // STRETCH_S, return_inverse=True)
    occupied = np.bincount(np.unique(np.stack((index, seconds)), axis=1)[0], minlength=len(stretch))
    return float(np.sum(np.bincount(index, weights=usd) * events_per_print(occupied)))


def thinned(ts_ns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which prints a feed keeps that gives the last of each second."""
    seconds = ts_ns // NS_PER_S
    return np.append(seconds[1:] != seconds[:-1], True)[: len(ts_ns)]


def kept_by_thinning(ts_ns: NDArray[np.int64], usd: NDArray[np.float64]) -> float | None:
    """Return the share of a complete feed's total that remains after thinning and correcting it, ``None`` of too few prints."""
    if len(ts_ns) < ENOUGH or not usd.sum() > 0:
        return None
    kept = thinned(ts_ns)
    return corrected(ts_ns[kept], usd[kept]) / float(usd.sum())
