"""Bars and samples that several files give for the same time → one layer, the best description of each stretch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from liqatlas.base.clock import HOUR_NS

if TYPE_CHECKING:
    from liqatlas.venues.importers.pieces import Piece

#: Rank from which pieces are derived figures that are taken only where nothing better is there.
DERIVED = 2
#: A derived sample this near to a published one adds nothing.
_REACH_NS = HOUR_NS


def one_layer(name: str, pieces: list[Piece]) -> tuple[pl.DataFrame, list[str], int, int]:
    """Return one sorted table, sentences on what was left out, and the rows that were duplicate and out of order.

    Pieces of smaller rank go first, then bars of shorter intervals; a later one fills only times that no earlier one covers.
    """
    start = "ts_open_ns" if "ts_open_ns" in pieces[0].frame.columns else "ts_event_ns"
    end = "ts_close_ns" if start == "ts_open_ns" else start
    told: list[str] = []
    kept: pl.DataFrame | None = None
    covered: list[tuple[int, int]] = []
    duplicates = moved = 0
    for group in _groups(pieces, start, end):
        every = pl.concat([piece.frame for piece in group], how="diagonal_relaxed")
        key = [column for column in (start, "account", "book_side", "level") if column in every.columns]
        moved += int((every[start].diff() < 0).sum() or 0) if len(group) == 1 else 0
        once = every.unique(subset=key, keep="first", maintain_order=True)
        twice = every.height - once.height
        duplicates += twice
        if twice:
            told += _on_duplicates(name, every, key, twice)
        outside = once if not covered else once.filter(~_inside(covered, start, end))
        label = group[0].label if len(group) == 1 else f"{len(group)} files"
        if outside.height < once.height and not group[0].if_used and group[0].rank < DERIVED:
            told.append(
                f"{name}: {once.height - outside.height:,} rows of {label} are left out, as better ones cover their time"
            )
        if outside.is_empty():
            continue
        told += [piece.if_used for piece in group if piece.if_used]
        covered.append(_stretch(outside, start, end))
        kept = outside if kept is None else pl.concat([kept, outside], how="diagonal_relaxed")
    assert kept is not None  # the first group covers nothing before it
    if moved:
        told.append(f"{name}: {moved:,} rows were out of order and are sorted")
    by = [column for column in (start, "account", "book_side", "level") if column in kept.columns]
    return kept.sort(by, maintain_order=True), told, duplicates, moved


def _groups(pieces: list[Piece], start: str, end: str) -> list[list[Piece]]:
    """Return pieces of equal rank and interval together, the best group first."""
    by_key: dict[tuple[int, int], list[Piece]] = {}
    for piece in pieces:
        width = int(piece.frame[end][0] - piece.frame[start][0])
        by_key.setdefault((piece.rank, width), []).append(piece)
    return [by_key[key] for key in sorted(by_key)]


def _stretch(frame: pl.DataFrame, start: str, end: str) -> tuple[int, int]:
    """Return the time that rows speak for: samples up to one usual distance beyond the first and the last."""
    low, high = int(frame[start].min()), int(frame[end].max())  # type: ignore[arg-type]
    if start != end or frame.height < 2:
        return low, high
    usual = int(frame[start].sort().diff().median() or 0)  # type: ignore[arg-type]
    return low - max(usual, _REACH_NS), high + max(usual, _REACH_NS)


def _inside(covered: list[tuple[int, int]], start: str, end: str) -> pl.Expr:
    """Return the rows that touch a stretch already covered."""
    touching = pl.lit(value=False)
    for low, high in covered:
        if start == end:
            touching |= pl.col(start).is_between(low, high)
        else:
            touching |= (pl.col(start) < high) & (pl.col(end) > low)
    return touching


def _on_duplicates(name: str, every: pl.DataFrame, key: list[str], twice: int) -> list[str]:
    """Say how many rows repeat a moment, and whether they contradict each other."""
    differing = every.unique().height - every.unique(subset=key).height
    conflict = f", {differing:,} of them with other values (the first file read wins)" if differing else ""
    return [f"{name}: {twice:,} rows repeat the time of another{conflict}; they are counted once"]
