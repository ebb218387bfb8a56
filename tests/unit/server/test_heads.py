from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqatlas.server.app import make_application
from liqatlas.server.guard import GuardRules
from tests.unit.server.asgi import ask

if TYPE_CHECKING:
    from liqatlas.flows.serving import Source


@pytest.mark.parametrize(
    "target",
    ["/healthz", "/openapi.json", "/v1/instruments", "/v1/realised/BTC", "/api/futures/supported-coins", "/v1/map/NOPE"],
)  # fmt: skip
async def test_head_is_get_without_its_body(source: Source, target: str) -> None:
    app = make_application(source, GuardRules()).asgi
    got = await ask(app, target)
    head = await ask(app, target, method="HEAD")
    assert (head.status, head.body) == (got.status, b"")
    assert got.body
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.body))


async def test_head_is_counted_at_its_route(source: Source) -> None:
    made = make_application(source, GuardRules())
    await ask(made.asgi, "/v1/realised/BTC", method="HEAD")
    text = (await ask(made.asgi, "/metrics")).body.decode()
    assert any('method="HEAD"' in line and "/v1/realised/{asset" in line for line in text.splitlines()), text


async def test_head_where_nothing_is_got_is_refused(source: Source) -> None:
    app = make_application(source, GuardRules()).asgi
    assert (await ask(app, "/v1/stress", method="HEAD")).status == 405
    assert (await ask(app, "/v1/nothing", method="HEAD")).status == 404
