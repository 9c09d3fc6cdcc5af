"""How settings with a grammar of their own are spelled: lists, origins, networks, rates.

Each function takes what was given and returns it in its one form, or raises ValueError with what is wrong.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]")


def listed(value: object) -> object:
    """``"a, b"`` → ``("a", "b")``, as environment variables have no lists; a list stays as it is."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def of_origin(value: object) -> object:
    """An origin as browsers send it: scheme, host, and the port where it is not the scheme's own."""
    if not isinstance(value, str):
        return value
    wrong = f"{value!r:.100} is no exact origin such as https://shop.example (no path, no *)"
    try:
        found = urlsplit(value.lower())
        port = found.port
    except ValueError:
        raise ValueError(wrong) from None
    host = found.netloc.removesuffix(f":{port}")
    if found.scheme not in ("http", "https") or not _HOST.fullmatch(host) or found.path or found.query:
        raise ValueError(wrong)
    own = {"http": 80, "https": 443}[found.scheme]
    return f"{found.scheme}://{host}" + (f":{port}" if port not in (None, own) else "")


def of_subnet(value: object) -> object:
    """An address, or a network such as 10.0.0.0/8."""
    if not isinstance(value, str):
        return value
    try:
        network = ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError(f"{value!r:.100} is no address and no network: {error}") from None
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def of_rate(value: object) -> object:
    """One rate or several, such as ``100/second`` or ``20/second;5000/hour``."""
    if not isinstance(value, str):
        return value
    from limits import parse_many

    try:
        parsed = parse_many(value)
    except ValueError:
        raise ValueError(f"{value!r:.100} is no rate such as 100/second or 20/second;5000/hour") from None
    if not all(one.amount > 0 and one.multiples > 0 for one in parsed):
        raise ValueError(f"{value!r:.100} allows nothing at all")
    return value
