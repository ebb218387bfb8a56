"""``liqatlas doctor``: what works here."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (cyclopts reads the annotations)
from typing import Annotated, Literal

from cyclopts import Parameter

from liqatlas.base.config import load_settings
from liqatlas.cli.output import emit
from liqatlas.flows.doctor import doctor_json, doctor_text, examine_lake, examine_venues
from liqatlas.flows.venue_access import make_access


def doctor(
    *,
    venues: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative="")] = (),
    lake: Path | None = None,
    offline: Annotated[bool, Parameter(negative="")] = False,
    host: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    proxy: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    format: Literal["term", "json"] = "term",  # noqa: A002
) -> int:
    """Say which venues answer, what each gives, how fresh and complete the lake is.

    Parameters
    ----------
    venues
        Only these venues; `ccxt:NAME` is an exchange read by ccxt.
    lake
        Folder of the lake; default is that of the settings.
    offline
        Ask no venue.
    host
        VENUE=URL: a mirror or regional address in place of the venue's own.
    proxy
        VENUE=URL: a proxy for that venue.
    format
        Text for people or JSON for programs.
    """
    access = make_access(host, proxy)
    health = examine_venues(access, venues, ask=not offline)
    state = examine_lake(lake or load_settings().lake_path)
    content = doctor_json(health, state) if format == "json" else doctor_text(health, state).encode()
    emit(content, format, None)
    return 0
