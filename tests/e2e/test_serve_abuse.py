"""What strangers do to a server: too many sockets, garbage, slow and vanished clients, wrong keys. It lives.

``LIQATLAS_SOCKETS`` sets how many sockets are tried (``.ci/proof.d/serve_abuse`` tries 10,000).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import random
import resource
import struct
from typing import TYPE_CHECKING

import aiohttp

from liqatlas.cli.main import run
from tests.e2e.serving import served

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.e2e.serving import Served

SOCKETS = int(os.environ.get("LIQATLAS_SOCKETS", "300"))
CAP = 100


async def alive(one: Served) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{one.url}/v1/map/BTC?window=24h") as answer:
        assert answer.status == 200
        assert (await answer.json())["simulated"] is True


async def test_one_server_lives_through_it_all(tmp_path: Path) -> None:
    async with served(tmp_path, "--demo", "--sockets", str(CAP)) as one:
        await too_many_sockets(one)
        await alive(one)
        await garbage_frames(one)
        await alive(one)
        await garbage_requests(one)
        await alive(one)
        await vanished(one)
        await alive(one)
        assert await one.stop() == 0, one.log()[-3000:]
        assert "Traceback" not in one.log(), one.log()[-3000:]


async def too_many_sockets(one: Served) -> None:
    """Up to the cap everybody is let in, beyond it everybody is told why not; afterwards there is room again."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SOCKETS + 512
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))
    let_in: list[aiohttp.ClientWebSocketResponse] = []
    refused = 0
    gate = asyncio.Semaphore(64)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def enter() -> None:
            nonlocal refused
            async with gate:
                socket = await session.ws_connect(
                    f"{one.url}/ws/v1/stream", timeout=aiohttp.ClientWSTimeout(ws_close=5)
                )
                await socket.send_json({"op": "ping"})
                first = await socket.receive_json(timeout=60)
                if first == {"op": "pong"}:
                    let_in.append(socket)
                    return
                assert first["problem"]["status"] == 503, first
                closed = await socket.receive(timeout=60)
                assert closed.data == 1013
                await socket.close()
                refused += 1

        await asyncio.gather(*(enter() for _ in range(SOCKETS)))
        assert (len(let_in), refused) == (min(CAP, SOCKETS), max(SOCKETS - CAP, 0))
        for socket in let_in:
            await socket.close()
        for _ in range(100):
            socket = await session.ws_connect(f"{one.url}/ws/v1/stream")
            await socket.send_json({"op": "ping"})
            again = await socket.receive_json(timeout=60)
            await socket.close()
            if again == {"op": "pong"}:
                return
            await asyncio.sleep(0.1)
    raise AssertionError("no room was made")


