"""What goes wrong, as RFC 9457 problem details: one shape for every error the server answers."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from liqatlas.base.errors import LiqAtlasError, UnknownSymbolError

if TYPE_CHECKING:
    from collections.abc import Iterable

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Problem details (RFC 9457): ``type`` names the kind, ``detail`` says what was, what was wanted and what to do."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    near: tuple[str, ...] = ()
    retry_after_s: int | None = None


class Refused(Exception):  # noqa: N818  (a refusal is an answer, not a fault)
    """The server itself refuses a request; carried to the one place that answers problems."""

    def __init__(self, status: int, detail: str, *, kind: str = "", retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind, self.retry_after_s = status, detail, kind, retry_after_s


def make_problem(
    status: int,
    detail: str,
    instance: str,
    *,
    kind: str = "",
    near: Iterable[str] = (),
    retry_after_s: int | None = None,
) -> Problem:
    """Return a problem; its kind is by default the status' own name."""
    title = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    name = kind or title.lower().replace(" ", "-")
    return Problem(
        type=f"urn:liqatlas:problem:{name}",
        title=title if not kind else kind.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
        instance=instance,
        near=tuple(near),
        retry_after_s=retry_after_s,
    )


def problem_of(error: BaseException, instance: str) -> Problem:
    """Return the problem of an error of ours; anything else is a fault whose text is kept from the caller."""
    if isinstance(error, Refused):
        return make_problem(
            error.status, error.detail, instance, kind=error.kind, retry_after_s=error.retry_after_s
        )
    if isinstance(error, LiqAtlasError) and error.http_status < HTTPStatus.INTERNAL_SERVER_ERROR:
        near = error.near if isinstance(error, UnknownSymbolError) else ()
        return make_problem(error.http_status, _plain(str(error)), instance, kind=_kind(error), near=near)
    if isinstance(error, LiqAtlasError):
        return make_problem(error.http_status, _plain(str(error)), instance, kind=_kind(error))
    return make_problem(
        500,
        "a fault of the server: it was written to the server's log; please report it with that text",
        instance,
        kind="internal",
    )


def _kind(error: LiqAtlasError) -> str:
    """Return ``unknown-symbol`` for ``UnknownSymbolError``."""
    name = type(error).__name__.removesuffix("Error")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _plain(text: str) -> str:
    """Return a message without the paths of this machine, which are nobody's business over the network."""
    return re.sub(r"(?<![\w./])/(?:[^\s/,;'\"]+/)*([^\s/,;'\"]+)", r"\1", text)


def encode_problem(problem: Problem) -> bytes:
    """Return the problem as JSON."""
    return msgspec.json.encode(problem)
