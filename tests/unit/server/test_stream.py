"""The stream: snapshots and differences, latest wins, bounded memory, malformed frames answered and survived."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liqatlas.flows.serving_stream import News
from liqatlas.server.problems import Refused
from liqatlas.server.stream import Stream, StreamRules
from liqatlas.server.stream_frames import read_frame
from liqatlas.server.stream_topics import TopicRun

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, MutableMapping

    from liqatlas.flows.serving import Source


@dataclass
class Socket:
    """A viewer's end of a socket: frames in, messages out; ``gate`` closed means it takes nothing more."""

    frames: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    told: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    closed: int = 0

    def say(self, text: str | bytes) -> None:
        key = "text" if isinstance(text, str) else "bytes"
        self.frames.put_nowait({"type": "websocket.receive", key: text})

    def leave(self) -> None:
        self.frames.put_nowait({"type": "websocket.disconnect"})

    async def receive(self) -> dict[str, Any]:
        return await self.frames.get()

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await self.gate.wait()
        if message["type"] == "websocket.close":
            self.closed = message["code"]
            self.leave()
        elif message["type"] == "websocket.send":
            self.told.put_nowait(orjson.loads(message["text"]))

    async def next(self, channel: str = "") -> dict[str, Any]:
        while True:
            message = await asyncio.wait_for(self.told.get(), 20)
            if not channel or (message.get("channel") == channel and "data" in message):
                return message


@contextlib.asynccontextmanager
async def joined(stream: Stream, client: str = "127.0.0.1") -> AsyncIterator[Socket]:
    """Open a socket; leave at the end."""
    socket = Socket()
    socket.gate.set()
    socket.frames.put_nowait({"type": "websocket.connect"})
    scope = {"path": "/ws/v1/stream", "client": (client, 1)}
    task = asyncio.create_task(stream.serve(scope, socket.receive, socket.send))
    try:
        yield socket
    finally:
        socket.gate.set()
        socket.leave()
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 5)


class Counter:
    """A topic whose state is a number."""

    every_s = 0.01

    def __init__(self) -> None:
        self.seq = 0

    def look(self) -> Callable[[], None]:
        return self.move

    def move(self) -> None:
        self.seq += 1

    def since(self, seen: int) -> News:
        return News(
            {"n": self.seq}, whole=True, as_of_ns=self.seq, skipped=max(self.seq - seen - 1, 0) if seen else 0
        )


async def test_price_prints_and_map(source: Source) -> None:
    stream = Stream(source, StreamRules())
    async with joined(stream) as socket:
        for channel in ("price", "prints", "map"):
            socket.say(
                orjson.dumps(
                    {"op": "subscribe", "channel": channel, "asset": "btc", "window": "24h"}
                ).decode()
            )
        seen: dict[str, Any] = {}
        while len(seen) < 3:
            message = await socket.next()
            if "data" in message:
                seen[message["channel"]] = message
            else:
                assert message["op"] == "subscribed"
        assert all(one["simulated"] is True and one["seq"] >= 1 for one in seen.values())
        assert seen["price"]["data"]["price"] > 0
        assert len(seen["prints"]["data"]["prints"]) > 0
        shown = seen["map"]["data"]
        assert shown["snapshot"] is True
        assert len(shown["price_edges"]) == len(shown["long_usd"]) + 1
        assert sum(shown["long_usd"]) == pytest.approx(shown["totals"]["long_usd"], rel=1e-6)
    assert not stream.viewers
    assert not stream.runs
    await stream.close()


