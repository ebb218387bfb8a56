"""Random numbers by counter: the same (seed, run, venue, cell, draw) gives the same number on any worker, in any order.

A 32-bit integer mixer over int64 arithmetic that never overflows, so that compiled and plain Python agree.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from liqatlas.base.jit import bare_inline, bare_kernel

_MASK = 0xFFFFFFFF
_NORMAL = np.array([NormalDist().inv_cdf((i + 0.5) / 4096) for i in range(4096)])
#: Above this mean, a compound Poisson sum is drawn from a log-normal with its mean and variance.
MANY = 24.0


@bare_inline
def mix(x: int) -> int:
    """Return a 32-bit hash of a 32-bit number; every input bit reaches every output bit."""
    x = (x ^ (x >> 16)) & _MASK
    x = (x * 0x7FEB352D) & _MASK
    x = x ^ (x >> 15)
    # 0x846CA68B is above 2^31: in two halves the product stays inside int64
    x = ((x & 0xFFFF) * 0x846CA68B + ((((x >> 16) * 0x846CA68B) & 0xFFFF) << 16)) & _MASK
    return x ^ (x >> 16)


@bare_inline
def key_of(seed: int, run: int, stream: int) -> int:
    """Return the key of one run and stream."""
    return mix(mix(mix(seed & _MASK) ^ ((seed >> 32) & _MASK) ^ 0x3C6EF372) ^ mix(run + 1)) ^ mix(
        stream + 0x1000193
    )


@bare_inline
def uniform(key: int, cell: int, draw: int) -> float:
    """Return a uniform number inside (0, 1)."""
    return (mix(mix(key ^ ((cell * 0x9E37 + 0x79B9) & _MASK)) ^ mix(draw + 0x51ED)) + 0.5) / 4294967296.0


@bare_inline
def normal(key: int, cell: int, draw: int) -> float:
    """Return a standard normal number: one of 4096 equally likely quantiles, the outermost at ±3.7."""
    return float(_NORMAL[int(uniform(key, cell, draw) * 4096)])


@bare_inline
def spread_of(mean: float, size: float, square: float) -> float:
    """Return sigma of the log-normal that stands for a sum of many sizes, -1 where they are few."""
    if size <= 0.0 or mean <= MANY * size:
        return -1.0
    return math.sqrt(math.log1p(square * size / mean))


@bare_kernel
def compound_poisson(mean: float, size: float, law: tuple[float, np.ndarray], key: int, cell: int) -> float:
    """Return the sum of a Poisson number of random sizes.

    Parameters
    ----------
    mean
        Expected sum [USD].
    size
        Mean of one size [USD]; 0 returns the mean itself.
    law
        :func:`spread_of` the same; and float64 ``(T,)``, sizes over their mean, equally likely: ``[1.0]`` makes all alike.
    """
    spread, sizes = law
    if size <= 0.0 or mean <= 0.0:
        return mean
    if spread >= 0.0:
        return mean * math.exp(spread * (normal(key, cell, 0) - 0.5 * spread))
    expected = mean / size
    u = uniform(key, cell, 0)
    probability = math.exp(-expected)
    running, count = probability, 0
    while u > running and count < 200:
        count += 1
        probability *= expected / count
        running += probability
    total = 0.0
    for i in range(count):
        total += sizes[int(uniform(key, cell, i + 2) * len(sizes))]
    return total * size
