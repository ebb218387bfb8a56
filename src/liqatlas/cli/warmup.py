"""``liqatlas warmup``: compile the kernels now."""

from __future__ import annotations

import time

from liqatlas.cli.output import reporting, say
from liqatlas.flows.build import compile_kernels
from liqatlas.flows.cascade import compile_cascade


def warmup() -> int:
    """Compile the kernels now, so that no later command waits for it."""
    started = time.perf_counter()
    with reporting() as reporter:
        compile_kernels(reporter)
        compile_cascade(reporter)
    say(f"kernels are ready ({time.perf_counter() - started:.1f} s)")
    return 0
