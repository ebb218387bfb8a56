"""The stream: each viewer is told the newest state of what he subscribed to, as fast as he takes it and never faster.

Nothing is queued for anybody. A viewer is a place in each topic, the last state he was sent; when he can take more he is sent how
the newest state differs from that one. What lay between is skipped and counted, so memory does not grow with slow viewers.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from liqatlas.base.errors import LiqAtlasError
from liqatlas.server.problems import Refused, make_problem, problem_of
from liqatlas.server.stream_frames import Subscription, read_frame
from liqatlas.server.stream_topics import AlertsTopic, TopicRun

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from liqatlas.flows.serving import Source

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

LOG = logging.getLogger("liqatlas.server")
GOING_AWAY, POLICY, TOO_BIG, TRY_LATER = 1001, 1008, 1009, 1013


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRules:
    """How much is granted to viewers.

    Attributes
    ----------
    idle_s
        A viewer without a subscription is let go after this long [s].
    ping_every_s
        A quiet viewer is sent a ping this often [s].
    send_patience_s
        A viewer that does not take a message for this long is let go [s].
    most_faults
        Frames that cannot be read before a viewer is let go.
    """

    most_sockets: int = 2_000
    most_per_address: int = 64
    most_subscriptions: int = 16
    most_topics: int = 128
    most_frame: int = 4_096
    most_faults: int = 50
    frames_per_s: float = 50.0
    idle_s: float = 60.0
    ping_every_s: float = 20.0
    send_patience_s: float = 10.0


@dataclass(slots=True, eq=False)
class Viewer:
    """One socket: its subscriptions with the state last sent, and what must be answered first."""

    send: Send
    task: asyncio.Task[Any] | None
    address: str
    seen: dict[Subscription, int] = field(default_factory=dict)
    replies: list[str] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    faults: int = 0
    skipped: int = 0
    sending_since: float = 0.0
    last_sent: float = field(default_factory=time.monotonic)
    without_subscription_since: float = field(default_factory=time.monotonic)
    closing: tuple[int, str] | None = None
    tokens: float = 100.0
    tokens_at: float = field(default_factory=time.monotonic)

    def reply(self, tree: Any) -> None:
        """Answer a frame before anything else is sent."""
        self.replies.append(orjson.dumps(tree).decode())
        self.wake.set()

    def let_go(self, code: int, why: str) -> None:
        """Close the socket once what is being sent is through."""
        self.closing = self.closing or (code, why)
        self.wake.set()


class Stream:
    """All viewers and topics."""

    def __init__(self, source: Source, rules: StreamRules) -> None:
        self.source, self.rules = source, rules
        self.viewers: set[Viewer] = set()
        self.runs: dict[Subscription, TopicRun] = {}
        self.alerts = AlertsTopic()
        self.counts: Counter[str] = Counter()
        self.messages = self.characters = 0
        self._pool = ThreadPoolExecutor(2, "stream")
        self._closing = False
        self._sweeper: asyncio.Task[None] | None = None
        self._of_address: Counter[str] = Counter()

    async def serve(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one socket until either side ends it."""
        await receive()  # the connect event
        await send({"type": "websocket.accept"})
        address = str(scope["client"][0]) if scope.get("client") else "unknown"
        refusal = self._refusal(address)
        if refusal:
            self.counts["refused_sockets"] += 1
            problem = make_problem(503, refusal, scope["path"], kind="too-many-sockets", retry_after_s=30)
            await send({"type": "websocket.send", "text": orjson.dumps(_error(problem)).decode()})
            await send({"type": "websocket.close", "code": TRY_LATER, "reason": refusal})
            return
        viewer = Viewer(send, asyncio.current_task(), address)
        self.viewers.add(viewer)
        self._of_address[address] += 1
        self.counts["sockets"] += 1
        if self._sweeper is None or self._sweeper.done():
            self._sweeper = asyncio.create_task(self._sweep())
        writer = asyncio.create_task(self._write(viewer))
        writer.add_done_callback(lambda done: self._end(viewer, done))
        try:
            await self._read(viewer, receive)
        except asyncio.CancelledError:
            if not viewer.closing:
                raise
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await writer
            self._forget(viewer)

    def _refusal(self, address: str) -> str:
        if self._closing:
            return "the server is stopping"
        if len(self.viewers) >= self.rules.most_sockets:
            return f"{self.rules.most_sockets} sockets are open, which is all there may be"
        if not _loopback(address) and self._of_address[address] >= self.rules.most_per_address:
            return f"{self.rules.most_per_address} sockets of one address are open, which is all there may be"
        return ""

    def _end(self, viewer: Viewer, writer: asyncio.Task[None]) -> None:
        """End the reading of a viewer whose writing ended, and say so where that was a fault."""
        if not writer.cancelled() and (fault := writer.exception()) is not None:
            self.counts["failed_viewers"] += 1
            LOG.error("a viewer could not be told: %s", fault, exc_info=fault)
        if viewer in self.viewers and viewer.task is not None:
            viewer.closing = viewer.closing or (GOING_AWAY, "ended")
            viewer.task.cancel()

    def _forget(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)
        self._of_address[viewer.address] -= 1
        if self._of_address[viewer.address] <= 0:
            del self._of_address[viewer.address]
        for subscription in list(viewer.seen):
            self._leave(viewer, subscription)

    # -- what viewers say -----------------------------------------------------------------------------------------

    async def _read(self, viewer: Viewer, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            self.counts["frames"] += 1
            raw = message.get("text")
            raw = message.get("bytes") if raw is None else raw.encode("utf-8", "replace")
            if not self._may_speak(viewer):
                viewer.let_go(POLICY, "too many frames a second")
                continue
            try:
                self._obey(viewer, raw or b"")
            except (LiqAtlasError, Refused) as error:
                self.counts["bad_frames"] += 1
                viewer.faults += 1
                viewer.reply(_error(problem_of(error, "/ws/v1/stream")))
                if viewer.faults >= self.rules.most_faults:
                    viewer.let_go(POLICY, "too many frames that cannot be read")

    def _may_speak(self, viewer: Viewer) -> bool:
        now = time.monotonic()
        rate = self.rules.frames_per_s
        viewer.tokens = min(2 * rate, viewer.tokens + (now - viewer.tokens_at) * rate) - 1
        viewer.tokens_at = now
        return viewer.tokens >= 0 and viewer.closing is None and len(viewer.replies) < 200

    def _obey(self, viewer: Viewer, raw: bytes) -> None:
        if len(raw) > self.rules.most_frame:
            raise Refused(
                413, f"a frame of {len(raw):,} bytes came: wanted at most {self.rules.most_frame:,}"
            )
        frame = read_frame(raw)
        if frame.op == "ping":
            viewer.reply({"op": "pong"})
            return
        if frame.op == "pong":
            return
        subscription = frame.subscription(self.source)
        if frame.op == "unsubscribe":
            self._leave(viewer, subscription)
            viewer.reply({"op": "unsubscribed", **subscription.tree()})
            return
        if subscription not in viewer.seen:
            self._join(viewer, subscription)
        viewer.reply({"op": "subscribed", **subscription.tree()})

    def _join(self, viewer: Viewer, subscription: Subscription) -> None:
        if len(viewer.seen) >= self.rules.most_subscriptions:
            raise Refused(
                429, f"{self.rules.most_subscriptions} subscriptions are held, which is all there may be", kind="too-many"
            )  # fmt: skip
        run = self.runs.get(subscription)
        if run is None:
            if len(self.runs) >= self.rules.most_topics:
                raise Refused(
                    503, "too many different things are streamed: ask for one that others watch", kind="busy"
                )
            topic = self.alerts if subscription.channel == "alerts" else subscription.topic(self.source)
            run = self.runs[subscription] = TopicRun(topic, self.source, subscription, self._pool)
        run.join(viewer)
        viewer.seen[subscription] = 0
        viewer.wake.set()

    def _leave(self, viewer: Viewer, subscription: Subscription) -> None:
        if viewer.seen.pop(subscription, None) is None:
            return
        if not viewer.seen:
            viewer.without_subscription_since = time.monotonic()
        run = self.runs.get(subscription)
        if run is not None:
            run.leave(viewer)
            if not run.viewers:
                run.stop()
                del self.runs[subscription]

    # -- what viewers are told ------------------------------------------------------------------------------------

    async def _write(self, viewer: Viewer) -> None:
        while True:
            await viewer.wake.wait()
            viewer.wake.clear()
            while viewer.replies:
                await self._tell(viewer, viewer.replies.pop(0))
            if viewer.closing is not None:
                code, why = viewer.closing
                await viewer.send({"type": "websocket.close", "code": code, "reason": why})
                return
            for subscription in tuple(viewer.seen):
                run = self.runs.get(subscription)
                seen = viewer.seen.get(subscription)
                if run is None or seen is None:
                    continue
                told = run.since(seen)
                if told is None:
                    continue
                await self._tell(viewer, told.text)
                if subscription in viewer.seen:
                    viewer.seen[subscription] = told.seq
                viewer.skipped += told.skipped
                self.counts["skipped"] += told.skipped

    async def _tell(self, viewer: Viewer, text: str) -> None:
        viewer.sending_since = viewer.last_sent = time.monotonic()
        await viewer.send({"type": "websocket.send", "text": text})
        viewer.sending_since = 0.0
        self.messages += 1
        self.characters += len(text)

    async def _sweep(self) -> None:
        """Let go of who does not take what is sent or wants nothing, and ping the quiet."""
        rules = self.rules
        while self.viewers:
            await asyncio.sleep(1.0)
            now = time.monotonic()
            for viewer in list(self.viewers):
                if viewer.sending_since and now - viewer.sending_since > rules.send_patience_s:
                    self.counts["slow_viewers"] += 1
                    viewer.closing = (POLICY, "too slow")
                    if viewer.task is not None:
                        viewer.task.cancel()
                elif not viewer.seen and now - viewer.without_subscription_since > rules.idle_s:
                    self.counts["idle_viewers"] += 1
                    viewer.let_go(GOING_AWAY, "no subscription")
                elif now - viewer.last_sent > rules.ping_every_s and not viewer.sending_since:
                    viewer.reply({"op": "ping"})

    def tell_alert(self, event: dict[str, Any], as_of_ns: int) -> None:
        """Tell an alert to everybody who watches alerts."""
        self.alerts.add(event, as_of_ns)
        for subscription, run in self.runs.items():
            if subscription.channel == "alerts":
                run.tell()

    async def close(self) -> None:
        """Say goodbye to every viewer and end."""
        self._closing = True
        for viewer in list(self.viewers):
            viewer.let_go(GOING_AWAY, "the server stops")
        for _ in range(20):
            if not self.viewers:
                break
            await asyncio.sleep(0.05)
        for viewer in list(self.viewers):
            if viewer.task is not None:
                viewer.task.cancel()
        for run in self.runs.values():
            run.stop()
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def metrics_text(self) -> str:
        """Return counters in Prometheus' text format."""
        lines = [f"liqatlas_stream_viewers {len(self.viewers)}", f"liqatlas_stream_topics {len(self.runs)}"]
        names = (
            "sockets",
            "refused_sockets",
            "frames",
            "bad_frames",
            "skipped",
            "slow_viewers",
            "idle_viewers",
            "failed_viewers",
        )
        lines += [f"liqatlas_stream_{name}_total {self.counts[name]}" for name in names]
        lines += [
            f"liqatlas_stream_messages_total {self.messages}",
            f"liqatlas_stream_bytes_total {self.characters}",
        ]
        return "\n".join(lines) + "\n"


def _error(problem: Any) -> dict[str, Any]:
    return {"op": "error", "problem": {"type": problem.type, "title": problem.title, "status": problem.status,
                                       "detail": problem.detail, "instance": problem.instance}}  # fmt: skip


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


__all__ = ["Stream", "StreamRules", "Viewer"]