async def open_raw(one: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = int(one.url.rpartition(":")[2])
    return await asyncio.open_connection("127.0.0.1", port)


async def gone(writer: asyncio.StreamWriter) -> None:
    """End a connection without a word."""
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def garbage_frames(one: Served) -> None:
    """Bytes that break the WebSocket protocol end that socket and nothing else."""
    rng = random.Random(7)
    port = one.url.rpartition(":")[2]
    hello = (
        f"GET /ws/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n\r\n"
    ).encode()
    frames = [
        b"\x81\x05hello",  # not masked
        b"\x83\x80\x00\x00\x00\x00",  # a kind of frame that does not exist
        b"\x81\xff" + struct.pack(">Q", 2**62) + b"\x00" * 4,  # a length no memory holds
        b"\xc1\x80\x00\x00\x00\x00",  # reserved bits
        b"\x89\xfe\xff\xff\x00\x00\x00\x00",  # a ping that is too long
        b"\x88\x82\x00\x00\x00\x00\x00\x01",  # a close with an impossible code
        b"\x01\x81\x00\x00\x00\x00a" + b"\x81\x81\x00\x00\x00\x00a",  # a message inside another
        b"\x81\x82\x00\x00\x00\x00\xff\xfe",  # text that is not UTF-8
        *(rng.randbytes(rng.randint(1, 400)) for _ in range(20)),
    ]
    for frame in frames:
        reader, writer = await open_raw(one)
        writer.write(hello)
        assert b"101" in await asyncio.wait_for(reader.readline(), 10)
        writer.write(frame)
        await gone(writer)


async def garbage_requests(one: Served) -> None:
    """Requests that are none are refused or cut off."""
    port = one.url.rpartition(":")[2]
    for raw in (
        b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /v1/markets HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: y\r\n" * 2_000 + b"\r\n",
        b"POST /v1/stress HTTP/1.1\r\nHost: 127.0.0.1:" + port.encode() + b"\r\nContent-Length: 99999999\r\n\r\n{",
        b"POST /v1/stress HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ):  # fmt: skip
        reader, writer = await open_raw(one)
        writer.write(raw)
        answer = b""
        try:
            answer = await asyncio.wait_for(reader.read(400), 15)
        except ConnectionError:
            answer = b"cut off"
        status = answer.split(b" ")[1:2]
        assert not status or status[0][:1] == b"4", (raw[:60], answer)
        await gone(writer)


async def vanished(one: Served) -> None:
    """Clients that ask and are gone, in the middle of a request and of a stream."""
    for _ in range(30):
        _, writer = await open_raw(one)
        writer.write(b"GET /v1/report/BTC?window=24h HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await writer.drain()
        await gone(writer)
    async with aiohttp.ClientSession() as session:
        sockets = [await session.ws_connect(f"{one.url}/ws/v1/stream") for _ in range(20)]
        for socket in sockets:
            await socket.send_json({"op": "subscribe", "channel": "map", "asset": "BTC", "window": "24h"})
    for _ in range(100):
        async with aiohttp.ClientSession() as session, session.get(f"{one.url}/metrics") as answer:
            if "liqatlas_stream_viewers 0" in await answer.text():
                return
        await asyncio.sleep(0.1)
    raise AssertionError("viewers that are gone are still counted")


async def test_keys_on_the_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With keys nothing but the state of health is answered without one; a scanned link lets a browser in."""
    path = tmp_path / "keys.json"
    assert run(["keys", "add", "desk", "--keys", str(path), "--scopes", "read"]) == 0
    text = capsys.readouterr().out.strip()
    assert run(["keys", "list", "--keys", str(path)]) == 0
    assert text not in capsys.readouterr().out
    async with served(tmp_path, "--demo", "--lan", "--host", "127.0.0.2", "--keys", path) as one:
        assert one.url.startswith("http://127.0.0.2:")
        link = next(line for line in one.log().splitlines() if "?key=" in line)
        async with aiohttp.ClientSession() as session:
            for place, status in (
                ("/healthz", 200),
                ("/v1/markets", 401),
                ("/", 401),
                ("/metrics", 401),
                ("/openapi.json", 401),
            ):
                async with session.get(one.url + place) as answer:
                    assert answer.status == status, place
            async with session.get(f"{one.url}/v1/markets", headers={"X-API-Key": text}) as answer:
                assert answer.status == 200
            async with session.get(f"{one.url}/metrics", headers={"X-API-Key": text}) as answer:
                assert answer.status == 403
            async with session.get(f"{one.url}/v1/markets", headers={"X-API-Key": text + "x"}) as answer:
                assert answer.status == 401
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as browser:
            async with browser.get(link) as answer:
                assert answer.status == 200
                assert "key=" not in str(answer.url)
            async with browser.get(f"{one.url}/v1/markets") as answer:
                assert answer.status == 200
            async with browser.ws_connect(f"{one.url}/ws/v1/stream") as socket:
                await socket.send_json({"op": "ping"})
                assert json.loads((await socket.receive()).data) == {"op": "pong"}
            origin = {"Origin": "http://evil.example"}
            refused = False
            try:
                async with browser.ws_connect(f"{one.url}/ws/v1/stream", headers=origin):
                    pass
            except aiohttp.WSServerHandshakeError as error:
                refused = error.status in {401, 403}
            assert refused
        assert await one.stop() == 0, one.log()[-3000:]
        assert text not in one.log()
