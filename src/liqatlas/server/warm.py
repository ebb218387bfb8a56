"""What is made before anybody asks, so that the page opens at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from liqatlas.base.errors import LiqAtlasError
from liqatlas.flows.render import Look, render_map
from liqatlas.flows.reporter import SILENT, Reporter
from liqatlas.flows.request import Request
from liqatlas.flows.serving_heat import heatmap_bytes
from liqatlas.server.answers import Made

if TYPE_CHECKING:
    from liqatlas.server.service import Service

#: What a heatmap costs the first time is paid here too.
_COLUMNS, _ROWS = 400, 300


async def warm(service: Service, reporter: Reporter = SILENT) -> None:
    """Make the first asset's default map and heatmap as their routes do, under the keys those look for."""
    asset = service.source.assets()[0]
    request = Request(asset=asset)
    version = service.source.version(asset)
    reporter.progress(f"making the first map, {asset}", 0, 2)
    await service.answers.get(
        (("map", "json"), request),
        lambda: Made(render_map(service.source.map(request), "json", Look())),
        version=version,
    )
    reporter.progress(f"making the first heatmap, {asset}", 1, 2)
    try:
        await asyncio.to_thread(
            lambda: heatmap_bytes(service.source.heatmap(request, columns=_COLUMNS, rows=_ROWS))
        )
    except LiqAtlasError as error:
        reporter.notice(f"no first heatmap: {error}")
