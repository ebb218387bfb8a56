"""The file a scan of accounts writes and resumes from: one JSON line per answer, as the venue sent it.

Lines: ``{"v":1,"type":"clearinghouseState","time":ms,"user":"0x…","data":{…}}``, ``{"v":1,"type":"failed",…,"reason":"…"}`` and
``{"v":1,"type":"metaAndAssetCtxs","time":ms,"data":[…]}``; a scan begins with
``{"v":1,"type":"scan","time":ms,"accounts":N,"stopped":"…"}`` (where the leaderboard stopped, empty where it did not) and ends with
``{"v":1,"type":"scan end","time":ms}``. A torn last line is what a killed scan leaves: it is left out and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from liqatlas.base.clock import NS_PER_MS
from liqatlas.venues.hyperliquid_accounts.addresses import is_address
from liqatlas.venues.hyperliquid_accounts.state import AccountState, failed, read_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VERSION = 1


@dataclass(frozen=True, slots=True)
class ScanLine:
    """One line of a dump: an account's state, or the contexts of all coins; ``asked_ns`` is when it was asked for.

    Attributes
    ----------
    planned
        Accounts a scan that begins here means to look at; -1 on its last line.
    stopped
        Where the leaderboard it went by stopped, empty where it came whole.
    """

    asked_ns: int = 0
    planned: int | None = None
    stopped: str = ""
    state: AccountState | None = None
    contexts: tuple[int, list[Any]] | None = None
    bad: str = ""


def answer_line(user: str, when_ms: int, body: bytes) -> bytes:
    """Return the line of an answer; the body is kept as it came."""
    head = msgspec.json.encode({"v": VERSION, "type": "clearinghouseState", "time": when_ms, "user": user})
    return head[:-1] + b',"data":' + body.strip().replace(b"\n", b" ") + b"}\n"


def failure_line(user: str, when_ms: int, reason: str) -> bytes:
    """Return the line of a failure."""
    return (
        msgspec.json.encode({"v": VERSION, "type": "failed", "time": when_ms, "user": user, "reason": reason})
        + b"\n"
    )


def contexts_line(when_ms: int, body: bytes) -> bytes:
    """Return the line of the contexts of all coins."""
    head = msgspec.json.encode({"v": VERSION, "type": "metaAndAssetCtxs", "time": when_ms})
    return head[:-1] + b',"data":' + body.strip().replace(b"\n", b" ") + b"}\n"


def scan_line(when_ms: int, *, accounts: int | None = None, stopped: str = "") -> bytes:
    """Return the line with which a scan of some accounts begins, or without them that of its end."""
    tree: dict[str, object] = {
        "v": VERSION,
        "type": "scan end" if accounts is None else "scan",
        "time": when_ms,
    }
    if accounts is not None:
        tree |= {"accounts": accounts, "stopped": stopped}
    return msgspec.json.encode(tree) + b"\n"


def read_lines(lines: Iterable[bytes]) -> Iterator[ScanLine]:
    """Yield what each line says; a line that cannot be read says why."""
    for line in lines:
        if not line.strip():
            continue
        try:
            tree = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield ScanLine(bad="cut off or no JSON")
            continue
        yield read_line(tree)


def read_line(tree: Any) -> ScanLine:
    """Return what one decoded line says."""
    if not isinstance(tree, dict):
        return ScanLine(bad="not an object")
    try:
        when = int(tree["time"]) * NS_PER_MS
    except (KeyError, TypeError, ValueError):
        return ScanLine(bad="no time")
    kind = tree.get("type")
    if kind == "metaAndAssetCtxs":
        return ScanLine(when, contexts=(when, tree.get("data") or []))
    if kind in {"scan", "scan end"}:
        planned = tree.get("accounts") if kind == "scan" else -1
        if not isinstance(planned, int):
            return ScanLine(bad="a scan of no number of accounts")
        return ScanLine(when, planned=planned, stopped=str(tree.get("stopped", "")))
    user = str(tree.get("user", ""))
    if not is_address(user):
        return ScanLine(bad=f"{user[:50]!r} is no address")
    if kind == "failed":
        return ScanLine(when, state=failed(user.lower(), when, str(tree.get("reason", ""))))
    if kind == "clearinghouseState":
        return ScanLine(when, state=read_state(tree.get("data") or {}, user.lower(), when))
    return ScanLine(bad=f"unknown type {kind!r}")
