"""The guard: hosts, origins, keys, scopes, rates, sizes, times, and what every answer says to a browser."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from liqatlas.server.guard import Guard, GuardRules
from liqatlas.server.guard_scope import COOKIE
from liqatlas.server.keys import KeyRing, new_key
from liqatlas.server.limits import Rate
from liqatlas.server.metrics import Metrics
from tests.unit.server.asgi import HOST, ask

LAN = "192.168.1.20"
HOSTS = frozenset({"127.0.0.1", "localhost", "::1", "192.168.1.10"})


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Read the body and answer its length and the path."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = f"{scope['path']} {size}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def guarded(app: Any = echo, **rules: Any) -> Guard:
    return Guard(app, GuardRules(**{"hosts": HOSTS, **rules}), Metrics())


async def test_headers_of_every_answer() -> None:
    reply = await ask(guarded(), "/x")
    assert reply.status == 200
    assert "script-src 'self'" in reply.headers["content-security-policy"]
    assert "unsafe" not in reply.headers["content-security-policy"]
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:8765", 200), ("localhost", 200), ("LOCALHOST:1", 200), ("[::1]:8765", 200), ("evil.example", 421),
     ("127.0.0.1.evil.example", 421), ("", 400)],
)  # fmt: skip
async def test_only_own_names(host: str, status: int) -> None:
    reply = await ask(guarded(), "/x", headers=[("host", host)] if host else [])
    assert reply.status == status
    if status != 200:
        assert reply.headers["content-type"] == "application/problem+json"


async def test_other_sites_may_not_post() -> None:
    guard = guarded()
    for origin, status in (("http://evil.example", 403), ("http://127.0.0.1:8765", 200), ("null", 403)):
        assert (await ask(guard, "/x", method="POST", headers=[HOST, ("origin", origin)])).status == status


async def test_keys_scopes_and_cookie() -> None:
    key, text = new_key("desk", ("read",))
    guard = guarded(keys=KeyRing(made=[key]))
    assert (await ask(guard, "/x")).status == 401
    for name, value in (
        ("x-api-key", text),
        ("cg-api-key", text),
        ("authorization", f"Bearer {text}"),
        ("cookie", f"{COOKIE}={text}"),
    ):
        reply = await ask(guard, "/x", headers=[HOST, (name, value)])
        assert reply.status == 200, name
        assert reply.headers["api-key-max-limit"] == "600"
    assert (await ask(guard, "/x", headers=[HOST, ("x-api-key", text + "x")])).status == 401
    assert (await ask(guard, "/metrics", headers=[HOST, ("x-api-key", text)])).status == 403
    assert (await ask(guard, "/v1/stress", method="POST", headers=[HOST, ("x-api-key", text)])).status == 403
    assert (await ask(guard, "/healthz")).status == 200
    entered = await ask(guard, f"/?key={text}&view=map")
    assert (entered.status, entered.headers["location"]) == (303, "/?view=map")
    assert "HttpOnly" in entered.headers["set-cookie"]
    assert "SameSite=Strict" in entered.headers["set-cookie"]


async def test_guessing_keys_is_slowed_down() -> None:
    key, text = new_key("desk")
    guard = guarded(keys=KeyRing(made=[key]), wrong_key_rate=Rate(6, 3))
    guesses = [
        (await ask(guard, "/x", headers=[HOST, ("x-api-key", f"lq_{key.id}_{n}")], client=LAN)).status
        for n in range(5)
    ]
    assert guesses == [401, 401, 401, 429, 429]
    assert (await ask(guard, "/x", headers=[HOST, ("x-api-key", text)], client="192.168.1.30")).status == 200


async def test_rates_per_address_and_per_key() -> None:
    guard = guarded(address_rate=Rate(60, 2))
    assert [(await ask(guard, "/x", client=LAN)).status for _ in range(3)] == [200, 200, 429]
    assert [(await ask(guard, "/x")).status for _ in range(5)] == [200] * 5  # this machine, no keys
    key, text = new_key("desk", per_minute=60)
    keyed = guarded(keys=KeyRing(made=[key]))
    statuses = [(await ask(keyed, "/x", headers=[HOST, ("x-api-key", text)])).status for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2


async def test_forwarded_addresses_count_only_behind_a_proxy() -> None:
    behind = guarded(address_rate=Rate(60, 1), proxied=True)
    headers = [HOST, ("x-forwarded-for", "10.9.9.9, 203.0.113.7")]
    assert [(await ask(behind, "/x", headers=headers)).status for _ in range(2)] == [200, 429]
    assert (await ask(behind, "/x", headers=[HOST, ("x-forwarded-for", "203.0.113.8")])).status == 200
    plain = guarded(address_rate=Rate(60, 1))
    spoofed = [
        (await ask(plain, "/x", headers=[HOST, ("x-forwarded-for", f"1.2.3.{n}")], client=LAN)).status
        for n in range(2)
    ]
    assert spoofed == [200, 429]


async def test_bodies_are_limited() -> None:
    guard = guarded(most_body=1000)
    assert (await ask(guard, "/x", method="POST", body=[b"a" * 400, b"b" * 400])).body == b"/x 800"
    assert (await ask(guard, "/x", method="POST", body=[b"a" * 600, b"b" * 600])).status == 413
    assert (await ask(guard, "/x", method="POST", headers=[HOST, ("content-length", "1001")])).status == 413
    assert (await ask(guard, "/x", method="POST", headers=[HOST, ("content-length", "ten")])).status == 400
    assert (await ask(guard, "/" + "x" * 9000)).status == 414


async def test_a_body_that_does_not_come() -> None:
    guard = guarded(body_patience_s=0.05)
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(5)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": [(b"host", b"localhost")],
             "client": ("127.0.0.1", 1)}  # fmt: skip
    await guard(scope, receive, send)
    assert sent[0]["status"] == 408


async def test_time_and_faults(caplog: pytest.LogCaptureFixture) -> None:
    async def sleepy(*_: Any) -> None:
        await asyncio.sleep(5)

    async def broken(*_: Any) -> None:
        raise RuntimeError("boom")

    assert (await ask(guarded(sleepy, patience_s=0.05), "/x")).status == 503
    with caplog.at_level(logging.ERROR):
        reply = await ask(guarded(broken), "/x")
    assert reply.status == 500
    assert b"boom" not in reply.body


async def test_double_slash_and_compatible_envelope() -> None:
    key, _ = new_key("desk")
    assert (await ask(guarded(), "//api/futures")).body == b"/api/futures 0"
    refused = await ask(guarded(keys=KeyRing(made=[key])), "/api/futures/x")
    assert refused.status == 401
    assert refused.json()["code"] == "401"


async def test_secrets_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("boom")

    key, text = new_key("desk")
    guard = guarded(broken, keys=KeyRing(made=[key]))
    with caplog.at_level(logging.DEBUG):
        await ask(guard, f"/x?key={text}", headers=[HOST, ("x-api-key", text)])
    assert caplog.records
    assert text not in caplog.text
    assert text.split("_", 2)[2] not in caplog.text
