"""Webhooks against a real receiver on loopback: signed, tried again, never twice, given up with a word."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

import orjson
import pytest
from aiohttp import web

from liqatlas.server.webhooks import EVENT, QUEUE, SIGNATURE, Sender, Webhook, is_signed, signature

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = b"a secret of enough length"


class Receiver:
    """Answers with the statuses given, one after the other, then 204."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if self.statuses else 204
        return web.Response(
            status=status, headers={"Location": "http://127.0.0.1:1/"} if status == 302 else None
        )


@contextlib.asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[Receiver]:
    receiver = Receiver(*statuses)
    app = web.Application()
    app.router.add_post("/hook/{token}", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}/hook/very-secret-token"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def sending(url: str) -> AsyncIterator[Sender]:
    sender = Sender(Webhook("ops", url, SECRET), waits_s=(0.01, 0.01, 0.01))
    task = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_signed_and_in_order() -> None:
    async with receiving() as receiver, sending(receiver.url) as sender:
        for number in range(3):
            sender.put({"id": f"e{number}", "text": "near"})
        await sender.settle(5)
    assert [orjson.loads(body)["id"] for _, body in receiver.got] == ["e0", "e1", "e2"]
    for headers, body in receiver.got:
        assert is_signed(SECRET, headers[SIGNATURE], body, now_s=time.time())
        assert not is_signed(SECRET, headers[SIGNATURE], body + b" ", now_s=time.time())
        assert not is_signed(b"another secret of length", headers[SIGNATURE], body, now_s=time.time())
        assert not is_signed(SECRET, headers[SIGNATURE], body, now_s=time.time() + 3600)  # a replay
        assert headers[EVENT] == orjson.loads(body)["id"]


async def test_tried_again_and_taken_once() -> None:
    async with receiving(500, 429, 200) as receiver, sending(receiver.url) as sender:
        sender.put({"id": "e"})
        sender.put({"id": "e"})
        await sender.settle(5)
        sender.put({"id": "e"})
        await sender.settle(5)
    assert [headers[EVENT] for headers, _ in receiver.got] == ["e", "e", "e"]
    assert (sender.counts["sent"], sender.counts["retries"], sender.counts["duplicates"]) == (1, 2, 2)


@pytest.mark.parametrize("status", [302, 400, 404])
async def test_a_refusal_is_final(status: int, caplog: pytest.LogCaptureFixture) -> None:
    async with receiving(status) as receiver, sending(receiver.url) as sender:
        with caplog.at_level(logging.DEBUG):
            sender.put({"id": "e"})
            await sender.settle(5)
    assert len(receiver.got) == 1
    assert sender.counts["failed"] == 1
    assert "was not taken" in caplog.text
    assert "very-secret-token" not in caplog.text
    assert SECRET.decode() not in caplog.text


async def test_nobody_there() -> None:
    async with sending("http://127.0.0.1:9/hook") as sender:
        sender.put({"id": "e"})
        await sender.settle(10)
        assert (sender.counts["failed"], sender.counts["retries"]) == (1, 3)
        assert "liqatlas_webhook_failed_total" in sender.metrics_text()


async def test_what_does_not_fit_is_counted() -> None:
    sender = Sender(Webhook("ops", "http://127.0.0.1:9/", SECRET))
    for number in range(QUEUE + 5):
        sender.put({"id": str(number)})
    assert (sender.waiting, sender.counts["dropped"]) == (QUEUE, 5)


def test_nothing_secret_in_a_representation() -> None:
    hook = Webhook("ops", "https://hooks.example/T000/very-secret-token", SECRET)
    assert "secret" not in repr(hook)
    assert hook.host == "hooks.example"


def test_signature_is_the_documented_one() -> None:
    assert signature(b"key-key-key-key-key", 1700000000, b'{"id":"e"}') == (
        "t=1700000000,v1="
        + __import__("hmac").new(b"key-key-key-key-key", b'1700000000.{"id":"e"}', "sha256").hexdigest()
    )
