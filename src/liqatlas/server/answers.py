"""Answers: bytes made once per content in bounded threads, kept, compressed once, revalidated by ETag."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import zstandard

from liqatlas.base.errors import LiqAtlasError
from liqatlas.server.problems import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

#: Bytes of answers kept, compressed forms included.
CAPACITY = 192 * 2**20
ENTRIES = 512
#: Computations under way or waiting; more are refused with 503.
MOST_UNDER_WAY = 64
#: A key rests at least this long before it is made again [s].
REST_S = 0.25
#: Smaller bodies are not compressed.
_WORTH_COMPRESSING = 512


@dataclass(frozen=True, slots=True)
class Made:
    """A body as it was made."""

    body: bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A body with its ETag and its compressed forms."""

    made: Made
    etag: str
    forms: dict[str, bytes]

    @property
    def weight(self) -> int:
        """Bytes it takes."""
        return len(self.made.body) + sum(map(len, self.forms.values()))


def make_answer(made: Made) -> Answer:
    """Return an answer with every form a client may accept."""
    etag = hashlib.blake2b(made.body, digest_size=12).hexdigest()
    forms = {}
    if len(made.body) >= _WORTH_COMPRESSING and not made.media_type.startswith(("image/", "font/")):
        forms["zstd"] = zstandard.compress(made.body, 3)
        forms["gzip"] = gzip.compress(made.body, 5, mtime=0)
    return Answer(made, etag, forms)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What was made last for a key: of which content, until when it took, and how long."""

    version: Hashable
    result: Answer | LiqAtlasError
    done: float
    took: float

    @property
    def weight(self) -> int:
        return self.result.weight if isinstance(self.result, Answer) else 512


class Answers:
    """Answers by key; each is made once, in a thread, however many ask for it.

    Where the content changes faster than answers can be made, the last one is given while the next is made, for at most
    ``stale_s``: every answer says what moment it is of. No key keeps a thread busy more than half of the time.

    Parameters
    ----------
    slow_threads
        For what takes seconds: two, so that scores under way for a minute do not keep a report waiting.
    patience_s
        A caller waits at most this long; the work goes on and is kept for whoever asks again.
    stale_s
        An answer of former content is given for at most this long after it was made.
    clean
        Takes out of a text what is nobody's business.
    """

    def __init__(
        self,
        *,
        threads: int = 2,
        slow_threads: int = 2,
        patience_s: float = 25.0,
        stale_s: float = 10.0,
        clean: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._quick = ThreadPoolExecutor(threads, "answers")
        self._slow = ThreadPoolExecutor(slow_threads, "slow-answers")
        self._making: dict[Hashable, asyncio.Future[Answer]] = {}
        self._began: dict[Hashable, float] = {}
        self._kept: OrderedDict[Hashable, _Entry] = OrderedDict()
        self.patience_s, self.stale_s, self._clean = patience_s, stale_s, clean
        self.weighs = self.hits = self.stale = self.misses = self.refused = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def under_way(self) -> int:
        """Computations under way or waiting."""
        return len(self._making)

    async def get(
        self, key: Hashable, make: Callable[[], Made], *, version: Hashable = None, slow: bool = False
    ) -> Answer:
        """Return the answer of a key.

        Parameters
        ----------
        version
            Names the content it is made of; an answer of the same content is not made again.

        Raises
        ------
        Refused
            If too much is under way (503) or it takes too long (503; asking again later finds it).
        LiqAtlasError
            What making it raised; a refusal of the data is kept as an answer is.
        """
        held = self._kept.get(key)
        if held is not None and held.version == version:
            self._kept.move_to_end(key)
            self.hits += 1
            return _given(held)
        now = time.monotonic()
        old = held if held is not None and now - held.done <= self.stale_s else None
        if old is not None and now < old.done + max(old.took, REST_S):
            self.stale += 1
            return _given(old)
        task = self._making.get(key)
        if task is None:
            self._admit()
            self.misses += 1
            task = asyncio.create_task(self._make(key, version, make, slow=slow))
            self._making[key], self._began[key] = task, now
            task.add_done_callback(lambda done: self._forget(key, done))
        if old is not None:
            self.stale += 1
            return _given(old)
        began = self._began.get(key, now)
        try:
            return await asyncio.wait_for(asyncio.shield(task), self.patience_s)
        except TimeoutError:
            raise Refused(
                503,
                f"this takes longer than {self.patience_s:g} s; it has been under way for {time.monotonic() - began:.0f} s, goes on "
                "and is kept: ask again in a moment",
                kind="still-computing",
                retry_after_s=5,
            ) from None

    def _admit(self) -> None:
        if len(self._making) >= MOST_UNDER_WAY:
            self.refused += 1
            raise Refused(
                503,
                f"{MOST_UNDER_WAY} answers are being made: ask again in a moment",
                kind="busy",
                retry_after_s=2,
            )

    def _forget(self, key: Hashable, done: asyncio.Future[Answer]) -> None:
        self._making.pop(key, None)
        self._began.pop(key, None)
        if not done.cancelled():
            done.exception()  # whoever waits gets it; where nobody waits any more it is not a fault

    async def _make(
        self, key: Hashable, version: Hashable, make: Callable[[], Made], *, slow: bool
    ) -> Answer:
        def work() -> Answer | LiqAtlasError:
            try:
                return self._answer(make())
            except LiqAtlasError as error:
                if error.http_status >= 500:
                    raise
                return error

        began = time.monotonic()
        loop = asyncio.get_running_loop()
        result = await loop.run_in_executor(self._slow if slow else self._quick, work)
        done = time.monotonic()
        entry = _Entry(version, result, done, done - began)
        self._put(key, entry)
        return _given(entry)

    def _put(self, key: Hashable, entry: _Entry) -> None:
        former = self._kept.pop(key, None)
        self.weighs -= former.weight if former is not None else 0
        if entry.weight > CAPACITY:
            return
        self._kept[key] = entry
        self.weighs += entry.weight
        while len(self._kept) > ENTRIES or self.weighs > CAPACITY:
            _, gone = self._kept.popitem(last=False)
            self.weighs -= gone.weight

    async def run(self, work: Callable[[], Made], *, slow: bool = True) -> Answer:
        """Return an answer that is not kept, made in a thread."""
        self._admit()
        loop = asyncio.get_running_loop()
        pool = self._slow if slow else self._quick
        key = object()
        task = asyncio.ensure_future(loop.run_in_executor(pool, lambda: self._answer(work())))
        self._making[key] = task
        task.add_done_callback(lambda _: self._making.pop(key, None))
        try:
            return await asyncio.wait_for(asyncio.shield(task), self.patience_s)
        except TimeoutError:
            raise Refused(
                503, f"this takes longer than {self.patience_s:g} s", kind="too-slow", retry_after_s=5
            ) from None

    def _answer(self, made: Made) -> Answer:
        text = made.media_type.startswith(("text/", "application/json"))
        return make_answer(replace(made, body=self._clean(made.body)) if text else made)

    def close(self) -> None:
        """Let nothing new begin; what runs ends by itself."""
        self._quick.shutdown(wait=False, cancel_futures=True)
        self._slow.shutdown(wait=False, cancel_futures=True)


def _given(entry: _Entry) -> Answer:
    if isinstance(entry.result, LiqAtlasError):
        raise entry.result
    return entry.result


def chosen_form(answer: Answer, accepted: str) -> tuple[str, bytes]:
    """Return the content coding (empty: none) and the bytes that suit an ``Accept-Encoding`` header."""
    if not answer.forms:
        return "", answer.made.body
    asked: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.strip().partition(";")
        try:
            asked[name.strip()] = float(weight.partition("=")[2]) if weight else 1.0
        except ValueError:
            asked[name.strip()] = 0.0
    for name in ("zstd", "gzip"):
        if name in answer.forms and asked.get(name, asked.get("*", 0.0)) > 0:
            return name, answer.forms[name]
    return "", answer.made.body
