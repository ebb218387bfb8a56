"""Record venues into a lake for as long as it takes: recorders, upkeep, heartbeat, metrics, a watchdog over all of them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
import orjson

from liqatlas.base.clock import isoformat, now_ns
from liqatlas.base.errors import InputError, LiqAtlasError, SourceUnavailableError, UnknownSymbolError
from liqatlas.flows.recorder import VenueRecorder
from liqatlas.flows.venue_access import out_of_reach
from liqatlas.store import Lake

if TYPE_CHECKING:
    import threading
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from liqatlas.flows.live_board import LiveBoard
    from liqatlas.flows.recorder import VenueState
    from liqatlas.flows.venue_access import Access
    from liqatlas.store import Writer

#: How often files are compacted, swept and retention is looked at [s].
UPKEEP_S = 60.0
HEARTBEAT_S = 10.0
#: How long one thread may hold the interpreter while another waits [s].
SWITCH_S = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPlan:
    """What to record and how.

    Attributes
    ----------
    names_file
        One asset or symbol a line, read at the start and again on SIGHUP, beside ``names``.
    bound_s
        What a crash may lose at most [s].
    silent_s
        A feed without a frame for this long is opened anew [s].
    heartbeat_file, heartbeat_url
        Written and asked for every :data:`HEARTBEAT_S` seconds while all is well.
    metrics_port
        Serves ``/metrics`` and ``/healthz`` on loopback.
    live_map
        Keep the levels of everything recorded in memory, and serve them there at ``/levels/ASSET``.
    stop_after_s
        Stop by itself; ``None`` runs on.
    """

    names: tuple[str, ...]
    venues: tuple[str, ...]
    lake: Path
    access: Access
    names_file: Path | None = None
    bound_s: float = 1.0
    silent_s: float = 120.0
    max_bytes: int | None = None
    heartbeat_file: Path | None = None
    heartbeat_url: str | None = None
    metrics_port: int | None = None
    live_map: bool = False
    stop_after_s: float | None = None


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
class Inside:
    """A program that records in a thread of its own: ``stop`` ends it, ``began`` is told once rows may come."""

    stop: threading.Event
    began: Callable[[Recording], None]


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


def record(
    plan: RecordPlan,
    show: Callable[[str], None],
    say: Callable[[str], None],
    *,
    show_every_s: float = 5.0,
    inside: Inside | None = None,
) -> None:
    """Record until told to stop (SIGINT, SIGTERM) or the plan's time is over.

    Parameters
    ----------
    show
        Called with the status line every ``show_every_s`` seconds.
    say
        Called with sentences worth keeping.
    inside
        Where another program runs this in a thread: how it stops it and what it is told; signals are then that program's.

    Raises
    ------
    LakeLockedError
        If another recorder writes this lake.
    UnknownSymbolError
        If no venue that answers lists any of the names.
    SourceUnavailableError
        If no venue answers, or the lake cannot be written.
    """
    with _quick_switches(), Lake.create(plan.lake) as lake, lake.writer(bound_s=plan.bound_s) as writer:
        if writer.taken_over:
            say(f"the former recorder did not close: {writer.taken_over}")
        asyncio.run(_record(plan, lake, writer, (show, say, show_every_s), inside))
        writer.flush(timeout_s=30)


@contextlib.contextmanager
def _quick_switches() -> Iterator[None]:
    """Let the writer's thread keep the interpreter from the feed for :data:`SWITCH_S` at most, in place of 5 ms."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def read_names(plan: RecordPlan) -> tuple[str, ...]:
    """Return the names of a plan, those of its file included.

    Raises
    ------
    InputError
        If the file cannot be read or there is no name at all.
    """
    names = list(plan.names)
    if plan.names_file is not None:
        try:
            lines = plan.names_file.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise InputError(f"{plan.names_file}: cannot be read: {error.strerror}") from None
        names += [line.split("#")[0].strip() for line in lines]
    out = tuple(dict.fromkeys(name for name in names if name))
    if not out:
        raise InputError("nothing to record: liqatlas record BTC ETH, or --symbols FILE")
    return out


async def _record(
    plan: RecordPlan,
    lake: Lake,
    writer: Writer,
    ears: tuple[Callable[[str], None], Callable[[str], None], float],
    inside: Inside | None,
) -> None:
    show, say, show_every = ears
    stop, restart = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    if inside is None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGHUP, restart.set)
    async with contextlib.AsyncExitStack() as stack:
        names = read_names(plan)
        clients = {key: await stack.enter_async_context(plan.access.client(key)) for key in plan.venues}
        made = {
            key: VenueRecorder(lake, writer, client, names, silent_s=plan.silent_s)
            for key, client in clients.items()
        }
        await _begin(plan, made, say)
        gc.freeze()  # what lives as long as the process is not walked through again and again
        recording = Recording(made, writer, _board(plan, lake, made, stack))
        jobs = [
            _keep_recording(plan, recording, stop, restart, say),
            _every(show_every, stop, lambda: show(status_line(recording))),
            _every(UPKEEP_S, stop, lambda: asyncio.to_thread(_upkeep, plan, lake, say)),
            _every(HEARTBEAT_S, stop, lambda: _heartbeat(plan, recording, say), at_once=True),
        ]
        if inside is not None:
            inside.began(recording)
            jobs.append(_stop_with(inside.stop, stop))
        if plan.stop_after_s is not None:
            loop.call_later(plan.stop_after_s, stop.set)
        if plan.metrics_port is not None:
            await stack.enter_async_context(_metrics(plan.metrics_port, recording, plan.silent_s))
        try:
            async with asyncio.TaskGroup() as group:
                for job in jobs:
                    group.create_task(job)
        except* LiqAtlasError as errors:
            raise errors.exceptions[0] from None
        show(status_line(recording))


