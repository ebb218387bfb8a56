"""Public figures for the daily brief: read from files a user names, asked of sources a user names, never of others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from liqatlas.base.errors import FormatError, InputError, LiqAtlasError
from liqatlas.flows.reporter import SILENT
from liqatlas.report.public_facts import parse_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from liqatlas.flows.reporter import Reporter
    from liqatlas.report.fact import Fact


@dataclass(frozen=True, slots=True)
class PublicChoice:
    """Where public figures come from.

    Attributes
    ----------
    files
        Saved answers, feeds, CSV.
    sources
        Names of sources to ask; empty asks none.
    hosts
        Addresses in place of the sources' own, by name.
    """

    files: Sequence[Path] = ()
    sources: Sequence[str] = ()
    hosts: Mapping[str, str] = field(default_factory=dict)


def make_public(files: Sequence[Path], sources: Iterable[str], hosts: Iterable[str]) -> PublicChoice:
    """Return the choice that options describe.

    Raises
    ------
    InputError
        If a source is not known, or a host is no ``SOURCE=URL``.
    """
    named = [one.strip().lower() for text in sources for one in text.split(",") if one.strip()]
    given: dict[str, str] = {}
    if not named and not (texts := list(hosts)):
        return PublicChoice(tuple(files))
    from liqatlas.venues.public import SOURCES

    chosen = list(SOURCES) if "all" in named else list(dict.fromkeys(named))
    for one in chosen:
        if one not in SOURCES:
            raise InputError(f"--public {one!r} is not known: wanted {', '.join(SOURCES)} or all")
    for text in hosts if named else texts:
        name, _, url = text.partition("=")
        if name not in SOURCES or not url.startswith(("http://", "https://")):
            raise InputError(
                f"--public-host {text!r} cannot be read: wanted SOURCE=http… with one of {', '.join(SOURCES)}"
            )
        given[name] = url
    return PublicChoice(tuple(files), tuple(chosen), given)


def public_figures(choice: PublicChoice, reporter: Reporter = SILENT) -> tuple[list[Fact], dict[str, str]]:
    """Return the facts, and by source why one gave none: a source that is down costs its own lines only.

    Raises
    ------
    FormatError
        If a file that was named cannot be read.
    """
    facts = [fact for path in choice.files for fact in parse_facts(_text(path), str(path))]
    missing: dict[str, str] = {}
    if choice.sources:
        reporter.progress("asking public sources", 0, len(choice.sources))
        for name, answer in asyncio.run(_ask_all(choice)).items():
            if isinstance(answer, LiqAtlasError):
                missing[name] = str(answer)
                continue
            try:
                facts += parse_facts(answer, name)
            except FormatError as error:
                missing[name] = str(error)
    return facts, missing


async def _ask_all(choice: PublicChoice) -> dict[str, str | LiqAtlasError]:
    """Return each source's answer or why there is none; all are asked at once."""
    from liqatlas.venues.public import SOURCES, ask_source

    async def ask(name: str) -> str | LiqAtlasError:
        try:
            return await ask_source(SOURCES[name], choice.hosts.get(name))
        except LiqAtlasError as error:
            return error

    return dict(zip(choice.sources, await asyncio.gather(*map(ask, choice.sources)), strict=True))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(path, f"cannot be read: {error}") from None
