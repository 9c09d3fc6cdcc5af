"""The one table of who may do what: each route of the app, by method, with the least role that it asks for.

To add a route: add its line here, with the path as the router spells it, prefix and converters included
(``"/v1/photos/{photo_id}"``). A test lists the app's routes and fails where one is missing here, or where a
line has no route any more; until then only an admin key can ask for it. HEAD counts as GET.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Mount, compile_path

from service.keys import Role

OPEN = None
"""For everybody, keys or not."""
READ, WRITE, ADMIN = Role.READ, Role.WRITE, Role.ADMIN
REST = "/{rest:path}"

ROLES: Mapping[tuple[str, str], Role | None] = {
    # Whoever watches the service, without the shop; what a person needs to sign in.
    ("GET", "/health/live"): OPEN,
    ("GET", "/sign-in"): OPEN,
    ("POST", "/sign-in"): OPEN,
    ("POST", "/sign-out"): OPEN,
    ("GET", "/static" + REST): OPEN,
    # The state of the shop.
    ("GET", "/health/ready"): READ,
    ("GET", "/metrics"): READ,
    ("GET", "/openapi.json"): READ,
    # Questions, whatever their method is.
    ("GET", "/v1/products"): READ,
    ("GET", "/v1/products/{product_id:path}"): READ,
    ("GET", "/v1/products/{product_id:path}/similar"): READ,
    ("GET", "/v1/products/{product_id:path}/heatmap"): READ,
    ("POST", "/v1/similar"): READ,
    ("POST", "/v1/search"): READ,
    ("GET", "/v1/customers/{customer_id:path}/recommendations"): READ,
    ("POST", "/v1/sessions/recommendations"): READ,
    ("GET", "/v1/photos/{photo_id}"): READ,
    ("GET", "/v1/rules"): READ,
    ("GET", "/v1/rules/history"): READ,
    # The catalogue, and what customers do.
    ("POST", "/v1/products"): WRITE,
    ("PUT", "/v1/products/{product_id:path}"): WRITE,
    ("PATCH", "/v1/products/{product_id:path}"): WRITE,
    ("DELETE", "/v1/products/{product_id:path}"): WRITE,
    ("POST", "/v1/products/{product_id:path}/photos"): WRITE,
    ("DELETE", "/v1/photos/{photo_id}"): WRITE,
    ("POST", "/v1/interactions"): WRITE,
    # What cannot be taken back, and what overrules the engine.
    ("DELETE", "/v1/customers/{customer_id:path}"): ADMIN,
    ("POST", "/v1/rules"): ADMIN,
    ("DELETE", "/v1/rules/{rule_id:int}"): ADMIN,
    ("POST", "/v1/rules/undo"): ADMIN,
    # The pages.
    ("GET", "/"): READ,
    ("GET", "/docs"): READ,
    ("GET", "/products/{product_id:path}"): READ,
    ("GET", "/why"): READ,
    ("GET", "/search"): READ,
    ("POST", "/search"): READ,
    ("GET", "/customers"): READ,
    ("GET", "/customers/{customer_id:path}"): READ,
    ("GET", "/reports"): READ,
    ("GET", "/reports/{name:path}"): READ,
    ("GET", "/rules"): READ,
    ("POST", "/rules"): ADMIN,
    ("POST", "/rules/undo"): ADMIN,
}
ELSEWHERE = "none"
"""The route of an address that has none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for. route: its template. role: the least that it takes; None: nothing."""

    route: str
    role: Role | None


class RoleTable:
    """The table, compiled for the routes that an app really has."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._lines: dict[str, list[tuple[re.Pattern[str], Asked]]] = {}
        for method, path in sorted(routes_of(routes)):
            role = ROLES.get((method, path), ADMIN)
            self._lines.setdefault(method, []).append((compile_path(path)[0], Asked(path, role)))

    def asked(self, method: str, path: str) -> Asked:
        """What the request needs; where several routes fit an address, the most that one of them takes.

        An address without a route takes a read key: strangers shall not learn which there are.
        """
        lines = self._lines.get("GET" if method == "HEAD" else method, ())
        fitting = [asked for pattern, asked in lines if pattern.match(path)]
        return max(fitting, key=_rank) if fitting else Asked(ELSEWHERE, READ)


def routes_of(routes: Iterable[BaseRoute]) -> set[tuple[str, str]]:
    """Method and path of everything that an app answers; what is mounted as its path and ``{rest:path}``."""
    found: set[tuple[str, str]] = set()
    for context in iter_route_contexts(list(routes)):
        if isinstance(context.original_route, Mount):
            found.add(("GET", f"{context.original_route.path}{REST}"))
            continue
        for method in context.methods or ():
            found.add(("GET" if method == "HEAD" else method, context.path or "/"))
    return found


def _rank(asked: Asked) -> tuple[int, int]:
    """By role; of routes alike in that, the longer one names the request better."""
    return asked.role or 0, len(asked.route)
