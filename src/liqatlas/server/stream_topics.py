"""Topics at work: looked at as long as somebody watches, encoded once for all who saw the same state last."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from liqatlas.base.clock import isoformat
from liqatlas.base.errors import LiqAtlasError
from liqatlas.flows.serving_stream import News
from liqatlas.server.problems import problem_of

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from liqatlas.flows.serving import Source
    from liqatlas.flows.serving_stream import Change, Topic
    from liqatlas.server.stream import Viewer
    from liqatlas.server.stream_frames import Subscription

LOG = logging.getLogger("liqatlas.server")
#: After a failure a topic is looked at again this late [s].
PAUSE_S = 2.0
ALERTS_KEPT = 200


@dataclass(frozen=True, slots=True)
class Told:
    """A message for all who saw the same state last."""

    seq: int
    text: str
    skipped: int


@dataclass(slots=True)
class AlertsTopic:
    """Alerts as they are raised."""

    every_s: float = 3600.0
    seq: int = 0
    _events: deque[tuple[int, dict[str, Any], int]] = field(default_factory=lambda: deque(maxlen=ALERTS_KEPT))

    def add(self, event: dict[str, Any], as_of_ns: int) -> None:
        """Take an alert in."""
        self.seq += 1
        self._events.append((self.seq, event, as_of_ns))

    def look(self) -> Change | None:
        """Nothing is looked up: alerts are told."""
        return None

    def since(self, seen: int) -> News | None:
        """Return the alerts after state ``seen``; of a first look the newest ten."""
        held = list(self._events)
        fresh = [e for e in held if e[0] > seen] if seen else held[-10:]
        if not fresh:
            return None
        missed = max(fresh[0][0] - seen - 1, 0) if seen else 0
        return News({"alerts": [e[1] for e in fresh]}, whole=not seen, as_of_ns=fresh[-1][2], skipped=missed)


class TopicRun:
    """A topic with its viewers."""

    def __init__(
        self, topic: Topic, source: Source, subscription: Subscription, pool: ThreadPoolExecutor
    ) -> None:
        self.topic, self.subscription = topic, subscription
        self.viewers: set[Viewer] = set()
        self._source, self._pool = source, pool
        self._bodies: dict[tuple[int, int], Told | None] = {}
        self._failure = ""
        self._version: Any = None
        self._task = asyncio.create_task(self._run())

    def join(self, viewer: Viewer) -> None:
        """Add a viewer."""
        self.viewers.add(viewer)

    def leave(self, viewer: Viewer) -> None:
        """Take a viewer away."""
        self.viewers.discard(viewer)

    def stop(self) -> None:
        """Look no more."""
        self._task.cancel()

    def tell(self) -> None:
        """Wake everybody: there is a new state."""
        self._bodies.clear()
        for viewer in self.viewers:
            viewer.wake.set()

    def since(self, seen: int) -> Told | None:
        """Return the message for who saw a state last; nothing where there is nothing newer."""
        seq = self.topic.seq
        if seq <= seen:
            return None
        place = (seen, seq)
        if place not in self._bodies:
            news = self.topic.since(seen)
            self._bodies[place] = None if news is None else Told(seq, self._encode(news, seq), news.skipped)
        return self._bodies[place]

    def _encode(self, news: News, seq: int) -> str:
        text = orjson.dumps(
            {
                **self.subscription.tree(),
                "seq": seq,
                "as_of": isoformat(news.as_of_ns),
                "simulated": self._source.simulated,
                "skipped": news.skipped,
                "data": news.data,
            },
            option=orjson.OPT_SERIALIZE_NUMPY,
        )
        return self._source.without_places(text).decode()

    async def _run(self) -> None:
        """Look again and again, in a thread; where the content did not change there is nothing to see."""
        loop = asyncio.get_running_loop()
        while True:
            began = time.monotonic()
            pause = self.topic.every_s
            try:
                change = await loop.run_in_executor(self._pool, self._look)
                if change is not None:
                    change()
                    self._failure = ""
                    self.tell()
            except LiqAtlasError as error:
                pause = max(pause, PAUSE_S)
                self._say(error)
            except Exception as error:
                LOG.exception("a fault while looking at %s", self.subscription)
                pause = max(pause, PAUSE_S)
                self._say(error)
            took = time.monotonic() - began
            await asyncio.sleep(max(pause - took, took, 0.02))  # never busy more than half of the time

    def _look(self) -> Change | None:
        asset = "" if self.subscription.channel == "alerts" else self.subscription.asset
        version = self._source.version(asset)
        if version == self._version and self.topic.seq:
            return None
        change = self.topic.look()
        self._version = version
        return change

    def _say(self, error: Exception) -> None:
        """Tell the viewers once why there is nothing to see."""
        problem = problem_of(error, f"/ws/v1/stream#{self.subscription.channel}")
        if problem.detail == self._failure:
            return
        self._failure = problem.detail
        tree = {"op": "error", **self.subscription.tree(), "problem": {
            "type": problem.type, "title": problem.title, "status": problem.status, "detail": problem.detail,
            "instance": problem.instance,
        }}  # fmt: skip
        for viewer in self.viewers:
            viewer.reply(tree)
