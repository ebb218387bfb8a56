"""Alerts while serving: rules and webhooks from one TOML file, looked at every second, told by webhook and by stream."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from liqatlas.base.clock import parse_window
from liqatlas.base.errors import ConfigError, LiqAtlasError
from liqatlas.flows.alerts import Rule, Watch
from liqatlas.flows.request import parse_amount
from liqatlas.server.webhooks import Sender, Webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from liqatlas.server.app import Application

LOG = logging.getLogger("liqatlas.alerts")
EVERY_S = 1.0
#: Shorter secrets can be guessed.
SHORTEST_SECRET = 16


class WebhookEntry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A webhook as written; the secret stands in the environment or in a file, never in the rules."""

    name: str
    url: str
    secret_env: str = ""
    secret_file: str = ""


class RuleEntry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A rule as written."""

    when: Literal["price-near-cluster", "cluster-swept", "feed-stale"]
    name: str = ""
    asset: str = ""
    window: str = "7d"
    within: str = "1%"
    min_usd: str = "1M"
    position: Literal["long", "short"] | None = None
    venue: str = ""
    older_than: str = "2m"
    to: list[str] = []


class AlertsFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    state: str = ""
    webhook: list[WebhookEntry] = []
    rule: list[RuleEntry] = []


@dataclass(frozen=True, slots=True)
class Alerts:
    """Rules, webhooks, who is told of which rule, and where is kept what holds."""

    rules: tuple[Rule, ...]
    webhooks: tuple[Webhook, ...]
    to: dict[str, frozenset[str]]
    state: Path | None


def read_alerts(path: Path) -> Alerts:
    """Return what an alerts file says.

    Raises
    ------
    ConfigError
        If it cannot be read, a name or value is unknown, or a secret is missing or short.
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
        written = msgspec.convert(tree, AlertsFile)
    except OSError as error:
        raise ConfigError(f"alerts file {path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"alerts file {path}: not valid TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise ConfigError(f"alerts file {path}: {error}; see docs/how_to/serve.md") from None
    if not written.rule:
        raise ConfigError(f"alerts file {path}: holds no [[rule]]")
    webhooks = tuple(_webhook(one, path) for one in written.webhook)
    names = [one.name for one in webhooks]
    if len(set(names)) < len(names):
        raise ConfigError(f"alerts file {path}: two webhooks have one name")
    rules, to = [], {}
    for number, entry in enumerate(written.rule, 1):
        rule = _rule(entry, number, path)
        if rule.name in to:
            raise ConfigError(f"alerts file {path}: two rules are called {rule.name!r}")
        unknown = sorted(set(entry.to) - set(names))
        if unknown:
            raise ConfigError(
                f"alerts file {path}: rule {rule.name!r} tells {', '.join(unknown)}, of which there is no [[webhook]]"
            )
        rules.append(rule)
        to[rule.name] = frozenset(entry.to or names)
    state = (path.parent / written.state) if written.state else None
    return Alerts(tuple(rules), webhooks, to, state)


def _webhook(entry: WebhookEntry, path: Path) -> Webhook:
    where = f"alerts file {path}: webhook {entry.name!r}"
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", entry.url):
        raise ConfigError(f"{where}: url is none: wanted https://…")
    if bool(entry.secret_env) == bool(entry.secret_file):
        raise ConfigError(f"{where}: give one of secret_env and secret_file")
    if entry.secret_env:
        secret = os.environ.get(entry.secret_env, "")
        source = f"environment variable {entry.secret_env}"
    else:
        source = f"file {entry.secret_file}"
        try:
            secret = (path.parent / entry.secret_file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{where}: {source} cannot be read: {type(error).__name__}") from None
    if len(secret) < SHORTEST_SECRET:
        raise ConfigError(
            f"{where}: the secret of {source} is missing or shorter than {SHORTEST_SECRET} characters"
        )
    return Webhook(entry.name, entry.url, secret.encode())


def _rule(entry: RuleEntry, number: int, path: Path) -> Rule:
    name = entry.name or f"{number} {entry.when}"
    where = f"alerts file {path}: rule {name!r}"
    share = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", entry.within.strip())
    if not share or not 0 < float(share[1]) < 100:
        raise ConfigError(f"{where}: within {entry.within!r} cannot be read: wanted a share such as 1%")
    if entry.when != "feed-stale" and not entry.asset:
        raise ConfigError(f"{where}: asset is missing")
    try:
        return Rule(
            name=name,
            when=entry.when,
            asset=entry.asset.upper(),
            window_ns=parse_window(entry.window),
            within=float(share[1]) / 100,
            min_usd=parse_amount(entry.min_usd),
            position=entry.position,
            venue=entry.venue.lower(),
            older_than_ns=parse_window(entry.older_than),
        )
    except LiqAtlasError as error:
        raise ConfigError(f"{where}: {error}") from None


def alert_follower(alerts: Alerts) -> Callable[[Application, asyncio.Event], Coroutine[None, None, None]]:
    """Return what runs beside a server: look at the rules, tell webhooks and viewers, remember what holds."""

    async def follow(application: Application, stop: asyncio.Event) -> None:
        senders = [Sender(webhook) for webhook in alerts.webhooks]
        application.metrics.more += [sender.metrics_text for sender in senders]
        watch = Watch(application.service.source, alerts.rules, _read_state(alerts.state))
        jobs = [asyncio.create_task(sender.run()) for sender in senders]
        try:
            while not stop.is_set():
                if application.service.ready:
                    await _look(application, alerts, watch, senders)
                await asyncio.sleep(EVERY_S)
        finally:
            await asyncio.gather(*(sender.settle(3.0) for sender in senders))
            for job in jobs:
                job.cancel()

    return follow


async def _look(application: Application, alerts: Alerts, watch: Watch, senders: list[Sender]) -> None:
    before = watch.holding()
    try:
        events = await asyncio.to_thread(watch.look)
    except LiqAtlasError as error:
        LOG.warning("alerts could not be looked at: %s", error)
        return
    for event in events:
        application.stream.tell_alert(event.tree, event.as_of_ns)
        for sender in senders:
            if sender.webhook.name in alerts.to[event.rule]:
                sender.put(event.tree)
    if alerts.state is not None and (events or watch.holding() != before):
        await asyncio.to_thread(_write_state, alerts.state, watch.holding())


def _read_state(path: Path | None) -> dict[str, dict[str, Any]]:
    if path is None or not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, Any]])
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(
            f"state of alerts {path}: cannot be read: {error}; remove it to begin anew"
        ) from None


def _write_state(path: Path, holding: dict[str, dict[str, Any]]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(msgspec.json.encode(holding))
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        LOG.warning("state of alerts %s cannot be written: %s", path, error.strerror)
