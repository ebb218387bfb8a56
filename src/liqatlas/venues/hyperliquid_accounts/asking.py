"""Asking for accounts within the venue's limit: 1,200 weight a minute and address.

``clearinghouseState`` weighs 2, so 600 accounts a minute. ``batchClearinghouseStates {users:[…]}`` is not in the venue's own
documentation but in a node provider's; it is tried once, taken as an ordinary request of weight 20, and given up where it fails.

Source: https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api/rate-limits-and-user-limits, read 2026-11-22.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from liqatlas.base.errors import SourceUnavailableError
from liqatlas.venues.hyperliquid_accounts.addresses import ranked_accounts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

API = "https://api.hyperliquid.xyz"
LEADERBOARD = "https://stats-data.hyperliquid.xyz/Mainnet/leaderboard"
WEIGHT_PER_MINUTE = 1200
LIGHT, ORDINARY = 2, 20
#: Accounts in one batch request.
BATCH = 50
#: The leaderboard has about 40 MB; what is much larger is something else.
MOST_LEADERBOARD_BYTES = 200_000_000
_SECONDS = 60.0


@dataclass(slots=True)
class Limiter:
    """A token bucket that lets at most ``weight`` through in any 60 s, however the window lies.

    A bucket of capacity C refilled at r passes C + 60 r in 60 s; both are cut from ``share`` of the limit.
    """

    weight: float = WEIGHT_PER_MINUTE
    share: float = 0.9
    burst: float = 0.1
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    waited_s: float = 0.0
    _tokens: float = field(init=False)
    _at: float = field(init=False)
    _blocked_until: float = 0.0
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._tokens, self._at = self._capacity, self.clock()

    @property
    def _capacity(self) -> float:
        return self.weight * self.share * self.burst

    @property
    def _refill(self) -> float:
        return self.weight * self.share * (1 - self.burst) / _SECONDS

    async def take(self, weight: float) -> None:
        """Wait until ``weight`` may be spent, and spend it; callers are served in their order."""
        async with self._turn:
            while True:
                now = self.clock()
                self._tokens = min(self._capacity, self._tokens + (now - self._at) * self._refill)
                self._at = now
                wait = max(self._blocked_until - now, (weight - self._tokens) / self._refill)
                if wait <= 0:
                    self._tokens -= weight
                    return
                wait = max(wait, 0.001)
                self.waited_s += wait
                await self.sleep(wait)

    def block(self, seconds: float) -> None:
        """Let nobody ask for a while: the venue said so."""
        self._blocked_until = max(self._blocked_until, self.clock() + seconds)
        self._tokens = 0.0


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Accounts with their value [USD]; ``stopped`` says where the source broke off, empty where it came whole."""

    accounts: dict[str, float]
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a body, or why none did."""

    body: bytes = b""
    reason: str = ""


class AccountClient:
    """Asks a Hyperliquid info endpoint (the venue's, a node's or a stub's) for accounts.

    Parameters
    ----------
    base_url
        Where ``/info`` is.
    limiter
        Shared by everything that asks from this address.
    timeout_s
        For one answer; a source that stalls is given up.
    leaderboard_s
        For the whole leaderboard; what has arrived by then is used.
    """

    def __init__(
        self,
        base_url: str = API,
        *,
        limiter: Limiter | None = None,
        leaderboard_url: str = LEADERBOARD,
        timeout_s: float = 15.0,
        leaderboard_s: float = 300.0,
    ) -> None:
        self.base_url, self.leaderboard_url = base_url.rstrip("/"), leaderboard_url
        self.limiter = limiter or Limiter()
        self.timeout_s, self.leaderboard_s = timeout_s, leaderboard_s
        self.requests = 0
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self.timeout_s, sock_read=self.timeout_s)
        self._session = aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": "liqatlas"})
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def state(self, user: str) -> Answer:
        """Return the answer to ``clearinghouseState`` of one account."""
        return await self._info({"type": "clearinghouseState", "user": user}, LIGHT)

    async def states(self, users: Sequence[str]) -> list[bytes] | None:
        """Return one body per user, or None where the endpoint has no batch requests (or fails this time)."""
        answer = await self._info({"type": "batchClearinghouseStates", "users": list(users)}, ORDINARY)
        try:
            trees = json.loads(answer.body) if not answer.reason else None
        except ValueError:
            return None
        if not isinstance(trees, list) or len(trees) != len(users):
            return None
        return [json.dumps(tree, separators=(",", ":")).encode() for tree in trees]

    async def contexts(self) -> Answer:
        """Return the answer to ``metaAndAssetCtxs``: margin tables, marks and open interest of all coins."""
        return await self._info({"type": "metaAndAssetCtxs"}, ORDINARY)

    async def _info(self, question: Mapping[str, Any], weight: float) -> Answer:
        assert self._session is not None, "the client is used inside 'async with'"
        await self.limiter.take(weight)
        self.requests += 1
        try:
            async with self._session.post(f"{self.base_url}/info", json=question) as response:
                body = await response.read()
                if response.status == 429:
                    self.limiter.block(float(response.headers.get("Retry-After", "10")))
                    return Answer(reason="HTTP 429: too many requests")
                if response.status != 200:
                    return Answer(reason=f"HTTP {response.status}")
                return Answer(body)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Answer(reason=f"{type(error).__name__}: {error}".rstrip(": "))

    async def leaderboard(self) -> Leaderboard:
        """Return the accounts of the leaderboard with their value [USD]; where it stalls, those that had arrived.

        Raises
        ------
        SourceUnavailableError
            If it cannot be reached, or no account had arrived.
        """
        assert self._session is not None, "the client is used inside 'async with'"
        pieces: list[bytes] = []
        why = ""
        try:
            async with (
                asyncio.timeout(self.leaderboard_s),
                self._session.get(self.leaderboard_url) as response,
            ):
                response.raise_for_status()
                async for piece in response.content.iter_chunked(1 << 18):
                    pieces.append(piece)
                    if sum(map(len, pieces)) > MOST_LEADERBOARD_BYTES:
                        why = "larger than expected"
                        break
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = type(error).__name__
        found = ranked_accounts(pieces)
        where = f"the leaderboard stopped after {sum(map(len, pieces)) / 1e6:.1f} MB ({why})" if why else ""
        if not found:
            raise SourceUnavailableError(
                f"{where or 'the leaderboard holds no account rows'}: try again later, or give addresses with --addresses FILE"
            )
        return Leaderboard(found, f"{where}: {len(found):,} accounts of it are known" if where else "")
