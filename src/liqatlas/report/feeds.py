"""Headlines of an RSS or Atom feed: titles, moments, addresses. Nothing of a feed is followed or fetched."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from liqatlas.base.clock import isoformat, parse_time
from liqatlas.base.errors import FormatError, TimeError
from liqatlas.report.fact import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Headlines taken of one feed, the first ones.
MOST = 8
ATOM = "{http://www.w3.org/2005/Atom}"


def read_feed(text: str, name: str) -> list[Fact]:
    """Return the first headlines of a feed.

    Raises
    ------
    FormatError
        If it is no RSS or Atom, declares a document type (entities could swell it), or a moment cannot be read.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise FormatError(name, "declares a document type: feeds do without, and entities could swell it")
    try:
        root = ET.fromstring(text)  # noqa: S314  (document types are refused above)
    except ET.ParseError as error:
        raise FormatError(name, f"is not well-formed XML: {error}") from None
    if root.tag == "rss" or root.find("channel") is not None:
        found, title = _rss(root, name), root.findtext("channel/title")
    elif root.tag == f"{ATOM}feed":
        found, title = _atom(root, name), root.findtext(f"{ATOM}title")
    else:
        raise FormatError(name, f"is neither RSS nor Atom: its root is {root.tag!r}")
    source = (title or "a feed").strip()
    return [Fact(headline, link, at, source, "headline") for headline, link, at in found][:MOST]


def _rss(root: ET.Element, name: str) -> Iterator[tuple[str, str, str]]:
    for item in root.iter("item"):
        headline = " ".join((item.findtext("title") or "").split())
        if headline:
            yield headline, (item.findtext("link") or "").strip(), _rfc822(item.findtext("pubDate"), name)


def _atom(root: ET.Element, name: str) -> Iterator[tuple[str, str, str]]:
    for item in root.iter(f"{ATOM}entry"):
        headline = " ".join((item.findtext(f"{ATOM}title") or "").split())
        link = item.find(f"{ATOM}link")
        text = (item.findtext(f"{ATOM}updated") or "").strip()
        if headline:
            try:
                at = isoformat(parse_time(text)) if text else ""
            except TimeError as error:
                raise FormatError(name, str(error)) from None
            yield headline, link.get("href", "") if link is not None else "", at


def _rfc822(text: str | None, name: str) -> str:
    """Return a moment as feeds write it; one without a zone is UTC."""
    if not text or not text.strip():
        return ""
    try:
        moment = parsedate_to_datetime(text.strip())
    except ValueError:
        raise FormatError(name, f"pubDate {text.strip()!r} cannot be read: wanted RFC 822") from None
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return isoformat(round(utc.timestamp()) * 1_000_000_000)