def _board(
    plan: RecordPlan, lake: Lake, made: dict[str, VenueRecorder], stack: contextlib.AsyncExitStack
) -> LiveBoard | None:
    """Return maps in memory of all that is recorded, where they are wanted."""
    if not plan.live_map:
        return None
    from liqatlas.flows.build import compile_kernels
    from liqatlas.flows.live_board import LiveBoard

    compile_kernels()
    board = LiveBoard(lake)
    stack.callback(board.close)
    for one in made.values():
        one.on_rows = board.ear(lambda one=one: one.instruments)  # type: ignore[misc]
    return board


async def _stop_with(asked: threading.Event, stop: asyncio.Event) -> None:
    """Pass the word on that it is to stop."""
    while not stop.is_set():
        if asked.is_set():
            stop.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.2)


async def _begin(plan: RecordPlan, made: dict[str, VenueRecorder], say: Callable[[str], None]) -> None:
    """Ask every venue for the names once: a wrong name or a missing network is told at once, one dead venue is not fatal."""
    down = await out_of_reach(plan.access, plan.venues)
    for key, why in down.items():
        say(f"{key}: {why}; going on without it until it answers")
    unknown: list[UnknownSymbolError] = []
    for key, one in made.items():
        if key in down:
            continue
        try:
            say(f"{key}: recording {', '.join(await one.resolve())}")
        except UnknownSymbolError as error:
            unknown.append(error)
            say(f"{key}: {error}")
        except SourceUnavailableError as error:
            down[key] = str(error)
            say(f"{key}: {error}; going on without it until it answers")
    if len(unknown) + len(down) == len(made) and unknown:
        raise unknown[0]


async def _keep_recording(
    plan: RecordPlan,
    recording: Recording,
    stop: asyncio.Event,
    restart: asyncio.Event,
    say: Callable[[str], None],
) -> None:
    """Run the recorders; on SIGHUP read the names again and open the feeds for them, without a restart of the process."""
    while not stop.is_set():
        pause = asyncio.Event()
        tasks = [asyncio.create_task(one.run(pause)) for one in recording.recorders.values()]
        waits = [asyncio.create_task(stop.wait()), asyncio.create_task(restart.wait())]
        done, _ = await asyncio.wait([*tasks, *waits], return_when=asyncio.FIRST_COMPLETED)
        pause.set()
        for wait in waits:
            wait.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for problem in results:
            if isinstance(problem, LiqAtlasError):
                stop.set()
                raise problem
            if isinstance(problem, Exception):
                say(f"a recorder broke and is started again: {problem!r}")
        del done
        if restart.is_set():
            restart.clear()
            try:
                names = read_names(plan)
            except InputError as error:
                say(f"{error}; the former names stay")
                continue
            for one in recording.recorders.values():
                one.names = names
            say(f"recording {', '.join(names)} from now on")


async def _every(
    seconds: float, stop: asyncio.Event, act: Callable[[], object], *, at_once: bool = False
) -> None:
    """Call again and again until told to stop."""
    while not stop.is_set():
        if at_once:
            result = act()
            if asyncio.iscoroutine(result):
                await result
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
        if not at_once and not stop.is_set():
            result = act()
            if asyncio.iscoroutine(result):
                await result


def _upkeep(plan: RecordPlan, lake: Lake, say: Callable[[str], None]) -> None:
    """Compact, sweep, make room; a failure is told and tried again."""
    try:
        lake.compact()
        lake.sweep()
        removed = lake.retain(max_bytes=plan.max_bytes)
        for line in removed.removed:
            say(f"removed for room: {line}")
    except LiqAtlasError as error:
        say(f"upkeep failed and is tried again: {error}")


async def _heartbeat(plan: RecordPlan, recording: Recording, say: Callable[[str], None]) -> None:
    """Tell whoever watches that rows arrive and become durable; silence means they do not."""
    if not recording.healthy(plan.silent_s):
        return
    if plan.heartbeat_file is not None:
        beat = {
            "time": isoformat(now_ns()),
            "pid": os.getpid(),
            "durable_rows": recording.writer.stats.written,
        }
        unfinished = plan.heartbeat_file.with_name(f".{plan.heartbeat_file.name}.part")
        try:
            unfinished.write_bytes(orjson.dumps(beat))
            unfinished.replace(plan.heartbeat_file)
        except OSError as error:
            say(f"heartbeat file {plan.heartbeat_file}: {error.strerror}")
    if plan.heartbeat_url is not None:
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.get(plan.heartbeat_url) as answer,
            ):
                await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            say(f"heartbeat {plan.heartbeat_url}: {error!r}")


@contextlib.asynccontextmanager
async def _metrics(port: int, recording: Recording, silent_s: float) -> AsyncIterator[None]:
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
