"""Run the application until it is told to stop: bind, warm up, follow alerts, stop gracefully."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from liqatlas.base.errors import InputError, LiqAtlasError
from liqatlas.flows.build import compile_kernels
from liqatlas.flows.cascade import compile_cascade
from liqatlas.flows.reporter import SILENT, Reporter
from liqatlas.server.app import Application, make_application
from liqatlas.server.guard import GuardRules
from liqatlas.server.stream import StreamRules
from liqatlas.server.warm import warm

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from liqatlas.flows.serving import Source

LOG = logging.getLogger("liqatlas.server")
#: After a signal the process ends at the latest after this long [s].
STOP_WITHIN_S = 8.0
#: File handles kept back from sockets.
_SPARE_HANDLES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ServePlan:
    """Where and how to serve.

    Attributes
    ----------
    port
        0 takes any free one.
    followers
        Run beside the server for as long as it runs, such as alerts.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    rules: GuardRules = field(default_factory=GuardRules)
    stream_rules: StreamRules = field(default_factory=StreamRules)
    followers: Sequence[Callable[[Application, asyncio.Event], Coroutine[None, None, None]]] = ()


def free_port(host: str, port: int) -> int:
    """Return the port to bind, a free one for 0.

    Raises
    ------
    InputError
        If the port is taken or may not be bound, or there is no such address here.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(found[0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[4])
            return int(probe.getsockname()[1])
    except socket.gaierror:
        raise InputError(f"--host {host!r} is no address of this machine") from None
    except OSError as error:
        raise InputError(
            f"port {port} on {host} cannot be used: {error.strerror or error}; give another with --port, 0 takes any free one"
        ) from None


def raise_handle_limit(sockets: int) -> int:
    """Raise the limit of open files towards what the sockets need; return how many sockets there may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * sockets + _SPARE_HANDLES
    top = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < top:
        resource.setrlimit(resource.RLIMIT_NOFILE, (top, hard))
        soft = top
    return max(min(sockets, (soft - _SPARE_HANDLES)), 16)


async def serve(
    source: Source,
    plan: ServePlan,
    *,
    announce: Callable[[int], None],
    reporter: Reporter = SILENT,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or ``stop``.

    Parameters
    ----------
    announce
        Called with the port as soon as it is bound.

    Raises
    ------
    InputError
        If the port cannot be used.
    """
    port = free_port(plan.host, plan.port)
    sockets = raise_handle_limit(plan.stream_rules.most_sockets)
    rules = plan.stream_rules
    if sockets < rules.most_sockets:
        from dataclasses import replace

        rules = replace(rules, most_sockets=sockets)
        reporter.notice(f"only {sockets} sockets: the limit of open files of this process is low (ulimit -n)")
    application = make_application(source, plan.rules, rules)
    ending = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ending.set)
    server = Server(
        application.asgi,
        address=plan.host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        backlog=1024,
        backpressure=4 * rules.most_sockets + 1024,
        http1_settings=HTTP1Settings(header_read_timeout=10_000, max_buffer_size=64 * 1024),
        log_enabled=False,
    )
    server.workers_kill_timeout = 2
    serving = asyncio.create_task(server.serve())
    await _listening(plan.host, port, serving)
    announce(port)
    jobs = [asyncio.create_task(_warm(application, reporter))]
    jobs += [asyncio.create_task(follow(application, ending)) for follow in plan.followers]
    waiting = asyncio.create_task(ending.wait())
    await asyncio.wait({waiting, serving}, return_when=asyncio.FIRST_COMPLETED)
    await _stop(application, server, serving, jobs)
    waiting.cancel()


async def _listening(host: str, port: int, serving: asyncio.Task[None]) -> None:
    """Wait until the port takes connections."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared, not bound)
    began = time.monotonic()
    while time.monotonic() - began < 10 and not serving.done():
        try:
            _, writer = await asyncio.open_connection(name, port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return
    if serving.done() and serving.exception():
        raise InputError(f"the server cannot listen on {host} port {port}: {serving.exception()}")
    raise InputError(f"the server does not listen on {host} port {port}: give another with --port")


async def _warm(application: Application, reporter: Reporter) -> None:
    """Compile the kernels and make the first map, then say that the server is ready."""
    service = application.service

    def progress(what: str, done: int, total: int) -> None:
        service.waits_for = what
        reporter.progress(what, done, total)

    telling = Reporter(progress, reporter.notice)
    try:
        await asyncio.to_thread(compile_kernels, telling)
        while not service.source.markets():
            service.waits_for = "the first rows"
            await asyncio.sleep(0.5)
        await warm(service, telling)
    except LiqAtlasError as error:
        reporter.notice(f"no first map: {error}")
    service.waits_for = ""
    service.ready = True
    reporter.notice("ready")
    await asyncio.to_thread(compile_cascade)  # nobody should wait for it who asks for the first cascade


async def _stop(
    application: Application,
    server: Server,
    serving: asyncio.Task[None],
    jobs: Sequence[asyncio.Task[None]],
) -> None:
    """Close sockets, let requests under way end, stop."""
    for job in jobs:
        job.cancel()
    await application.stream.close()
    server.interrupt_signal = True
    server.main_loop_interrupt.set()
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(serving), STOP_WITHIN_S)
    application.service.answers.close()
    await asyncio.gather(*jobs, return_exceptions=True)
