"""Addresses that only this machine can reach."""

from __future__ import annotations

import ipaddress
import socket

from data.errors import UsageError


def ip_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a text spells, an IPv4 one inside an IPv6 one unpacked; None where it spells none."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


def is_loopback(text: str) -> bool:
    """Whether a text spells an address of this machine's own, such as 127.0.0.1 or ::1."""
    found = ip_of(text)
    return found is not None and found.is_loopback


def is_local_name(host: str) -> bool:
    """Whether a browser takes this name for the machine it runs on; the port is left out before."""
    name = host.strip("[]").rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost") or is_loopback(name)


def listens_to_others(host: str) -> bool:
    """Whether a server that binds this address or name can be reached from other machines.

    Raises UsageError for a name that has no address.
    """
    if not host:
        return True
    if ip_of(host) is not None:
        return not is_loopback(host)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"the address to listen on, {host!r:.80}, has no meaning here: {error}") from None
    return not all(is_loopback(str(one[4][0])) for one in found)
