"""The estimator's engine as plain loops over parcels: no state arrays, no scales, no near and far bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise


@dataclass
class Parcel:
    """A sliver of one bin of one bucket: how much, of which hour, at which middle log price."""

    position: int
    bucket: int
    middle: float
    coins: float
    hour: int


def responses(
    legs: list[tuple[int, float, float, float, float]],
    edges: list[float],
    hazard: list[float],
    widths: list[float],
    *,
    points: int,
) -> tuple[dict[tuple[int, int, int], float], dict[tuple[int, int, int], float], list[Parcel]]:
    """Return what each hour touched by (hour, position, bucket), its part opened in the hour, and what is left [quote].

    A leg is (hour, log begin, log end, coins opened per position, share of open interest closed per position).
    """
    parcels: list[Parcel] = []
    touched: dict[tuple[int, int, int], float] = {}
    fresh: dict[tuple[int, int, int], float] = {}
    for hour, begin, end, opened, closed in legs:
        for parcel in parcels:
            parcel.coins *= math.exp(-hazard[parcel.bucket] * closed)
        for position in (0, 1):
            for bucket, (near, far) in enumerate(pairwise(edges)):
                for j in range(points):
                    entry = begin + (end - begin) * (j + 0.5) / points
                    low = entry + (math.log(1 - far) if position == 0 else math.log(1 + near))
                    high = entry + (math.log(1 - near) if position == 0 else math.log(1 + far))
                    width = widths[bucket]
                    number = math.floor(low / width)
                    while number * width < high:
                        left, right = max(low, number * width), min(high, (number + 1) * width)
                        share = (right - left) / (high - low)
                        parcels.append(
                            Parcel(position, bucket, (number + 0.5) * width, opened * share / points, hour)
                        )
                        number += 1
        left_over = []
        for parcel in parcels:
            gone = (parcel.position == 0 and end <= begin and parcel.middle >= end) or (
                parcel.position == 1 and end >= begin and parcel.middle <= end
            )
            if not gone:
                left_over.append(parcel)
                continue
            key = (hour, parcel.position, parcel.bucket)
            value = parcel.coins * math.exp(parcel.middle)
            touched[key] = touched.get(key, 0.0) + value
            if parcel.hour == hour:
                fresh[key] = fresh.get(key, 0.0) + value
        parcels = left_over
    return touched, fresh, parcels
