"""Run ``liqatlas serve`` as a process of its own, ready to be asked."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

READY_WITHIN_S = 120


@dataclass
class Served:
    """A server that runs: where it is, and its process."""

    url: str
    process: asyncio.subprocess.Process
    stderr: Path

    def log(self) -> str:
        return self.stderr.read_text()

    async def stop(self, number: int = signal.SIGTERM, limit_s: float = 20) -> int | None:
        """Stop it gracefully and return its exit code."""
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), limit_s)


def environment(tmp: Path) -> dict[str, str]:
    return {
        **os.environ, "PYTHONPATH": str(ROOT / "src"), "LIQATLAS_CACHE": str(tmp / "cache"),
        "LIQATLAS_LAKE": str(tmp / "default-lake"), "PYTHONWARNINGS": "error::RuntimeWarning",
    }  # fmt: skip


@asynccontextmanager
async def served(
    tmp: Path, *args: object, env: dict[str, str] | None = None, ready: bool = True
) -> AsyncIterator[Served]:
    """Yield a server on a free port once /readyz answers 200; what still runs at the end is killed."""
    stderr = tmp / f"serve-{time.monotonic_ns()}.err"
    with stderr.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "liqatlas", "serve", "--port", "0", *map(str, args),
            env=environment(tmp) | (env or {}), stdout=asyncio.subprocess.PIPE, stderr=file, cwd=tmp,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), READY_WITHIN_S)).decode().strip()
        assert line.startswith("http://"), stderr.read_text()
        one = Served(line.rstrip("/"), process, stderr)
        if ready:
            await until_ready(one)
        yield one
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        transport = getattr(process, "_transport", None)
        if transport is not None:
            transport.close()


async def until_ready(one: Served) -> None:
    async with aiohttp.ClientSession() as session:
        began = time.monotonic()
        while time.monotonic() - began < READY_WITHIN_S:
            assert one.process.returncode is None, one.log()
            async with session.get(f"{one.url}/readyz") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.1)
    raise AssertionError(f"not ready: {one.log()}")
