"""``serve`` as a process over real sockets: the contract, bad input, caching, stopping."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import signal
import socket
import struct
from typing import TYPE_CHECKING, Any

import aiohttp
import numpy as np
import pyarrow as pa
import pytest
import zstandard

from liqatlas.base.clock import parse_time
from liqatlas.cli.main import run
from liqatlas.store import Lake
from tests.e2e.serving import served
from tests.unit.flows.markets import trades_market

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.serving import Served

PROBLEM = "application/problem+json"


async def get(one: Served, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(
            one.url + path,
            headers={"Accept-Encoding": "identity"} | {k.replace("_", "-"): v for k, v in headers.items()},
        ) as answer,
    ):
        return answer.status, {k.lower(): v for k, v in answer.headers.items()}, await answer.read()


def command(tmp: Path, *args: object) -> bytes:
    """Return what the command line writes as JSON."""
    target = tmp / "printed.json"
    assert run([*map(str, args), "--format", "json", "-o", str(target)]) == 0
    return target.read_bytes()


@pytest.mark.data
async def test_real_recordings(tmp_path: Path, data_dir: Path) -> None:
    """One server over the real tape and positions: every route, bodies equal to the verbs', problems, caching, stop."""
    tape, held = data_dir / "hyperliquid_tape", data_dir / "hyperliquid_positions"
    async with served(tmp_path, "--from", tape, held) as one:
        for path, verb in (
            ("/v1/map/ETH?window=3d", ("map", "ETH", "--window", "3d")),
            ("/v1/map/ETH?window=24h&bins=50&range=5%25", ("map", "ETH", "--window", "24h", "--bins", "50", "--range", "5%")),
            ("/v1/map/ETH?as_of=2026-06-15T12:00Z&leverage=5-25", ("map", "ETH", "--as-of", "2026-06-15T12:00Z", "--leverage", "5-25")),
            ("/v1/map/ETH?kind=measured", ("map", "ETH", "--kind", "measured")),
            ("/v1/heatmap/ETH?window=24h&columns=40&rows=30", ("heatmap", "ETH", "--window", "24h", "--columns", "40", "--rows", "30")),
            ("/v1/clusters/ETH?window=3d", ("clusters", "ETH", "--window", "3d")),
        ):  # fmt: skip
            status, headers, body = await get(one, path)
            printed = command(tmp_path, *verb, "--from", tape, held)
            assert (status, headers["content-type"]) == (200, "application/json")
            assert json.loads(body) == json.loads(printed), path
        await check_representations(one)
        await check_bad_input(one)
        for path in ("/v1/markets", "/v1/health", "/v1/candles/ETH?window=3d&interval=15m", "/v1/trades/ETH?min_usd=50000",
                     "/v1/depth/ETH", "/v1/positions/BTC?limit=3&offset=5", "/v1/report/ETH?window=3d", "/v1/signals/ETH?window=3d",
                     "/v1/cascade/ETH?window=3d&runs=50&depth=5M", "/openapi.json", "/metrics"):  # fmt: skip
            status, _, body = await get(one, path)
            assert status == 200, (path, body[:300])
        status, headers, page = await get(one, "/v1/report/ETH?window=3d&format=html")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert b"<html" in page
        assert "sandbox" in headers["content-security-policy"]
        assert await one.stop() == 0
        assert "Traceback" not in one.log()


async def check_representations(one: Served) -> None:
    """JSON compressed, Arrow, bytes for a screen: the same numbers; unchanged answers cost a 304."""
    path = "/v1/heatmap/ETH?window=24h&columns=60&rows=50"
    _, plain_headers, plain = await get(one, path)
    _, zstd_headers, zstd = await get(one, path, Accept_Encoding="zstd, gzip")
    _, gzip_headers, gzipped = await get(one, path, Accept_Encoding="gzip")
    assert zstd_headers["content-encoding"] == "zstd"
    assert gzip_headers["content-encoding"] == "gzip"
    assert zstandard.decompress(zstd) == gzip.decompress(gzipped) == plain
    assert len({plain_headers["etag"], zstd_headers["etag"], gzip_headers["etag"]}) == 3
    status, _, body = await get(one, path, If_None_Match=plain_headers["etag"])
    assert (status, body) == (304, b"")
    assert (await get(one, path, If_None_Match='"other"'))[0] == 200

    _, headers, raw = await get(one, path, Accept="application/vnd.liqatlas.heatmap")
    assert headers["content-type"] == "application/vnd.liqatlas.heatmap"
    tree = json.loads(plain)
    (length,) = struct.unpack("<I", raw[:4])
    head = json.loads(raw[4 : 4 + length])
    columns, rows = head["shape"]
    cells = np.frombuffer(raw[4 + length :], np.uint8).reshape(2, columns, rows)
    assert (columns, rows) == (len(tree["times"]), len(tree["price_edges"]) - 1)
    assert head["price_edges"] == tree["price_edges"]
    low, high = head["scale"]["min_usd"], head["scale"]["max_usd"]
    for layer, name in zip(cells, ("long_usd", "short_usd"), strict=True):
        usd = np.array(tree[name])
        assert np.all((layer > 0) == (usd >= low))
        shown = low * (high / low) ** ((layer[layer > 0].astype(float) - 1) / 254)
        np.testing.assert_allclose(
            shown, usd[layer > 0], rtol=0.024
        )  # half a step of 254 over a factor of 1e5

    _, headers, raw = await get(one, "/v1/map/ETH?window=3d", Accept="application/vnd.apache.arrow.stream")
    assert headers["content-type"] == "application/vnd.apache.arrow.stream"
    table = pa.ipc.open_stream(io.BytesIO(raw)).read_all()
    as_json = json.loads((await get(one, "/v1/map/ETH?window=3d"))[2])
    totals = as_json["totals"]
    assert sum(table["usd"].to_pylist()) == pytest.approx(totals["long_usd"] + totals["short_usd"], rel=1e-6)
    assert json.loads(table.schema.metadata[b"liqatlas"])["asset"] == "ETH"


