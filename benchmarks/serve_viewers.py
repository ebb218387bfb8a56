"""What viewers cost: processor time of a server that tells many of them the price ten times a second, beside telling one.

    python -m benchmarks.serve_viewers 500 30      (viewers, seconds)

The lake is written ten times a second as in ``serve_load``; what one viewer costs is mostly the looking, which all share. The bar is a tenth
of a core for 500 viewers.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from benchmarks import serve_load

from tests.e2e.serving import served

if TYPE_CHECKING:
    from liqatlas.base.recording import Recording


async def cost(folder: Path, market: list[Recording], viewers: int, seconds: float) -> tuple[float, int]:
    """Return processor seconds of the server and messages told in that time."""
    tally, stop, quiet = serve_load.Tally(), asyncio.Event(), threading.Event()
    async with served(folder, "--lake", folder / "lake", "--sockets", 4 * viewers + 64) as one:
        writer = threading.Thread(target=serve_load.write, args=(folder / "lake", market, quiet))
        writer.start()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            tasks = [
                asyncio.create_task(
                    serve_load.view(one, session, n * serve_load.SLOW_VIEWERS + 3, tally, stop)
                )
                for n in range(viewers)
            ]
            await asyncio.sleep(5.0)
            before, told = serve_load.processor_seconds(one.process.pid), tally.messages
            await asyncio.sleep(seconds)
            spent = serve_load.processor_seconds(one.process.pid) - before, tally.messages - told
            stop.set()
            quiet.set()
            await asyncio.wait(tasks, timeout=10)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        writer.join()
        await one.stop()
    return spent


def main(viewers: int, seconds: float) -> int:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * viewers + 1024) if hard > 0 else hard, hard))
    with tempfile.TemporaryDirectory() as name:
        market = serve_load.fill(Path(name) / "lake", 2.0)
        alone, _ = asyncio.run(cost(Path(name), market, 1, seconds))
        spent, messages = asyncio.run(cost(Path(name), market, viewers, seconds))
    more = spent - alone
    rate = messages / seconds / viewers
    print(
        f"one viewer {alone / seconds:.3f} cores; {viewers} viewers at {rate:.1f} Hz {spent / seconds:.3f} cores"
    )
    print(f"viewers alone: {more / seconds:.3f} cores, {more / viewers * 60 / seconds * 1e3:.1f} ms a viewer and minute, "
          f"{more / max(messages, 1) * 1e6:.1f} us a message; at 10 Hz {more / max(messages, 1) * 10 * viewers:.3f} cores")  # fmt: skip
    return 0 if messages else 1


if __name__ == "__main__":
    given = [float(text) for text in sys.argv[1:]] or [500.0, 30.0]
    sys.exit(main(int(given[0]), given[1]))
