"""What OpenAPI says of keys: how to send one, and which role each operation takes."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI

from data.errors import Damaged
from service.http.access import KEY_HEADER
from service.http.keys import CurrentKeys
from service.http.roles import ADMIN, ROLES

SCHEMES: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "a key made by `vitrine keys add`"},
    "key": {"type": "apiKey", "in": "header", "name": KEY_HEADER, "description": "the same in a header"},
}
# OpenAPI writes paths without their converters.
_ROLES = {(method, re.sub(r":\w+}", "}", path)): role for (method, path), role in ROLES.items()}


def describe_security(app: FastAPI, keys: CurrentKeys) -> None:
    """Add keys and roles to the app's OpenAPI; the keys only where the service has some."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        api = plain()
        try:
            needed = bool(keys.now())
        except Damaged:
            needed = True
        paths = {
            path: {method: _with_role(one, method, path, needed) for method, one in operations.items()}
            for path, operations in api["paths"].items()
        }
        if not needed:
            return {**api, "paths": paths}
        components = {**api.get("components", {}), "securitySchemes": SCHEMES}
        return {**api, "paths": paths, "components": components}

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's own way to change its description


def _with_role(operation: dict[str, Any], method: str, path: str, needed: bool) -> dict[str, Any]:
    role = _ROLES.get((method.upper(), path), ADMIN)
    if role is None:
        return {**operation, "x-role": "none"}
    keyed: dict[str, Any] = {"security": [{name: []} for name in SCHEMES]} if needed else {}
    return {**operation, "x-role": role.word, **keyed}
