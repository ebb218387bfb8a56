"""Who asks and for what: the parts of an ASGI scope that the guard reads."""

from __future__ import annotations

import ipaddress
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    Scope = MutableMapping[str, Any]

COOKIE = "liqatlas_key"


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers by their names in lower case."""
    return {bytes(k).decode("latin-1").lower(): bytes(v).decode("latin-1") for k, v in scope["headers"]}


def method_of(scope: Scope) -> str:
    """Return the method, ``OTHER`` where it is none of those that are known."""
    method = str(scope.get("method", "GET"))
    return method if method in {"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"} else "OTHER"


def instance_of(scope: Scope) -> str:
    """Return the path that a problem names."""
    return str(scope["path"])[:300]


def host_name(host: str) -> str:
    """Return the name of a Host header without its port."""
    if host.startswith("["):
        return host.partition("]")[0][1:].lower()
    return host.partition(":")[0].lower().rstrip(".")


def is_loopback(address: str) -> bool:
    """Return whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def token_of(scope: Scope, headers: dict[str, str]) -> str:
    """Return the key a caller sends: by header, by cookie, or in the address of a socket."""
    bearer = headers.get("authorization", "")
    for found in (
        headers.get("x-api-key", ""),
        headers.get("cg-api-key", ""),
        bearer[7:] if bearer[:7].lower() == "bearer " else "",
        _cookie(headers.get("cookie", "")),
    ):
        if found:
            return found.strip()[:200]
    if scope["type"] == "websocket":
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        found = (query.get("cg-api-key") or query.get("key") or [""])[0]
        return str(found)[:200]
    return ""


def _cookie(text: str) -> str:
    try:
        found = SimpleCookie(text).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else str(found.value)
