"""Record venues into a lake for as long as it takes: recorders, upkeep, heartbeat, metrics, a watchdog over all of them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liqatlas.base.errors import InputError, LiqAtlasError, SourceUnavailableError, UnknownSymbolError
from liqatlas.flows.record_watch import News, Recording, Watch, heartbeat, serve_metrics, status_line
from liqatlas.flows.recorder import VenueRecorder
from liqatlas.flows.upkeep import upkeep
from liqatlas.flows.venue_access import out_of_reach
from liqatlas.store import Lake

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from liqatlas.flows.live_board import LiveBoard
    from liqatlas.flows.venue_access import Access
    from liqatlas.store import Writer

#: How often files are compacted, swept and retention is looked at [s].
UPKEEP_S = 60.0
HEARTBEAT_S = 10.0
NEWS_S = 1.0
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


@dataclass(frozen=True, slots=True)
class Inside:
    """A program that records in a thread of its own: ``stop`` ends it, ``began`` is told once rows may come."""

    stop: threading.Event
    began: Callable[[Recording], None]


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
        say(f"stopped: {writer.stats.written:,} rows of this run are in the lake, none wait")


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
        watch = Watch(plan.silent_s, plan.heartbeat_file, plan.heartbeat_url)
        jobs = [
            _keep_recording(plan, recording, stop, restart, say),
            _every(show_every, stop, lambda: show(status_line(recording))),
            _every(UPKEEP_S, stop, lambda: asyncio.to_thread(upkeep, lake, say, max_bytes=plan.max_bytes)),
            _every(NEWS_S, stop, News(recording, say).look),
            _every(HEARTBEAT_S, stop, lambda: heartbeat(recording, watch, say), at_once=True),
        ]
        if inside is not None:
            inside.began(recording)
            jobs.append(_stop_with(inside.stop, stop))
        if plan.stop_after_s is not None:
            loop.call_later(plan.stop_after_s, stop.set)
        if plan.metrics_port is not None:
            await stack.enter_async_context(serve_metrics(plan.metrics_port, recording, plan.silent_s))
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
    unknown: dict[str, UnknownSymbolError] = {}
    for key, one in made.items():
        if key in down:
            continue
        try:
            say(f"{key}: recording {', '.join(await one.resolve())}")
        except UnknownSymbolError as error:
            unknown[key] = error
        except SourceUnavailableError as error:
            down[key] = str(error)
            say(f"{key}: {error}; going on without it until it answers")
    if unknown and len(unknown) + len(down) == len(made):
        raise next(iter(unknown.values()))
    for key, wrong in unknown.items():
        say(f"{key}: {wrong}; going on without it")
    await _tell_unlisted([one for key, one in made.items() if key not in down], read_names(plan), say)


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
        names = await _other_names(plan, recording, tasks, (stop, restart), say)
        pause.set()
        for problem in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(problem, LiqAtlasError):
                stop.set()
                raise problem
            if isinstance(problem, Exception):
                say(f"a recorder broke and is started again: {problem!r}")
        if names:
            for one in recording.recorders.values():
                one.names = names
            say(f"recording {', '.join(names)} from now on")


async def _other_names(
    plan: RecordPlan,
    recording: Recording,
    tasks: list[asyncio.Task[None]],
    events: tuple[asyncio.Event, asyncio.Event],
    say: Callable[[str], None],
) -> tuple[str, ...]:
    """Wait until the feeds must end: return the names to open them for, none where one broke or all is to stop.

    Names that cannot be recorded leave the feeds as they are.
    """
    stop, restart = events
    recorders = list(recording.recorders.values())
    while True:
        waits = [asyncio.create_task(stop.wait()), asyncio.create_task(restart.wait())]
        await asyncio.wait([*tasks, *waits], return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if stop.is_set() or any(task.done() for task in tasks):
            return ()
        restart.clear()
        try:
            names = read_names(plan)
            await _tell_unlisted(recorders, names, say)
        except InputError as error:
            say(f"{error}; the former names stay")
            continue
        if any(one.names != names for one in recorders):
            return names
        say("the names are the same as before; nothing was opened anew")


async def _tell_unlisted(
    recorders: list[VenueRecorder], names: tuple[str, ...], say: Callable[[str], None]
) -> None:
    """Say which names no venue lists; a venue that does not answer may list them all.

    Raises
    ------
    UnknownSymbolError
        If no venue lists any.
    """
    try:
        unlisted = [await one.unlisted(names) for one in recorders]
    except SourceUnavailableError:
        return
    nowhere = {name: found[0] for name in names if all(found := [one.get(name) for one in unlisted])}
    if len(nowhere) == len(names) and (error := nowhere[names[0]]):
        raise error
    for wrong in nowhere.values():
        say(f"{wrong}; going on without it")


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
