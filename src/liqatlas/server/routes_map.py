"""Maps, heatmaps and what is read off them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import Request as HttpRequest
from litestar import Response, get
from litestar.params import QueryParameter

from liqatlas.flows.clusters import render_clusters
from liqatlas.flows.render import Look, render_heatmap, render_map
from liqatlas.flows.report_render import render_report
from liqatlas.flows.request import Request  # noqa: TC001  (routes are read by their annotations)
from liqatlas.flows.serving_arrow import ARROW_STREAM, map_stream
from liqatlas.flows.serving_heat import MEDIA_TYPE as HEATMAP_BYTES
from liqatlas.flows.serving_heat import heatmap_bytes
from liqatlas.flows.serving_tables import signals_tree
from liqatlas.server.answers import Made
from liqatlas.server.encoding import encode
from liqatlas.server.parameters import Wanted  # noqa: TC001  (routes are read by their annotations)
from liqatlas.server.service import Serving, problems, shape
from liqatlas.server.shapes import ClustersShape, HeatmapShape, MapShape, SignalsShape, Tree

_LOOK = Look()
_FAULTS = problems(400, 401, 403, 404, 422, 429, 503)
#: Cells of one heatmap, columns times rows.
MOST_CELLS = 1_000_000
Http = HttpRequest[Any, Any, Any]

Columns = Annotated[int, QueryParameter(description="Moments in the window.", ge=2, le=1_000)]
Rows = Annotated[int, QueryParameter(description="Price rows.", ge=2, le=1_000)]
#: A report is a document with its own pictures and style; nothing in it may run or load.
DOCUMENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"


@get(
    "/v1/map/{asset:str}",
    operation_id="getMap",
    summary="The liquidation map of an asset",
    tags=["maps"],
    responses={200: shape(MapShape, "The map."), **_FAULTS},
)
async def get_map(request: Http, service: Serving, wanted: Wanted) -> Response[bytes]:
    """Return at which prices positions would be liquidated, and how much [USD]; ``Accept`` chooses JSON or an Arrow stream."""
    if ARROW_STREAM in request.headers.get("accept", ""):
        return await service.result(
            request, wanted, ("map", "arrow"), lambda r: Made(map_stream(service.source.map(r)), ARROW_STREAM)
        )

    def make(asked: Request) -> Made:
        as_is = bool(asked.bins or asked.price_step)
        return Made(render_map(service.source.map(asked), "json", _LOOK, as_is=as_is))

    return await service.result(request, wanted, ("map", "json"), make)


@get(
    "/v1/heatmap/{asset:str}",
    operation_id="getHeatmap",
    summary="The levels over time",
    tags=["maps"],
    responses={200: shape(HeatmapShape, "The heatmap."), **_FAULTS},
)
async def get_heatmap(
    request: Http, service: Serving, wanted: Wanted, columns: Columns = 400, rows: Rows = 300
) -> Response[bytes]:
    """Return the levels over time; ``Accept: application/vnd.liqatlas.heatmap`` gives bytes for a screen."""
    kind = ("heatmap", columns, rows)
    if HEATMAP_BYTES in request.headers.get("accept", ""):
        return await service.result(
            request,
            wanted,
            (*kind, "bytes"),
            lambda r: Made(
                heatmap_bytes(service.source.heatmap(r, columns=columns, rows=rows)), HEATMAP_BYTES
            ),
        )
    return await service.result(
        request,
        wanted,
        (*kind, "json"),
        lambda r: Made(render_heatmap(service.source.heatmap(r, columns=columns, rows=rows), "json", _LOOK)),
    )


@get(
    "/v1/clusters/{asset:str}",
    operation_id="getClusters",
    summary="The zones where levels are dense",
    tags=["maps"],
    responses={200: shape(ClustersShape, "The clusters."), **_FAULTS},
)
async def get_clusters(request: Http, service: Serving, wanted: Wanted) -> Response[bytes]:
    """Return the zones of the map with distance, grades and priority, and the gaps between them."""
    return await service.result(
        request, wanted, ("clusters",), lambda r: Made(render_clusters(service.source.clusters(r), "json"))
    )


@get(
    "/v1/signals/{asset:str}",
    operation_id="getSignals",
    summary="Signals with their hit rates",
    tags=["maps"],
    responses={200: shape(SignalsShape, "The signals."), **_FAULTS},
)
async def get_signals(request: Http, service: Serving, wanted: Wanted) -> Response[bytes]:
    """Return what the map and the market say, each signal with its unit and how often it held."""
    return await service.result(
        request,
        wanted,
        ("signals",),
        lambda r: Made(encode(signals_tree(service.source.report(r)))),
        slow=True,
        keep_s=30.0,
    )


@get(
    "/v1/report/{asset:str}",
    operation_id="getReport",
    summary="The whole picture of an asset",
    tags=["maps"],
    responses={200: shape(Tree, "The report; see docs/reference/report_json.md."), **_FAULTS},
)
async def get_report(
    request: Http,
    service: Serving,
    wanted: Wanted,
    form: Annotated[
        Literal["json", "html"], QueryParameter(name="format", description="JSON or a page.")
    ] = "json",
) -> Response[bytes]:
    """Return overview, key levels, signals, scenarios, plan, changes and data quality."""

    def make(asked: Request) -> Made:
        result = service.source.report(asked)
        if form == "html":
            headers = {"Content-Security-Policy": DOCUMENT_POLICY}
            return Made(render_report(result, "html"), "text/html", headers)
        return Made(render_report(result, "json"))

    return await service.result(request, wanted, ("report", form), make, slow=True, keep_s=30.0)


ROUTES = [get_map, get_heatmap, get_clusters, get_signals, get_report]
