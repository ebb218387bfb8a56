"""HTTP with manners: budget, back-off, Retry-After, proxy, and answers that say 200 but are failures."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

import aiohttp

from liqatlas.base.clock import now_ns
from liqatlas.base.errors import FormatError, InputError, SourceUnavailableError, UnknownSymbolError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from liqatlas.venues.budget import RateBudget

T = TypeVar("T")
RefusalKind = Literal["retry", "limit", "symbol", "final"]
_LIMITED = {403, 418, 429}
_GEO_BLOCKED = 451


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an answer is a failure although it arrived: try again, slow down, unknown symbol, or final."""

    kind: RefusalKind
    text: str


def refusal_by_code(
    code: object,
    said: str,
    *,
    limit: Container[object],
    unknown: Container[object],
    passing: Container[object],
) -> Refusal:
    """Return what a venue's error code means, by its tables of codes; one that stands in none is final."""
    text = f"code {code}, {said!r}"
    if code in limit:
        return Refusal("limit", text)
    if code in unknown:
        return Refusal("symbol", text)
    return Refusal("retry" if code in passing else "final", text)


class Answer(NamedTuple):
    """A body with the moments of asking and receiving [ns] and the headers."""

    body: bytes
    sent_ns: int
    recv_ns: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """One request: where, with what, and what it costs of which quota; a ``body`` makes it a POST."""

    path: str
    weight: float
    quota: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try.

    ``limit_wait_s`` is what a 429, 418 or 403 without Retry-After costs; ``max_wait_s`` the longest a caller is kept.
    """

    attempts: int = 5
    timeout_s: float = 15.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0
    max_wait_s: float = 120.0
    limit_wait_s: Mapping[int, float] = field(default_factory=lambda: {429: 5.0, 418: 120.0, 403: 60.0})
    max_body_bytes: int = 64 * 1024 * 1024


@dataclass(slots=True)
class HttpStats:
    """What the transport went through, for /metrics and doctor."""

    requests: int = 0
    retries: int = 0
    limited: int = 0
    soft_failures: int = 0
    server_errors: int = 0
    network_errors: int = 0
    bytes_in: int = 0


class Transport:
    """Requests to one venue.

    Parameters
    ----------
    name
        The venue's name for messages.
    base_url
        Where it answers; a stub or a mirror may stand in.
    budget
        Shared with everybody who asks this venue.
    observe
        Sees the headers of every answer: some venues count our weight there.
    check
        Says why a body is a failure although HTTP said 200 (or what a 4xx body means); ``None`` accepts it.
    proxy
        Proxy of this venue, such as ``http://127.0.0.1:3128``.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        budget: RateBudget,
        *,
        check: Callable[[bytes], Refusal | None],
        observe: Callable[[Mapping[str, str]], None] | None = None,
        proxy: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.name, self.base_url, self.budget, self.proxy = name, base_url.rstrip("/"), budget, proxy
        self.patience = patience or Patience()
        self.stats = HttpStats()
        self._check, self._observe = check, observe
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def session(self) -> aiohttp.ClientSession:
        """Return the session, opened on first use.

        Raises
        ------
        SourceUnavailableError
            If the client was closed: a request left over from a failed group must not open a session that nobody closes.
        """
        if self._closed:
            raise SourceUnavailableError(f"the client of {self.name} was closed")
        if self._session is None or self._session.closed:
            timeout = aiohttp.ClientTimeout(total=self.patience.timeout_s)
            self._session = aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": "liqatlas"})
        return self._session

    async def close(self) -> None:
        """Close the session for good."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def ask(self, question: Question, parse: Callable[[Answer], T]) -> T:
        """Return what ``parse`` makes of the answer; an answer it cannot read is a soft failure and asked for again.

        Raises
        ------
        SourceUnavailableError
            If the venue cannot be reached, asks for a longer pause than allowed, blocks this region or keeps failing.
        UnknownSymbolError
            If the venue knows no such symbol.
        InputError
            If the venue finds the request itself wrong.
        """
        trouble = ""
        for attempt in range(self.patience.attempts):
            if attempt:
                self.stats.retries += 1
            await self._wait_for_block()
            await self.budget.take(question.weight, question.quota)
            self.stats.requests += 1
            try:
                status, answer = await self._once(question)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self.stats.network_errors += 1
                trouble = f"{type(error).__name__}: {error}".rstrip(": ")
                await self._back_off(attempt)
                continue
            trouble = self._judge(status, answer, question.path)
            if not trouble:
                try:
                    return parse(answer)
                except FormatError as error:
                    self.stats.soft_failures += 1
                    trouble = str(error)
            if status not in _LIMITED:
                await self._back_off(attempt)
        raise SourceUnavailableError(
            f"{self.name} did not answer {question.path} in {self.patience.attempts} attempts; last: {trouble}"
        )

    async def _once(self, question: Question) -> tuple[int, Answer]:
        """Ask once; a question with a body is a POST of JSON."""
        session, body = await self.session(), question.body
        method = "GET" if body is None else "POST"
        headers = None if body is None else {"Content-Type": "application/json"}
        sent = now_ns()
        async with session.request(
            method,
            self.base_url + question.path,
            params=question.params,
            data=body,
            headers=headers,
            proxy=self.proxy,
        ) as response:
            payload = bytearray()
            async for chunk in response.content.iter_any():
                payload += chunk
                if len(payload) > self.patience.max_body_bytes:
                    raise aiohttp.ClientPayloadError(f"body exceeds {self.patience.max_body_bytes} bytes")
            self.stats.bytes_in += len(payload)
            if self._observe is not None:
                self._observe(response.headers)
            return response.status, Answer(bytes(payload), sent, now_ns(), response.headers)

    def _judge(self, status: int, answer: Answer, path: str) -> str:
        """Return why the answer is no good and may be asked for again, or an empty text; raise what is final."""
        if status in _LIMITED:
            return self._limited(status, answer)
        if status == _GEO_BLOCKED:
            raise SourceUnavailableError(
                f"{self.name} refuses this region (HTTP 451): set a proxy for it or leave the venue out"
            )
        if status >= 500:
            self.stats.server_errors += 1
            return f"HTTP {status}"
        refusal = self._check(answer.body)
        if refusal is None and status >= 400:
            raise InputError(f"{self.name} refused {path}: HTTP {status}, {_excerpt(answer.body)}")
        if refusal is None:
            return ""
        return self._refused(refusal, path)

    def _refused(self, refusal: Refusal, path: str) -> str:
        """Return a soft failure's text, or raise it."""
        if refusal.kind == "symbol":
            raise UnknownSymbolError(refusal.text, where=self.name)
        if refusal.kind == "final":
            raise InputError(f"{self.name} refused {path}: {refusal.text}")
        self.stats.soft_failures += 1
        if refusal.kind == "limit":
            self.stats.limited += 1
            self.budget.block(self.patience.limit_wait_s[429], refusal.text)
        return refusal.text

    def _limited(self, status: int, answer: Answer) -> str:
        """Keep everybody away for as long as the venue asks."""
        self.stats.limited += 1
        wait = _retry_after_s(answer.headers)
        if wait is None:
            wait = self.patience.limit_wait_s[status]
        self.budget.block(wait, f"{self.name} answered HTTP {status}")
        return f"HTTP {status}, wait {wait:g} s"

    async def _wait_for_block(self) -> None:
        """Refuse to wait longer than the caller can be kept."""
        seconds, reason = self.budget.blocked_for()
        if seconds > self.patience.max_wait_s:
            raise SourceUnavailableError(f"{reason}: it wants no request for another {seconds:.0f} s")

    async def _back_off(self, attempt: int) -> None:
        """Wait twice as long each time, with jitter so that many clients do not return together."""
        wait = min(self.patience.longest_wait_s, self.patience.first_wait_s * 2**attempt)
        await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 -- jitter, not a secret


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return Retry-After in seconds; its date form is not used by these venues."""
    text = headers.get("Retry-After", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        return None


def _excerpt(body: bytes) -> str:
    """Return the start of a body for a message."""
    return repr(body[:160].decode("utf-8", "replace"))
