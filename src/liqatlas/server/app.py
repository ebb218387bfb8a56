"""The application: routes, page, stream and compatible routes behind one guard."""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from litestar import Litestar, Response, get
from litestar import Request as HttpRequest
from litestar.config.response_cache import ResponseCacheConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import License

from liqatlas import __version__
from liqatlas.base.errors import LiqAtlasError
from liqatlas.server import routes_map, routes_models, routes_rows
from liqatlas.server.encoding import encode
from liqatlas.server.guard import Guard, GuardRules
from liqatlas.server.heads import with_head
from liqatlas.server.metrics import Metrics
from liqatlas.server.page import load_page, page_routes
from liqatlas.server.parameters import make_request, make_span
from liqatlas.server.problems import MEDIA_TYPE, Refused, encode_problem, make_problem, problem_of
from liqatlas.server.service import Service
from liqatlas.server.stream import Stream, StreamRules

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from liqatlas.flows.serving import Source

LOG = logging.getLogger("liqatlas.server")
Http = HttpRequest[Any, Any, Any]
STREAM_PATH = "/ws/v1/stream"


@dataclass(slots=True)
class Application:
    """The ASGI application and what runs it looks at."""

    asgi: Callable[..., Awaitable[None]]
    service: Service
    stream: Stream
    metrics: Metrics


def make_application(
    source: Source, rules: GuardRules | None = None, stream_rules: StreamRules | None = None
) -> Application:
    """Return the application that serves a source."""
    service = Service(source)
    metrics = Metrics()
    stream = Stream(source, stream_rules or StreamRules())
    metrics.more += [stream.metrics_text, *source.more_metrics]
    guard_rules = rules or GuardRules()
    litestar = _litestar(service, metrics, guard_rules)

    async def inner(
        scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        if scope["type"] == "websocket" and scope["path"] == STREAM_PATH:
            await stream.serve(scope, receive, send)
        else:
            await litestar(scope, receive, send)  # type: ignore[arg-type]

    return Application(Guard(with_head(inner), guard_rules, metrics), service, stream, metrics)


def _litestar(service: Service, metrics: Metrics, rules: GuardRules) -> Litestar:
    @get("/healthz", operation_id="getHealthz", summary="Whether the process answers", tags=["upkeep"])
    async def healthz() -> dict[str, str]:
        """Return that the process answers."""
        return {"status": "ok"}

    @get(
        "/readyz",
        operation_id="getReadyz",
        summary="Whether kernels are warm and data are there",
        tags=["upkeep"],
    )
    async def readyz() -> Response[dict[str, str]]:
        """Return 200 once the first map can be served at once, 503 before."""
        if service.ready:
            return Response({"status": "ready"})
        return Response({"status": "starting", "waits_for": service.waits_for}, status_code=503)

    @get(
        "/metrics",
        operation_id="getMetrics",
        summary="Counters for Prometheus",
        tags=["upkeep"],
        media_type="text/plain",
    )
    async def metrics_(request: Http) -> Response[str]:
        """Return counters in Prometheus' text format."""
        del request
        return Response(metrics.text(service), media_type="text/plain; version=0.0.4")

    @get("/openapi.json", include_in_schema=False)
    async def openapi(request: Http) -> Response[bytes]:
        """Return the description of this interface."""
        return await service.plain(request, "openapi", lambda: encode(request.app.openapi_schema.to_schema()))

    async def give_service() -> Service:
        return service

    routes: list[Any] = [
        healthz,
        readyz,
        metrics_,
        openapi,
        *routes_map.ROUTES,
        *routes_rows.ROUTES,
        *routes_models.ROUTES,
        *page_routes(load_page()),
    ]
    if importlib.util.find_spec("liqatlas.server.coinglass") is not None:
        module = importlib.import_module("liqatlas.server.coinglass")
        routes.append(module.coinglass_router(service.source, rules.keys))
    return Litestar(
        routes,
        dependencies={
            "service": Provide(give_service),
            "wanted": Provide(make_request, sync_to_thread=False),
            "span": Provide(make_span, sync_to_thread=False),
        },
        exception_handlers={
            LiqAtlasError: _on_error,
            Refused: _on_error,
            HTTPException: _on_http_error,
            Exception: _on_fault,
        },
        openapi_config=OpenAPIConfig(
            title="liqatlas",
            version=__version__,
            license=License(name="Apache-2.0", identifier="Apache-2.0"),
            description="Liquidation maps of crypto derivatives: exact rules, stated units, measured accuracy.",
            path="/v1/openapi",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            use_handler_docstrings=True,
        ),
        response_cache_config=ResponseCacheConfig(default_expiration=None),
        logging_config=None,
        debug=False,
        signature_types=[Service],
    )


def _on_error(http: Http, error: Exception) -> Response[bytes]:
    return _problem_response(http, problem_of(error, http.url.path))


def _on_http_error(http: Http, error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses: a parameter that fails its pattern, an unknown path, a wrong method."""
    detail = error.detail or HTTPStatus(error.status_code).phrase
    if error.status_code in {404, 405}:
        detail = f"{http.method} {http.url.path[:200]} is not offered here: see /openapi.json"
    extra = getattr(error, "extra", None)
    if isinstance(extra, list):
        parts = [
            f"{one.get('key', 'body')}: {one.get('message', '')}" for one in extra if isinstance(one, dict)
        ]
        detail = "; ".join(parts) or detail
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _on_fault(http, error)
    problem = make_problem(error.status_code, detail[:1_000], http.url.path)
    response = _problem_response(http, problem)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _on_fault(http: Http, error: Exception) -> Response[bytes]:
    LOG.error("a fault while answering %s", http.url.path, exc_info=error)
    return _problem_response(http, problem_of(error, http.url.path))


def _problem_response(http: Http, problem: Any) -> Response[bytes]:
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    del http
    return Response(
        encode_problem(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers
    )
