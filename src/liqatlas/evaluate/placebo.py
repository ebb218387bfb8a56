"""Maps that must lose: an old map drawn round the present price, and a map with its sides exchanged.

A map enters as its profile: mass within each distance of the hour's opening mark, per position (and per bucket).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from liqatlas.base.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def mass_within(
    profile: NDArray[np.float64], distance: NDArray[np.float64], depth: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Read each hour's profile at its own depth, linear between the distances.

    Parameters
    ----------
    profile
        float64, shape ``(n, 2, K, D)``: mass within ``distance[d]`` of the opening mark; not decreasing along ``d``.
    distance
        float64, shape ``(D,)``, ascending from 0 [log price].
    depth
        float64, shape ``(n, 2)``, >= 0 [log price]; beyond the last distance the last mass holds.

    Returns
    -------
    NDArray[np.float64]
        Shape ``(n, 2, K)``, unit of the profile.

    Raises
    ------
    InputError
        If shapes do not agree, distances do not ascend from 0 or a depth is negative.
    """
    n, positions, _, points = profile.shape
    if distance.shape != (points,) or depth.shape != (n, positions):
        raise InputError(
            f"profile {profile.shape} wants {points} distances and depths of shape {(n, positions)}; "
            f"got {distance.shape} and {depth.shape}"
        )
    if distance[0] != 0 or not bool(np.all(np.diff(distance) > 0)):
        raise InputError("distances must ascend strictly from 0")
    if not bool(np.all(depth >= 0)):
        raise InputError("depths must not be negative: a map is read outward from the price")
    reach = np.minimum(depth, distance[-1])
    left = np.minimum(np.searchsorted(distance, reach, side="right") - 1, points - 2)
    share = (reach - distance[left]) / (distance[left + 1] - distance[left])
    row, position = np.arange(n)[:, None], np.arange(positions)[None, :]
    near = profile[row, position, :, left].astype(np.float64)
    far = profile[row, position, :, left + 1].astype(np.float64)
    read: NDArray[np.float64] = near + (far - near) * share[:, :, None]
    return read


def shifted_profile(profile: NDArray[np.float64], hours: int = 168) -> NDArray[np.float64]:
    """Return each hour's profile of ``hours`` earlier, still measured from the price of then: re-centred by reading.

    The first ``hours`` rows get the first profile.

    Raises
    ------
    InputError
        If the shift is not inside the table.
    """
    if not 0 < hours < len(profile):
        raise InputError(f"a shift of {hours} h does not fit into {len(profile)} hours")
    return np.concatenate([np.repeat(profile[:1], hours, axis=0), profile[:-hours]])


def mirrored_profile(profile: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the profile with longs and shorts exchanged."""
    return profile[:, ::-1]
