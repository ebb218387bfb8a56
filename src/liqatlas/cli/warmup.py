"""``liqatlas warmup``: compile the kernels now."""

from __future__ import annotations

import time

from liqatlas.cli.output import progress_bar, say
from liqatlas.flows.build import compile_first


def warmup() -> int:
    """Compile the kernels now, so that no later command waits for it."""
    started = time.perf_counter()
    with progress_bar() as progress:
        compile_first(progress)
    say(f"kernels are ready ({time.perf_counter() - started:.1f} s)")
    return 0
