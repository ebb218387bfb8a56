"""liqatlas: open liquidation maps of crypto derivatives.

>>> import liqatlas as lq
>>> m = lq.liquidation_map("BTC", window="3d", source=lq.simulated(days=4))
>>> m.head.simulated, m.head.kind, m.head.unit
(True, 'modelled', 'USD')
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liqatlas.flows.api import (
        cascade,
        clusters,
        features,
        heatmap,
        lake,
        liquidation_map,
        maps,
        plot,
        read,
        report,
        signals,
        simulated,
        stress,
    )

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "cascade",
    "clusters",
    "features",
    "heatmap",
    "lake",
    "liquidation_map",
    "maps",
    "plot",
    "read",
    "report",
    "signals",
    "simulated",
    "stress",
]


def __getattr__(name: str) -> Any:
    """Load the Python API on first use, so that ``import liqatlas`` costs nothing."""
    if name in __all__:
        from liqatlas.flows import api

        return getattr(api, name)
    raise AttributeError(f"module 'liqatlas' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the Python API, so that it shows before its first use."""
    return sorted(__all__)
