"""Margin tables with their dates: saved from the venue into a file or into the lake, and read back for a past moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from liqatlas.base.clock import NS_PER_MS, now_ns, to_datetime
from liqatlas.base.errors import FormatError, InputError, SourceUnavailableError, TiersUnknownError
from liqatlas.rules import TierTable, tiers
from liqatlas.rules.loaders.hyperliquid import load_hyperliquid_meta
from liqatlas.rules.loaders.reading import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from liqatlas.base.instruments import Instrument
    from liqatlas.store import Lake
    from liqatlas.venues.hyperliquid_accounts.asking import Answer


def tables_of_file(meta: Path | None) -> dict[str, list[TierTable]]:
    """Return the margin tables of a saved answer to ``meta``: dated as ``--save-meta`` wrote it, else by the file on disk.

    Raises
    ------
    InputError
        If the file cannot be read.
    FormatError
        If it holds no margin tables.
    """
    if meta is None:
        return {}
    try:
        payload, changed = meta.read_bytes(), meta.stat().st_mtime
    except OSError as error:
        raise InputError(f"cannot read {meta}: {error.strerror or error}") from None
    moment_ns = int(changed * 1e9)
    try:
        tree = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FormatError(
            meta, f"not JSON ({error}); save it again with positions --save-meta {meta.name}"
        ) from None
    if isinstance(tree, dict) and "data" in tree and "time" in tree:
        moment_ns, tree = int(tree["time"]) * NS_PER_MS, tree["data"]
    day = to_datetime(moment_ns).date()
    tables = load_hyperliquid_meta(tree, Origin(str(meta), day, day))
    return {symbol: [table] for symbol, table in tables.items()}


#: How a line of a scan with the contexts of all coins begins.
_CONTEXTS = b'{"v":1,"type":"metaAndAssetCtxs"'


def tables_of_scans(paths: Sequence[Path | str]) -> dict[str, list[TierTable]]:
    """Return the margin tables that scans in files and folders saw, by coin, oldest first; a new one only where it changed.

    Lines that hold none are passed over: the importer counts what cannot be read.
    """
    found: dict[str, list[TierTable]] = {}
    for file in _scan_files(paths):
        with file.open("rb") as lines:
            for line in lines:
                if not line.startswith(_CONTEXTS):
                    continue
                for symbol, table in _tables_of_line(line, str(file)).items():
                    seen = found.setdefault(symbol, [])
                    if not seen or not same_schedule(seen[-1], table):
                        seen.append(table)
    return {symbol: sorted(tables, key=lambda t: t.valid_from) for symbol, tables in found.items()}


def _scan_files(paths: Sequence[Path | str]) -> list[Path]:
    """Return the files that scans wrote, by their first bytes."""
    every = [
        file
        for path in map(Path, paths)
        for file in (sorted(path.rglob("*.jsonl")) if path.is_dir() else [path])
    ]
    out = []
    for file in every:
        try:
            with file.open("rb") as opened:
                head = opened.read(64)
        except OSError:
            continue  # the importer names what cannot be read
        if head.startswith(b'{"v":1,"type":'):
            out.append(file)
    return out


def _tables_of_line(line: bytes, source: str) -> dict[str, TierTable]:
    try:
        tree = msgspec.json.decode(line)
        day = to_datetime(int(tree["time"]) * NS_PER_MS).date()
        return load_hyperliquid_meta(tree["data"], Origin(source, day, day))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, FormatError):
        return {}


def differing_from_shipped(venue: str, own: Mapping[str, Sequence[TierTable]]) -> list[str]:
    """Return the coins whose newest own table asks otherwise than the shipped one of its day."""
    out = []
    for symbol, mine in own.items():
        try:
            shipped = tiers(venue, symbol, mine[-1].valid_from)
        except TiersUnknownError:
            continue
        if not same_schedule(shipped, mine[-1]):
            out.append(symbol)
    return sorted(out)


def keep_margin_tables(lake: Lake, body: bytes, instruments: Mapping[str, Instrument], when_ns: int) -> int:
    """Keep the margin tables of an answer where they differ from the newest ones of the lake; return how many do.

    Raises
    ------
    FormatError
        If the answer holds none.
    """
    day = to_datetime(when_ns).date()
    known = tables_of_lake(lake, "hyperliquid", until_ns=when_ns)
    changed = 0
    for symbol, table in load_hyperliquid_meta(body, Origin("the venue", day, day)).items():
        newest = known.get(symbol, [])
        if symbol not in instruments or (newest and same_schedule(newest[-1], table)):
            continue
        lake.put_margin_tiers(instruments[symbol], when_ns, _frame(table))
        changed += 1
    return changed


def tables_of_lake(lake: Lake, venue: str, *, until_ns: int) -> dict[str, list[TierTable]]:
    """Return the margin tables a lake holds of a venue by symbol, oldest first, those seen by a moment."""
    found: dict[str, list[TierTable]] = {}
    for symbol, valid_from, frame in lake.margin_tier_history(venue):
        if valid_from <= until_ns:
            found.setdefault(symbol, []).append(_table(venue, symbol, valid_from, frame))
    return found


def same_schedule(one: TierTable, other: TierTable) -> bool:
    """Tell whether two tables ask the same of every position."""
    return np.array_equal(one.floors, other.floors) and np.array_equal(one.rates, other.rates)


def changed_coins(own: Mapping[str, Sequence[TierTable]]) -> tuple[str, ...]:
    """Return the coins whose table changed within what is known."""
    return tuple(sorted(symbol for symbol, tables in own.items() if len(tables) > 1))


def _frame(table: TierTable) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "tier": np.arange(1, len(table) + 1),
            "floor": table.floors,
            "cap": table.caps,
            "maintenance_rate": table.rates,
            "deduction": table.deductions,
            "max_leverage": table.max_leverages,
        }
    )


def _table(venue: str, symbol: str, valid_from_ns: int, frame: pl.DataFrame) -> TierTable:
    day = to_datetime(valid_from_ns).date()
    return TierTable(
        venue=venue,
        symbol=symbol,
        floors=frame["floor"].to_numpy().copy(),
        rates=frame["maintenance_rate"].to_numpy().copy(),
        deductions=frame["deduction"].to_numpy().copy(),
        max_leverages=frame["max_leverage"].to_numpy().copy(),
        floor_unit="usd",
        valid_from=day,
        source="the lake",
        read_on=day,
        size_limit=float(frame["cap"][-1]),
        cap_inclusive=False,
    )


def save_meta(output: Path, *, url: str = "") -> int:
    """Save the venue's margin tables of today, dated, for ``--meta``; return how many coins they are of.

    Raises
    ------
    SourceUnavailableError
        If the endpoint does not answer with them.
    InputError
        If the file cannot be written.
    """
    from liqatlas.venues.hyperliquid_accounts.asking import API, AccountClient
    from liqatlas.venues.hyperliquid_accounts.dump import contexts_line

    async def ask() -> Answer:
        async with AccountClient(url or API) as client:
            return await client.contexts()

    answer = asyncio.run(ask())
    try:
        tree = msgspec.json.decode(answer.body) if not answer.reason else None
        coins = len(tree[0]["universe"]) if isinstance(tree, list) else 0
    except (msgspec.DecodeError, KeyError, IndexError, TypeError):
        coins = 0
    if not coins:
        raise SourceUnavailableError(
            f"{url or API} gave no margin tables ({answer.reason or 'the answer holds no universe'}): a node does not serve "
            "metaAndAssetCtxs, ask the venue"
        )
    try:
        output.write_bytes(contexts_line(now_ns() // NS_PER_MS, answer.body))
    except OSError as error:
        raise InputError(f"cannot write {output}: {error.strerror or error}") from None
    return coins
