"""The one way to compile a kernel: cached on disk, without the interpreter lock, without fast-math.

Import this only from modules named ``kernels``: it loads Numba (0.7 s). ``NUMBA_DISABLE_JIT=1`` runs the same code as Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")


def kernel(function: F) -> F:
    """Compile a function on its first call for each set of argument types."""
    return cast("F", numba.njit(cache=True, nogil=True, fastmath=False)(function))


def inline(function: F) -> F:
    """Compile a small function into its callers."""
    return cast("F", numba.njit(cache=True, nogil=True, fastmath=False, forceinline=True)(function))
