"""What costs more: cascades, accuracy, stress of a caller's own positions."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request as HttpRequest
from litestar import Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, QueryParameter

from liqatlas.flows.cascade import parse_depths, render_cascade
from liqatlas.flows.evaluation_text import evaluation_tree
from liqatlas.flows.render import Look
from liqatlas.flows.request import Request  # noqa: TC001  (routes are read by their annotations)
from liqatlas.flows.stress import render_stress
from liqatlas.flows.stress_market import StressRequest
from liqatlas.server.answers import Made
from liqatlas.server.encoding import encode
from liqatlas.server.parameters import Wanted  # noqa: TC001  (routes are read by their annotations)
from liqatlas.server.service import Serving, problems, shape
from liqatlas.server.shapes import Tree

_FAULTS = problems(400, 401, 403, 404, 422, 429, 503)
_LOOK = Look()
Http = HttpRequest[Any, Any, Any]
MOST_POSITIONS = 200
Number = Annotated[float, msgspec.Meta(ge=-1e15, le=1e15)]


class StressBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Positions to stress, as ``liqatlas stress --positions`` reads them (docs/reference/stress.md), and prices to use."""

    positions: Annotated[
        list[dict[str, Annotated[str, msgspec.Meta(max_length=200)] | Number | None]],
        msgspec.Meta(min_length=1, max_length=MOST_POSITIONS),
    ]
    prices: dict[str, Annotated[float, msgspec.Meta(gt=0, le=1e15)]] = {}


@get(
    "/v1/cascade/{asset:str}",
    operation_id="getCascade",
    summary="How far a shock runs",
    tags=["models"],
    responses={200: shape(Tree, "The cascade; see docs/reference/cascade_json.md."), **_FAULTS},
)
async def get_cascade(  # noqa: PLR0913  (the parameters of the HTTP interface, each of its own)
    request: Http,
    service: Serving,
    wanted: Wanted,
    *,
    shock: Annotated[
        str,
        QueryParameter(
            description="A move (-5%), a market order in USD (-200M), or level:60000.",
            pattern=r"^[+-]?[1-9][0-9]?(\.[0-9]{1,3})?%$|^[+-]?[1-9][0-9]{0,3}[KMB]$|^level:[1-9][0-9]{0,11}(\.[0-9]{1,6})?$",
            examples=[Example(summary="a fall", value="-5%")],
        ),
    ] = "-5%",
    runs: Annotated[int, QueryParameter(description="Monte Carlo runs.", ge=1, le=5_000)] = 500,
    seed: Annotated[
        int, QueryParameter(description="The same seed gives the same answer.", ge=0, le=2**31 - 1)
    ] = 1,
    depth: Annotated[
        str | None,
        QueryParameter(
            description="Assumed depth for venues without a recorded book: USD within 1 % on each side, 150M or okx:40M, by comma.",
            pattern=r"^([a-z_]{2,20}:)?[1-9][0-9]{0,5}[KMB](,([a-z_]{2,20}:)?[1-9][0-9]{0,5}[KMB]){0,9}$",
            examples=[Example(summary="an assumption", value="50M")],
        ),
    ] = None,
    stress: Annotated[
        Literal["calm", "stress", "october-2025", "visible"] | None,
        QueryParameter(description="State of the books."),
    ] = None,
) -> Response[bytes]:
    """Return levels reached, amounts liquidated and the shock needed to reach each level."""
    depths = parse_depths((depth or "").split(",")) if depth else {}

    def make(asked: Request) -> Made:
        result = service.source.cascade(
            asked, shock=shock, runs=runs, seed=seed, depths=depths, stress=stress
        )
        return Made(render_cascade(result, "json", _LOOK))

    kind = ("cascade", shock, runs, seed, tuple(sorted(depths.items())), stress)
    return await service.result(request, wanted, kind, make, slow=True, keep_s=10.0)


@get(
    "/v1/accuracy/{asset:str}",
    operation_id="getAccuracy",
    summary="How good the map was",
    tags=["models"],
    responses={200: shape(Tree, "The scores; see docs/reference/evaluation.md."), **_FAULTS},
)
async def get_accuracy(request: Http, service: Serving, wanted: Wanted) -> Response[bytes]:
    """Return scores of the estimator against baselines, with reliability and calibration date."""
    return await service.result(
        request,
        wanted,
        ("accuracy",),
        lambda r: Made(
            encode(evaluation_tree(service.source.accuracy(r)) | {"simulated": service.source.simulated})
        ),
        slow=True,
        keep_s=3600.0,
    )


@post(
    "/v1/stress",
    operation_id="postStress",
    status_code=200,
    summary="Where a caller's own positions are liquidated",
    tags=["models"],
    responses={
        200: shape(Tree, "Levels, outcomes and remedies; see docs/reference/stress.md."),
        **problems(400, 401, 403, 404, 413, 415, 422, 429, 503),
    },
)
async def post_stress(
    request: Http,
    service: Serving,
    data: Annotated[StressBody, Body(description="The positions; nothing of them is kept.")],
) -> Response[bytes]:
    """Return at which prices positions are liquidated, what lies on the way, and what helps; nothing is kept."""
    text = msgspec.json.encode(data.positions).decode()
    wanted = StressRequest(text=text, name="the positions sent", prices=data.prices)

    def make() -> Made:
        result = service.source.stress(wanted)
        if service.source.simulated:
            result = replace(result, tree=result.tree | {"simulated": True})
        return Made(render_stress(result, "json"))

    return await service.once(request, make)


ROUTES = [get_cascade, get_accuracy, post_stress]
