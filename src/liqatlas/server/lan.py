"""Addresses of this machine on its network, and a link as a code a phone can scan."""

from __future__ import annotations

import io
import ipaddress
import socket

import segno


def network_address() -> str | None:
    """Return the address other machines of the network reach this one by; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(
                ("192.0.2.1", 9)
            )  # an address of documentation: the route is looked up, no packet leaves
            found = str(probe.getsockname()[0])
        except OSError:
            return None
    return None if ipaddress.ip_address(found).is_loopback else found


def own_names(host: str) -> frozenset[str]:
    """Return the names a caller may put into ``Host`` for a server bound to an address."""
    names = {"localhost", "127.0.0.1", "::1"}
    if host not in {"0.0.0.0", "::", ""}:  # noqa: S104  (compared, not bound)
        names.add(host.lower())
    if not is_loopback(host):
        names |= {socket.gethostname().lower(), socket.gethostname().lower() + ".local"}
        if (found := network_address()) is not None:
            names.add(found)
    return frozenset(names)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def code_of(link: str) -> str:
    """Return a link as a QR code for a terminal."""
    out = io.StringIO()
    segno.make(link, micro=False, error="l").terminal(out=out, compact=True)
    return out.getvalue()
