"""Rooms whose name is also a verb of the Python face: ``lq.plot(m)`` calls, ``liqatlas.plot.theme`` is still a module.

The verb itself stands in ``flows.api``; it is looked up when called, so that no room depends on what lies above it.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


class CallableRoom(ModuleType):
    """A package that can be called as the verb of its name."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the verb of the Python face that has this room's name."""
        verb = getattr(importlib.import_module("liqatlas.flows.api"), self.__name__.rpartition(".")[2])
        return verb(*args, **options)


def make_callable(name: str) -> None:
    """Turn an imported package into a callable room; call it from the package's ``__init__``."""
    sys.modules[name].__class__ = CallableRoom