async def test_latest_wins_and_what_was_left_out_is_counted(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liqatlas.server.stream_frames.make_topic", lambda *_: Counter())
    monkeypatch.setattr(TopicRun, "_look", lambda self: self.topic.look())
    stream = Stream(source, StreamRules())
    async with joined(stream) as slow, joined(stream) as quick:
        for socket in (slow, quick):
            socket.say('{"op":"subscribe","channel":"price","asset":"BTC"}')
        first = await slow.next("price")
        slow.gate.clear()
        for _ in range(30):
            await quick.next("price")
        slow.gate.set()
        numbers, skipped, last = [first["seq"]], 0, first["seq"]
        for _ in range(5):
            message = await slow.next("price")
            numbers.append(message["seq"])
            assert message["skipped"] == message["seq"] - last - 1  # nothing is left out uncounted
            skipped, last = skipped + message["skipped"], message["seq"]
        assert numbers == sorted(set(numbers))
        assert skipped >= 20
        assert stream.counts["skipped"] >= skipped
        assert slow.told.qsize() < 30  # nothing was queued for him
    await stream.close()


async def test_a_viewer_who_takes_nothing_is_let_go(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liqatlas.server.stream_frames.make_topic", lambda *_: Counter())
    monkeypatch.setattr(TopicRun, "_look", lambda self: self.topic.look())
    stream = Stream(source, StreamRules(send_patience_s=0.2))
    async with joined(stream) as socket:
        socket.say('{"op":"subscribe","channel":"price","asset":"BTC"}')
        await socket.next("price")
        socket.gate.clear()
        for _ in range(100):
            await asyncio.sleep(0.05)
            if not stream.viewers:
                break
        assert not stream.viewers
        assert stream.counts["slow_viewers"] == 1
    await stream.close()


async def test_idle_viewers_are_let_go_and_quiet_ones_pinged(source: Source) -> None:
    stream = Stream(source, StreamRules(idle_s=0.5, ping_every_s=0.2))
    async with joined(stream) as idle, joined(stream) as watching:
        watching.say('{"op":"subscribe","channel":"alerts"}')
        assert (await watching.next())["op"] == "subscribed"
        assert (await watching.next())["op"] == "ping"
        for _ in range(60):
            await asyncio.sleep(0.05)
            if idle.closed:
                break
        assert (idle.closed, watching.closed) == (1001, 0)
    await stream.close()


async def test_more_sockets_than_there_may_be(source: Source) -> None:
    stream = Stream(source, StreamRules(most_sockets=3, most_per_address=1))
    async with (
        joined(stream),
        joined(stream),
        joined(stream, "192.168.1.7"),
        joined(stream, "192.168.1.7") as fourth,
    ):
        message = await fourth.next()
        assert message["problem"]["status"] == 503
        assert fourth.closed == 1013
    assert stream.counts["refused_sockets"] == 1
    await stream.close()


async def test_alerts_reach_who_watches(source: Source) -> None:
    stream = Stream(source, StreamRules())
    async with joined(stream) as socket:
        socket.say('{"op":"subscribe","channel":"alerts"}')
        await socket.next()
        stream.tell_alert({"id": "1", "text": "near"}, 10**18)
        assert (await socket.next("alerts"))["data"]["alerts"] == [{"id": "1", "text": "near"}]
        stream.tell_alert({"id": "2", "text": "swept"}, 10**18)
        assert [one["id"] for one in (await socket.next("alerts"))["data"]["alerts"]] == ["2"]
    await stream.close()


async def test_goodbye_when_the_server_stops(source: Source) -> None:
    stream = Stream(source, StreamRules())
    async with joined(stream) as socket:
        socket.say('{"op":"ping"}')
        assert (await socket.next()) == {"op": "pong"}
        await stream.close()
        assert socket.closed == 1001
    async with joined(stream) as late:
        assert "stopping" in (await late.next())["problem"]["detail"]


BAD = (
    "", "{", "[]", "null", '"x"', "{}", '{"op":"dance"}', '{"op":"subscribe","channel":"secrets"}', '{"op":"subscribe","asset":7}',
    '{"op":"subscribe","asset":"NOPE"}', '{"op":"subscribe","asset":"BTC","window":"soon"}', '{"op":"subscribe","asset":"../etc"}',
    "[" * 3000, "x" * 5000, b"\xff\xfe", b"\x00" * 10,
)  # fmt: skip


async def test_malformed_frames_are_answered_and_survived(source: Source) -> None:
    stream = Stream(source, StreamRules())
    async with joined(stream) as socket:
        for frame in BAD:
            socket.say(frame)
            answer = await socket.next()
            assert answer["op"] == "error", frame
            assert 400 <= answer["problem"]["status"] < 500
            assert answer["problem"]["detail"]
        socket.say('{"op":"ping"}')
        assert (await socket.next()) == {"op": "pong"}
    assert stream.counts["bad_frames"] == len(BAD)
    await stream.close()


async def test_too_many_bad_frames_and_too_many_frames(source: Source) -> None:
    stream = Stream(source, StreamRules(most_faults=5))
    async with joined(stream) as socket:
        for _ in range(8):
            socket.say("{")
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert socket.closed == 1008
    flood = Stream(source, StreamRules(frames_per_s=10))
    async with joined(flood) as socket:
        for _ in range(400):
            socket.say('{"op":"pong"}')
        await asyncio.sleep(0.1)
        assert socket.closed == 1008
    await stream.close()
    await flood.close()


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace"))))
@settings(max_examples=200)
def test_any_bytes_are_a_frame_or_a_refusal(raw: bytes) -> None:
    status, operation = 400, ""
    try:
        operation = read_frame(raw).op
    except Refused as error:
        status = error.status
    assert status == 400
    assert operation in {"", "subscribe", "unsubscribe", "ping", "pong"}


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=8)  # fmt: skip


@given(st.fixed_dictionaries({"op": st.sampled_from(["subscribe", "unsubscribe", "ping", "x"])}, optional={"channel": st.sampled_from(["map", "price", "x"]) | JSON, "asset": st.sampled_from(["BTC", "NOPE"]) | JSON, "window": st.sampled_from(["7d", "0d"]) | JSON, "kind": JSON}))  # fmt: skip
@settings(max_examples=200)
def test_any_json_is_understood_or_refused(tree: dict[str, Any]) -> None:
    with contextlib.suppress(Refused, TypeError):
        read_frame(orjson.dumps(tree, option=orjson.OPT_NON_STR_KEYS))
