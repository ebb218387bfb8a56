"""A recorder as others see it: a status line, counters, a heartbeat that stops where rows do."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
import orjson

from liqatlas.base.clock import isoformat, now_ns
from liqatlas.base.errors import InputError, LiqAtlasError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from liqatlas.flows.live_board import LiveBoard
    from liqatlas.flows.recorder import VenueRecorder
    from liqatlas.flows.venue_state import VenueState
    from liqatlas.store import Writer

#: A venue that stumbles again and again is told of this often at most [s].
TROUBLE_EVERY_S = 30.0


@dataclass(slots=True)
class Recording:
    """The recorders at work, for whoever shows their state."""

    recorders: dict[str, VenueRecorder]
    writer: Writer
    board: LiveBoard | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def states(self) -> list[VenueState]:
        """State of each venue."""
        return [one.state for one in self.recorders.values()]

    def healthy(self, silent_s: float) -> bool:
        """Whether some venue delivers and rows become durable."""
        fresh = [s for s in self.states if time.monotonic() - s.last_frame < silent_s and s.connected]
        return bool(fresh) and not self.writer.stats.error


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom a heartbeat goes to, and how long no frame may come while all is well [s]."""

    silent_s: float
    file: Path | None
    url: str | None


class News:
    """Tells what a recorder's operator must hear at once: rows that cannot be written, venues in trouble, contracts that changed."""

    def __init__(self, recording: Recording, say: Callable[[str], None]) -> None:
        self._recording, self._say, self._unwritten = recording, say, ""
        self._told: dict[str, tuple[str, float]] = {}

    def look(self) -> None:
        """Tell what is new since the last look; a venue's trouble at most every :data:`TROUBLE_EVERY_S` seconds."""
        stats = self._recording.writer.stats
        if stats.error and not self._unwritten:
            self._say(f"{stats.pending_rows:,} rows wait in memory and are tried again: {stats.error}")
        elif self._unwritten and not stats.error:
            self._say(f"rows are written again, {stats.pending_rows:,} still wait")
        self._unwritten = stats.error
        for state in self._recording.states:
            while state.news:
                self._say(f"{state.venue}: {state.news.popleft()}")
            text, when = self._told.get(state.venue, ("", -TROUBLE_EVERY_S))
            if state.problem and state.problem != text and time.monotonic() - when >= TROUBLE_EVERY_S:
                self._say(f"{state.venue}: {state.problem}")
                self._told[state.venue] = (state.problem, time.monotonic())


def status_line(recording: Recording) -> str:
    """Return what is going on in one line."""
    parts = []
    for state in recording.states:
        age = time.monotonic() - state.last_frame
        gaps = (
            f" gaps {state.gaps_filled} filled {state.gaps_listed} listed"
            if state.gaps_filled + state.gaps_listed
            else ""
        )
        lost = f" DROPPED {state.dropped}" if state.dropped else ""
        up = f"{state.connected}/{state.connections} up" if state.connections else "down"
        parts.append(f"{state.venue} {up}, {sum(state.rows.values()):,} rows, {age:.0f} s ago{gaps}{lost}")
    stats = recording.writer.stats
    durable = f"{stats.written:,} rows durable, {stats.pending_rows:,} wait"
    return " · ".join([*parts, durable + (f", {stats.error}" if stats.error else "")])


def metrics_text(recording: Recording) -> str:
    """Return counters in Prometheus' text format."""
    out = []
    for state in recording.states:
        label = f'venue="{state.venue}"'
        out += [
            f'liqatlas_rows_total{{{label},dataset="{name}"}} {count}' for name, count in state.rows.items()
        ]
        for name in (
            "frames",
            "duplicates",
            "dropped",
            "held_back",
            "writer_waits",
            "gaps_filled",
            "gaps_listed",
            "accounts_found",
            "restarts",
        ):
            out.append(f"liqatlas_{name}_total{{{label}}} {getattr(state, name)}")
        out.append(f"liqatlas_connected{{{label}}} {state.connected}")
        out.append(f"liqatlas_last_frame_age_seconds{{{label}}} {time.monotonic() - state.last_frame:.3f}")
    stats = recording.writer.stats
    for name in ("appended", "written", "commits", "failed_commits", "late_commits", "waits", "refused_rows"):
        out.append(f"liqatlas_store_{name}_total {getattr(stats, name)}")
    out += [
        f"liqatlas_store_pending_rows {stats.pending_rows}",
        f"liqatlas_store_pending_bytes {stats.pending_bytes}",
    ]
    board = recording.board.metrics_text() if recording.board is not None else ""
    return "\n".join(out) + "\n" + board


async def heartbeat(recording: Recording, watch: Watch, say: Callable[[str], None]) -> None:
    """Tell whoever watches that rows arrive and become durable; silence means they do not."""
    if not recording.healthy(watch.silent_s):
        return
    if watch.file is not None:
        beat = {
            "time": isoformat(now_ns()),
            "pid": os.getpid(),
            "durable_rows": recording.writer.stats.written,
        }
        unfinished = watch.file.with_name(f".{watch.file.name}.part")
        try:
            unfinished.write_bytes(orjson.dumps(beat))
            unfinished.replace(watch.file)
        except OSError as error:
            say(f"heartbeat file {watch.file}: {error.strerror}")
    if watch.url is not None:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.get(watch.url) as answer,
            ):
                await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            say(f"heartbeat {watch.url}: {error!r}")


@contextlib.asynccontextmanager
async def serve_metrics(port: int, recording: Recording, silent_s: float) -> AsyncIterator[None]:
    """Serve ``/metrics``, ``/healthz`` and ``/levels/ASSET`` on loopback."""
    from aiohttp import web

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=metrics_text(recording))

    async def health(_: web.Request) -> web.Response:
        good = recording.healthy(silent_s)
        return web.Response(
            status=200 if good else 503, text="ok\n" if good else "no rows arrive or become durable\n"
        )

    async def levels(request: web.Request) -> web.Response:
        if recording.board is None:
            return web.Response(status=404, text="no map is kept: record with --live-map\n")
        try:
            tree = recording.board.levels(request.match_info["asset"])
        except LiqAtlasError as error:
            return web.Response(status=error.http_status, text=f"{error}\n")
        return web.Response(body=orjson.dumps(tree), content_type="application/json")

    app = web.Application()
    app.router.add_get("/levels/{asset}", levels)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", health)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    except OSError as error:
        raise InputError(f"port {port} cannot be used for --metrics: {error.strerror}") from None
    finally:
        await runner.cleanup()
