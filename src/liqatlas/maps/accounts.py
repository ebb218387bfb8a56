"""The registry of accounts and whose turn it is: the rate limit is spent where a liquidation is near or large.

Each account has a pace, how often it should be looked at; the one most overdue as a share of its pace is next, so that when the
limit does not suffice all wait longer in proportion and none is forgotten.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.account_tables import ACCOUNTS

if TYPE_CHECKING:
    from collections.abc import Iterable

#: (nearest liquidation price within this share of the mark, look again after [s]), nearest first.
BY_DISTANCE = ((0.02, 60.0), (0.05, 300.0), (0.10, 900.0), (0.20, 1800.0))
#: (notional from [USD], look again after [s]), largest first.
BY_SIZE = ((1e7, 600.0), (1e6, 1800.0), (1e5, 3600.0))
#: Any position; no position; after a failure; seen in a public trade since the last look (its positions have changed).
HOLDER, EMPTY, RETRY, TRADED = 7200.0, 86_400.0, 60.0, 600.0
_NS = 1e9


@dataclass(slots=True)
class Account:
    """What is known of one account.

    Attributes
    ----------
    outcome
        ``new``, ``holds positions``, ``holds no position`` or ``failed``; a failure keeps what was known before it.
    last_seen_ns, last_tried_ns
        Of the last answer and of the last attempt; 0 for never.
    distance
        Of its nearest liquidation price, share of the mark; infinite where none is reachable.
    failures
        Attempts that failed since the last answer.
    hint_usd
        Account value a leaderboard gave, or turnover in public trades; it only tells whom to ask first.
    found_in, traded_ns
        Where its address was found; the last public trade it was seen in, 0 for none.
    """

    account: str
    outcome: str = "new"
    last_seen_ns: int = 0
    last_tried_ns: int = 0
    notional_usd: float = 0.0
    distance: float = math.inf
    failures: int = 0
    hint_usd: float = 0.0
    found_in: str = "list"
    traded_ns: int = 0

    @property
    def pace_s(self) -> float:
        """Seconds after which it should be looked at again."""
        if self.outcome == "failed":
            return RETRY * float(2 ** min(self.failures - 1, 8))
        rest = TRADED if self.traded_ns > self.last_seen_ns else math.inf
        if self.outcome == "holds no position":
            return min(EMPTY, rest)
        near = (pace for limit, pace in BY_DISTANCE if self.distance <= limit)
        large = (pace for limit, pace in BY_SIZE if self.notional_usd >= limit)
        return min(next(near, HOLDER), next(large, HOLDER), rest)

    def overdue(self, now_ns: int) -> float:
        """Return the time since the last attempt as a share of the pace; infinite for a new account."""
        if self.outcome == "new":
            return math.inf
        return (now_ns - self.last_tried_ns) / _NS / self.pace_s


class AccountRegistry:
    """All known accounts by address."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}

    def __len__(self) -> int:
        return len(self.accounts)

    def add(self, account: str, hint_usd: float = 0.0, *, found_in: str = "list", traded_ns: int = 0) -> None:
        """Add an address, or raise the hint and the last trade of a known one."""
        known = self.accounts.setdefault(account, Account(account, found_in=found_in))
        known.hint_usd = max(known.hint_usd, hint_usd)
        known.traded_ns = max(known.traded_ns, traded_ns)

    def note(
        self,
        account: str,
        outcome: str,
        when_ns: int,
        *,
        notional_usd: float = 0.0,
        distance: float = math.inf,
    ) -> None:
        """Keep what an attempt gave; a failure changes neither size nor distance, and is never an empty account."""
        self.add(account)
        known = self.accounts[account]
        known.outcome, known.last_tried_ns = outcome, max(known.last_tried_ns, when_ns)
        if outcome == "failed":
            known.failures += 1
            return
        known.failures = 0
        known.last_seen_ns = max(known.last_seen_ns, when_ns)
        known.notional_usd, known.distance = notional_usd, distance

    def due(self, now_ns: int, limit: int) -> list[str]:
        """Return up to ``limit`` accounts whose turn it is, the most overdue first, new ones by the size hinted at."""
        waiting = [(one.overdue(now_ns), one.hint_usd, one.account) for one in self.accounts.values()]
        ready = sorted((entry for entry in waiting if entry[0] >= 1), key=lambda e: (-e[0], -e[1], e[2]))
        return [account for _, _, account in ready[:limit]]

    def counts(self) -> dict[str, int]:
        """Return how many accounts there are by outcome."""
        found: dict[str, int] = {}
        for one in self.accounts.values():
            found[one.outcome] = found.get(one.outcome, 0) + 1
        return found

    def to_polars(self, accounts: Iterable[str] | None = None) -> pl.DataFrame:
        """Return the registry, or some of its accounts, as a table in the schema ``ACCOUNTS``."""
        chosen = self.accounts.values() if accounts is None else [self.accounts[a] for a in accounts]
        rows = [tuple(getattr(one, name) for name in ACCOUNTS.columns) for one in chosen]
        return ACCOUNTS.conform(pl.DataFrame(rows, schema=ACCOUNTS.schema, orient="row"))

    @classmethod
    def from_polars(cls, frame: pl.DataFrame) -> AccountRegistry:
        """Return the registry of a table."""
        registry = cls()
        for row in ACCOUNTS.conform(frame).iter_rows(named=True):
            registry.accounts[row["account"]] = Account(**row)
        return registry
