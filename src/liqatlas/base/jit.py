"""The one way to compile a kernel: cached on disk, without the interpreter lock, without fast-math.

Import this only from modules named ``kernels``: it loads Numba (0.7 s). ``NUMBA_DISABLE_JIT=1`` runs the same code as Python.

Compiled code lies under ``NUMBA_CACHE_DIR``, by default the ``numba`` folder of the cache (``LIQATLAS_CACHE``), in a folder
named by a fingerprint of all kernels modules and of ``base``. Numba alone looks only at the file a kernel stands in: after a
change in a function that it calls from another file, the old code would go on answering.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")

_PACKAGE = Path(__file__).parents[1]


def fingerprint(package: Path = _PACKAGE) -> str:
    """Return a short hash of every source file that compiled code can depend on."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted({*package.rglob("*kernels*.py"), *(package / "base").glob("*.py")}):
        digest.update(str(path.relative_to(package)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _cache_on_disk() -> bool:
    """Point Numba at this source's cache folder; return whether it can be written."""
    cache = Path(os.environ.get("LIQATLAS_CACHE") or "~/.cache/liqatlas").expanduser() / "numba"
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or cache) / fingerprint()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False  # a read-only home: compile anew in each process
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    return os.access(folder, os.W_OK)


_CACHED = _cache_on_disk()


def kernel(function: F) -> F:
    """Compile a function on its first call for each set of argument types."""
    return cast("F", numba.njit(cache=_CACHED, nogil=True, fastmath=False)(function))


def inline(function: F) -> F:
    """Compile a small function into its callers."""
    return cast("F", numba.njit(cache=_CACHED, nogil=True, fastmath=False, forceinline=True)(function))


#: A function compiled with this counts no references to the arrays it is handed; numba's types do not know the option.
_BARE: dict[str, Any] = {"cache": _CACHED, "nogil": True, "fastmath": False, "_nrt": False}


def bare_kernel(function: F) -> F:
    """Compile a function that allocates nothing: without reference counts, which cost more than small steps themselves.

    A function that makes an array must be a :func:`kernel`.
    """
    return cast("F", numba.njit(**_BARE)(function))


def bare_inline(function: F) -> F:
    """Compile a small function that allocates nothing into its callers, without reference counts."""
    return cast("F", numba.njit(forceinline=True, **_BARE)(function))