async def check_bad_input(one: Served) -> None:
    """Everything wrong has a problem that says what was, what was wanted; nothing of it is a fault of the server."""
    bad = {
        "/v1/map/NOPE": 404, "/v1/map/ETH?window=soon": 400, "/v1/map/ETH?window=0d": 400, "/v1/map/ETH?window=999999d": 400,
        "/v1/map/ETH?as_of=2031-01-01": 404, "/v1/map/ETH?as_of=yesterday": 400, "/v1/map/ETH?bins=1000000000": 400,
        "/v1/map/ETH?bins=-1": 400, "/v1/map/ETH?bins=many": 400, "/v1/map/ETH?step=0": 400, "/v1/map/ETH?step=nan": 400,
        "/v1/map/ETH?step=0.0000001": 400, "/v1/map/ETH?bins=5&step=5": 400, "/v1/map/ETH?range=9:1": 400, "/v1/map/ETH?kind=magic": 400,
        "/v1/map/ETH?venues=atlantis": 400, "/v1/map/ETH?leverage=100-25": 400, "/v1/heatmap/ETH?columns=100000": 400,
        "/v1/map/..%2f..%2fetc%2fpasswd": 404, "/assets/../../../etc/passwd": 404, "/v1/candles/ETH?window=1y&interval=1m": 400,
        "/v1/prints/ETH": 404, "/v1/realised/ETH": 404, "/v1/realised": 404, "/v1/depth/BTC": 404, "/v1/nothing": 404,
        "/v1/cascade/ETH?shock=down": 400, "/v1/cascade/ETH?runs=1000000": 400, "/v1/positions/ETH?limit=0": 400,
    }  # fmt: skip
    for path, wanted in bad.items():
        status, headers, body = await get(one, path)
        problem = json.loads(body)
        assert status == wanted, (path, problem)
        assert headers["content-type"] == PROBLEM, path
        assert problem["status"] == status
        assert {"type", "title", "detail", "instance"} <= set(problem)
        assert len(problem["detail"]) > 10, path
    async with aiohttp.ClientSession() as session:
        async with session.delete(f"{one.url}/v1/map/ETH") as answer:
            assert (answer.status, answer.content_type) == (405, PROBLEM)
        for body, kind, wanted in (
            (b"{", "application/json", 400), (b"[]", "application/json", 400), (b'{"positions":[]}', "application/json", 400),
            (b"x" * 300_000, "application/json", 413), (b'{"positions":[{"venue":{}}]}', "application/json", 400),
        ):  # fmt: skip
            async with session.post(
                f"{one.url}/v1/stress", data=body, headers={"Content-Type": kind}
            ) as answer:
                assert answer.status == wanted, (body[:40], await answer.text())
                assert answer.content_type == PROBLEM
        position = {
            "venue": "hyperliquid",
            "symbol": "ETH",
            "position": "long",
            "size": 10,
            "entry_price": 1700,
            "leverage": 10,
        }
        async with session.post(
            f"{one.url}/v1/stress", json={"positions": [position, {"venue": "x"}]}
        ) as answer:
            tree = await answer.json()
            assert answer.status == 200
            assert tree["positions"][0]["error"] is None
            assert tree["positions"][1]["error"]
    status, _, _ = await get(one, "/healthz")
    assert status == 200


