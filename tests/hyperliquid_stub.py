"""A Hyperliquid info endpoint on loopback with generated accounts, the documented weight limit and injected failures.

It keeps the venue's side: it counts weight in any 60 s of ITS clock and answers 429 above 1,200; accounts that are to fail do so in
one of two ways, without an answer (HTTP 500) or with one that lacks ``marginSummary``. Its liquidation prices come from the plain
one-tier formula written out here, not from ours.
"""

from __future__ import annotations

import random
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

COINS = {"BTC": (70_000.0, 40), "ETH": (2_000.0, 25), "SOL": (85.0, 20)}
TIME_MS = 1_770_750_000_000
WEIGHTS = {"clearinghouseState": 2}


@dataclass(slots=True)
class VirtualClock:
    """Seconds that pass only when somebody sleeps."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def address(number: int) -> str:
    return f"0x{number:040x}"


def state_of(number: int, seed: int, caps: dict[str, int] | None = None) -> dict[str, Any]:
    """Return one account: four in ten hold one to three coins, margined cross; ``caps`` are leverage caps other than usual."""
    rng = random.Random(f"{seed}-{number}")
    held, owed, notional, profit = [], 0.0, 0.0, 0.0
    if rng.random() < 0.4:
        for coin in rng.sample(sorted(COINS), rng.randint(1, 3)):
            mark, cap = COINS[coin][0], (caps or {}).get(coin, COINS[coin][1])
            size = round(rng.choice([-1, 1]) * rng.uniform(100, 50_000) / mark, 6)
            entry = round(mark * rng.uniform(0.97, 1.03), 2)
            held.append((coin, size, entry, mark, cap))
            owed += abs(size) * mark / (2 * cap)
            notional += abs(size) * mark
            profit += size * (mark - entry)
    equity = round(owed + notional * rng.uniform(0.02, 1.2), 6) if held else round(rng.uniform(0, 500), 2)
    positions = []
    for coin, size, entry, mark, cap in held:
        side = 1 if size > 0 else -1
        level = mark - side * (equity - owed) / abs(size) / (1 - side / (2 * cap))
        positions.append({
            "type": "oneWay",
            "position": {
                "coin": coin, "szi": f"{size}", "entryPx": f"{entry}", "positionValue": f"{abs(size) * mark:.6f}",
                "unrealizedPnl": f"{size * (mark - entry):.6f}", "returnOnEquity": "0.0",
                "liquidationPx": f"{level:.10f}" if level > 0 else None, "marginUsed": f"{abs(size) * mark / 10:.6f}",
                "maxLeverage": cap, "leverage": {"type": "cross", "value": 10},
                "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
            },
        })  # fmt: skip
    summary = {
        "accountValue": f"{equity:.6f}", "totalNtlPos": f"{notional:.6f}", "totalRawUsd": f"{equity:.6f}",
        "totalMarginUsed": f"{notional / 10:.6f}",
    }  # fmt: skip
    return {
        "assetPositions": positions, "marginSummary": summary, "crossMarginSummary": summary,
        "crossMaintenanceMarginUsed": f"{owed:.6f}", "withdrawable": "0.0", "time": TIME_MS,
    }  # fmt: skip


@dataclass(slots=True)
class HyperliquidStub:
    """The endpoint.

    ``hard`` and ``soft`` are account numbers that fail each in its way, ``times`` attempts long (0: always). ``time_ms`` is the time
    of every state (0: now). ``attempts`` counts
    every answer given by kind.
    """

    accounts: int
    seed: int = 1
    hard: frozenset[int] = frozenset()
    soft: frozenset[int] = frozenset()
    times: int = 0
    time_ms: int = 0
    batches: bool = False
    clock: Callable[[], float] = field(default_factory=VirtualClock)
    attempts: Counter[str] = field(default_factory=Counter)
    most_weight: float = 0.0
    caps: dict[str, int] = field(default_factory=dict)
    open_interest: dict[str, float] = field(
        default_factory=lambda: {"BTC": 4000.0, "ETH": 90_000.0, "SOL": 900_000.0}
    )
    _spent: deque[tuple[float, float]] = field(default_factory=deque)
    _asked: Counter[int] = field(default_factory=Counter)

    @classmethod
    def with_failures(cls, accounts: int, share: float = 0.05, **more: Any) -> HyperliquidStub:
        """Return a stub in which a share of the accounts fails hard and as many softly."""
        order = list(range(1, accounts + 1))
        random.Random(7).shuffle(order)
        count = round(accounts * share)
        return cls(accounts, hard=frozenset(order[:count]), soft=frozenset(order[count : 2 * count]), **more)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/info", self._info)
        app.router.add_get("/leaderboard", self._leaderboard)
        return app

    def addresses(self) -> list[str]:
        return [address(n) for n in range(1, self.accounts + 1)]

    def seen_states(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the truth of every account that does not fail for ever."""
        failing = (self.hard | self.soft) if not self.times else frozenset()
        when = {"time": self.time_ms} if self.time_ms else {}
        return [
            (address(n), state_of(n, self.seed, self.caps) | when)
            for n in range(1, self.accounts + 1)
            if n not in failing
        ]

    def _limited(self, weight: float) -> bool:
        now = self.clock()
        while self._spent and self._spent[0][0] <= now - 60:
            self._spent.popleft()
        spent = sum(w for _, w in self._spent)
        if spent + weight > 1200:
            return True
        self._spent.append((now, weight))
        self.most_weight = max(self.most_weight, spent + weight)
        return False

    async def _info(self, request: web.Request) -> web.Response:
        body = await request.json()
        kind = body["type"]
        if self._limited(WEIGHTS.get(kind, 20)):
            self.attempts["limited"] += 1
            return web.Response(status=429, headers={"Retry-After": "5"})
        if kind == "clearinghouseState":
            return self._state(body["user"])
        if kind == "batchClearinghouseStates" and self.batches:
            return web.json_response([self._answer(int(user, 16))[0] for user in body["users"]])
        if kind == "metaAndAssetCtxs":
            contexts = [
                {
                    "markPx": f"{COINS[c][0]}",
                    "oraclePx": f"{COINS[c][0]}",
                    "openInterest": f"{self.open_interest[c]}",
                    "funding": "0",
                }
                for c in COINS
            ]
            return web.json_response([self._meta(), contexts])
        if kind == "meta":
            return web.json_response(self._meta())
        if kind == "spotMeta":
            return web.json_response({"universe": [], "tokens": []})
        return web.Response(status=422, text="Failed to deserialize the JSON body into the target type")

    def _meta(self) -> dict[str, Any]:
        universe = [
            {
                "name": c,
                "szDecimals": 5,
                "maxLeverage": self.caps.get(c, cap),
                "marginTableId": self.caps.get(c, cap),
            }
            for c, (_, cap) in COINS.items()
        ]
        return {"universe": universe, "marginTables": []}

    def _state(self, user: str) -> web.Response:
        tree, status = self._answer(int(user, 16))
        return web.Response(status=500) if status == 500 else web.json_response(tree)

    def _answer(self, number: int) -> tuple[dict[str, Any], int]:
        self._asked[number] += 1
        failing = not self.times or self._asked[number] <= self.times
        if failing and number in self.hard:
            self.attempts["hard"] += 1
            return {}, 500
        if failing and number in self.soft:
            self.attempts["soft"] += 1
            return {"assetPositions": [], "withdrawable": "0.0"}, 200
        self.attempts["fine"] += 1
        when = self.time_ms or time.time_ns() // 1_000_000
        return state_of(number, self.seed, self.caps) | {"time": when}, 200

    async def _leaderboard(self, _request: web.Request) -> web.Response:
        rows = [
            {
                "ethAddress": a,
                "accountValue": f"{i}.5",
                "windowPerformances": [["day", {"pnl": "1", "roi": "0", "vlm": "0"}]],
            }
            for i, a in enumerate(self.addresses(), start=1)
        ]
        return web.json_response({"leaderboardRows": rows})
