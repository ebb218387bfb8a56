"""Table schemas of public accounts: whom we know, where they were seen trading, when they were seen to hold nothing.

They are of a venue's accounts, not of one instrument, and rest beside the rows of instruments (see ``schemas``).
"""

from __future__ import annotations

import polars as pl

from liqatlas.base.schemas import Column, Table

OUTCOME = pl.Enum(["new", "holds positions", "holds no position", "failed"])
#: Where an address was found first.
FOUND_IN = pl.Enum(["list", "leaderboard", "trades", "states"])

_NS = pl.Int64()
_F = pl.Float64()
_ACCOUNT = Column(pl.String(), "", "address or account name")

ACCOUNTS = Table(
    "accounts",
    "the registry: one row per known account of a venue",
    {
        "account": _ACCOUNT,
        "found_in": Column(FOUND_IN, "", "where its address was found first"),
        "outcome": Column(OUTCOME, "", "of the last attempt; a failure keeps what was known before it"),
        "last_seen_ns": Column(_NS, "ns since 1970 UTC", "last answer; 0 for never"),
        "last_tried_ns": Column(_NS, "ns since 1970 UTC", "last attempt; 0 for never"),
        "traded_ns": Column(_NS, "ns since 1970 UTC", "last public trade it was seen in; 0 for none"),
        "notional_usd": Column(_F, "USD", "value of all its positions at the last answer"),
        "distance": Column(
            _F, "fraction", "of its nearest liquidation price from the mark; infinite where none is reachable"
        ),
        "failures": Column(pl.Int32(), "", "attempts that failed since the last answer"),
        "hint_usd": Column(_F, "USD", "value a leaderboard or a trade gave; tells whom to ask first"),
    },
    ("account",),
)

ACCOUNT_TRADES = Table(
    "account_trades",
    "accounts named by public trades, one row per account and message",
    {
        "ts_event_ns": Column(_NS, "ns since 1970 UTC", "moment of its last trade in the message"),
        "account": _ACCOUNT,
        "notional_usd": Column(_F, "USD", "value of its trades in the message"),
    },
    ("ts_event_ns", "account"),
)

EMPTIED = Table(
    "emptied_accounts",
    "moments at which an account was seen to hold nothing: its earlier positions are closed",
    {
        "ts_event_ns": Column(_NS, "ns since 1970 UTC", "moment of the answer"),
        "account": _ACCOUNT,
    },
    ("ts_event_ns", "account"),
)

#: By name.
ACCOUNT_TABLES: dict[str, Table] = {t.name: t for t in (ACCOUNTS, ACCOUNT_TRADES, EMPTIED)}