async def test_demo_says_simulated_everywhere(tmp_path: Path) -> None:
    async with served(tmp_path, "--demo") as one:
        for path in ("/v1/markets", "/v1/map/BTC", "/v1/heatmap/BTC?columns=20&rows=20", "/v1/clusters/BTC", "/v1/realised/BTC",
                     "/v1/candles/BTC?interval=4h", "/v1/health", "/v1/prints/BTC", "/v1/trades/BTC", "/v1/signals/BTC", "/v1/accuracy/BTC",
                     "/v1/cascade/BTC?runs=50&depth=5M", "/v1/realised"):  # fmt: skip
            status, _, body = await get(one, path)
            while status == 503 and b"still-computing" in body:  # a busy machine: ask again, it says
                status, _, body = await get(one, path)
            assert status == 200, (path, body[:200])
            assert json.loads(body)["simulated"] is True, path
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{one.url}/ws/v1/stream") as socket,
        ):
            await socket.send_json({"op": "subscribe", "channel": "map", "asset": "BTC", "window": "7d"})
            while True:
                message = await socket.receive_json(timeout=20)
                if "data" in message:
                    break
            assert message["simulated"] is True
            assert message["data"]["simulated"] is True
        assert await one.stop(signal.SIGINT) == 0


async def test_a_lake_that_grows(tmp_path: Path) -> None:
    """A served lake answers what the verb answers, and follows what is written into it."""
    lake_path, market = tmp_path / "lake", trades_market(50, seed=5)
    cut = parse_time("2026-05-31T20:00Z")
    tables = {"trades": market.trades, "marks": market.marks, "open_interest": market.open_interest}
    with Lake.create(lake_path) as lake:
        for name, frame in tables.items():
            lake.ingest(name, market.instrument, frame.filter(frame["ts_event_ns"] < cut))
        async with served(tmp_path, "--lake", lake_path) as one:
            path = "/v1/map/BTC?window=24h"
            _, first_headers, before = await get(one, path)
            printed = command(tmp_path, "map", "BTC", "--lake", lake_path, "--window", "24h")
            assert json.loads(before) == json.loads(printed)
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(f"{one.url}/ws/v1/stream") as socket,
            ):
                for channel in ("price", "map"):
                    await socket.send_json(
                        {"op": "subscribe", "channel": channel, "asset": "BTC", "window": "24h"}
                    )
                seen = await first_of(socket, {"price", "map"})
                with lake.writer() as writer:
                    for name, frame in tables.items():
                        writer.append(name, market.instrument, frame.filter(frame["ts_event_ns"] >= cut))
                    writer.flush(timeout_s=20)
                later = await first_of(socket, {"price", "map"})
            assert later["price"]["as_of"] > seen["price"]["as_of"]
            assert later["map"]["as_of"] > seen["map"]["as_of"]
            for _ in range(100):  # the former answer is given while the next is made
                _, second_headers, after = await get(one, path)
                if (
                    second_headers["etag"] != first_headers["etag"]
                    and json.loads(after)["as_of"] >= later["map"]["as_of"]
                ):
                    break
                await asyncio.sleep(0.1)
            assert second_headers["etag"] != first_headers["etag"]
            printed = command(tmp_path, "map", "BTC", "--lake", lake_path, "--window", "24h")
            assert json.loads(after) == json.loads(printed)
            assert await one.stop() == 0


async def first_of(socket: aiohttp.ClientWebSocketResponse, channels: set[str]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    while set(seen) < channels:
        message = await socket.receive_json(timeout=30)
        if "data" in message:
            seen[message["channel"]] = message
    return seen


def test_what_cannot_be_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every wrong start is one sentence and an exit code; nobody is let in from outside without keys."""
    monkeypatch.setenv("LIQATLAS_LAKE", str(tmp_path / "no-lake"))
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        cases: list[tuple[tuple[str, ...], int, str]] = [
            ((), 2, "nothing to serve"),
            (("--demo", "--from", "x"), 2, "give one source"),
            (("--lake", str(tmp_path / "none")), 3, "no lake at"),
            (("--from", str(tmp_path / "none.csv")), 2, "none.csv"),
            (("--demo", "--port", port), 2, "cannot be used"),
            (("--demo", "--port", "70000"), 2, "no port"),
            (("--demo", "--host", "0.0.0.0"), 2, "--keys"),
            (("--demo", "--host", "nowhere.invalid", "--open-to-everybody"), 2, "no address of this machine"),
            (("--demo", "--host", "0.0.0.0", "--keys", str(tmp_path / "empty.json")), 2, "holds no key"),
            (("--demo", "--alerts", str(tmp_path / "none.toml")), 2, "alerts file"),
        ]
        for args, code, says in cases:
            found = run(["serve", *args])
            out, err = capsys.readouterr()
            assert (found, says in err, out) == (code, True, ""), (args, err)
