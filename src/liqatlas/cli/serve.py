"""``liqatlas serve``: the page and the HTTP interface over a lake, files, live venues or the demo."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import TYPE_CHECKING, Annotated, NoReturn

from cyclopts import Parameter

from liqatlas.base.config import load_settings
from liqatlas.base.errors import InputError
from liqatlas.cli.output import reporting, say

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from liqatlas.server.app import Application
    from liqatlas.server.guard import GuardRules


@Parameter(name="*", group="Source")
@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """What is served."""

    lake: Path | None = None
    "Lake to serve; default is that of the settings, where there is one."
    from_: Annotated[tuple[Path, ...], Parameter(name="--from", consume_multiple=True, negative="")] = ()
    "Files or folders to serve, read once."
    live: Annotated[bool, Parameter(negative="")] = False
    "Record venues into the lake and serve it while it grows."
    demo: Annotated[bool, Parameter(negative="")] = False
    "Serve a simulated market; every answer says SIMULATED."
    assets: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="")] = ("BTC", "ETH")
    "With --live: assets to record."
    venues: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="")] = ()
    "With --live: venues to record; all with a live client by default."
    venue_host: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    "With --live: VENUE=URL, a mirror in place of the venue's own address."


@Parameter(name="*", group="Network")
@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """Who may ask."""

    host: str = "127.0.0.1"
    "Address to bind; any but this machine's own needs keys."
    port: int = 8765
    "Port; 0 takes any free one."
    lan: Annotated[bool, Parameter(negative="")] = False
    "Serve this network: make a key for this run and print the address as a code to scan."
    keys: Path | None = None
    "File of keys, as `liqatlas keys` makes it; with it every request needs one."
    open_to_everybody: Annotated[bool, Parameter(negative="")] = False
    "Let anybody who reaches the address ask, without a key."
    allow_host: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="")] = ()
    "Names by which browsers may call the server, such as that of a reverse proxy."
    behind_proxy: Annotated[bool, Parameter(negative="")] = False
    "A reverse proxy on this machine names the caller in X-Forwarded-For."
    sockets: int = 2000
    "Most WebSocket viewers at once."
    alerts: Path | None = None
    "TOML file of alert rules and webhooks."


_SOURCE, _NETWORK = SourceOptions(), NetworkOptions()


def serve(*, what: SourceOptions = _SOURCE, network: NetworkOptions = _NETWORK) -> int:
    """Serve the page, the HTTP interface and the stream until stopped; ready when /readyz answers 200."""
    from liqatlas.flows.serving_live import Wish, open_served
    from liqatlas.server.alerts import alert_follower, read_alerts
    from liqatlas.server.run import ServePlan, free_port
    from liqatlas.server.run import serve as serve_
    from liqatlas.server.stream import StreamRules

    if not 0 <= network.port <= 65535:
        raise InputError(f"--port {network.port} is no port: wanted 0 to 65535")
    if not 1 <= network.sockets <= 100_000:
        raise InputError(f"--sockets {network.sockets} cannot be used: wanted 1 to 100000")
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="liqatlas: %(levelname)s %(message)s"
    )
    rules, host, link_key = _rules(network)
    lake = _lake(what)
    free_port(host, network.port)  # a wrong one is told before anything is read
    followers: tuple[Callable[[Application, asyncio.Event], Coroutine[None, None, None]], ...] = ()
    if network.alerts is not None:
        followers = (alert_follower(read_alerts(network.alerts)),)
    plan = ServePlan(
        host=host,
        port=network.port,
        rules=rules,
        stream_rules=StreamRules(most_sockets=network.sockets),
        followers=followers,
    )
    wish = Wish(
        lake=lake,
        paths=what.from_,
        live=what.live,
        demo=what.demo,
        names=what.assets,
        venues=what.venues,
        hosts=what.venue_host,
    )
    with (
        reporting() as reporter,
        open_served(wish, reporter) as source,
    ):
        asyncio.run(
            serve_(source, plan, announce=lambda port: _announce(host, port, link_key), reporter=reporter)
        )
    say("stopped")
    return _leave()


def _leave() -> NoReturn:
    """End the process at once, as everything is closed.

    The server's own threads may still wait for the interpreter; where it goes away beneath them the process aborts (SIGABRT) instead of
    ending with 0.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _lake(what: SourceOptions) -> Path | None:
    """Return the lake to serve.

    Raises
    ------
    InputError
        If several sources are named, or none and there is no lake.
    """
    named = [name for name, given in (("--lake", what.lake and not what.live), ("--from", what.from_), ("--live", what.live), ("--demo", what.demo)) if given]  # fmt: skip
    if len(named) > 1:
        raise InputError(f"{' and '.join(named)} were given: give one source")
    if what.lake is not None or what.from_ or what.demo:
        return what.lake
    if what.live:
        return load_settings().lake_path
    from liqatlas.flows.lake import default_lake

    lake = default_lake()
    if lake is None:
        raise InputError(
            "nothing to serve: there is no lake; name files with --from, record with --live, or look at --demo"
        )
    return lake


def _rules(network: NetworkOptions) -> tuple[GuardRules, str, str]:
    """Return who may ask, the address to bind, and the key of the link to print.

    Raises
    ------
    InputError
        If others could reach the server and no keys were named.
    """
    from liqatlas.server.guard import GuardRules
    from liqatlas.server.keys import KeyRing, new_key
    from liqatlas.server.lan import is_loopback, own_names

    host = "0.0.0.0" if network.lan and network.host == "127.0.0.1" else network.host  # noqa: S104  (asked for)
    made, link_key = [], ""
    if network.lan and not network.open_to_everybody:
        key, link_key = new_key("this network, this run")
        made.append(key)
    ring = KeyRing(network.keys, made) if network.keys is not None or made else None
    if ring is not None and not len(ring):
        raise InputError(
            f"{network.keys} holds no key: make one with `liqatlas keys add NAME --keys {network.keys}`"
        )
    if ring is None and not is_loopback(host) and not network.open_to_everybody:
        raise InputError(
            f"others reach {host}: name keys with --keys FILE (liqatlas keys add NAME), use --lan, "
            "or say --open-to-everybody if anybody may ask"
        )
    hosts = own_names(host) | {name.lower() for name in network.allow_host}
    return GuardRules(hosts=hosts, keys=ring, proxied=network.behind_proxy), host, link_key


def _announce(host: str, port: int, link_key: str) -> None:
    """Print where the server is; the only word on standard output."""
    from liqatlas.server.lan import code_of, is_loopback, network_address

    shown = host if is_loopback(host) or host not in {"0.0.0.0", "::"} else network_address() or host  # noqa: S104
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"
    print(address, flush=True)
    if link_key:
        link = f"{address}?key={link_key}"
        print(code_of(link), file=sys.stderr)
        say("open this on a device of this network; the key in it is good until the server stops:")
        print(link, file=sys.stderr, flush=True)
