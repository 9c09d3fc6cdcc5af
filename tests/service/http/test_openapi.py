from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

PROMISED = {
    ("GET", "/v1/products/{product_id}"),
    ("GET", "/v1/products"),
    ("GET", "/v1/products/{product_id}/similar"),
    ("POST", "/v1/similar"),
    ("POST", "/v1/search"),
    ("PUT", "/v1/products/{product_id}"),
    ("DELETE", "/v1/products/{product_id}"),
    ("POST", "/v1/products/{product_id}/photos"),
    ("POST", "/v1/interactions"),
    ("GET", "/v1/customers/{customer_id}/recommendations"),
    ("POST", "/v1/sessions/recommendations"),
    ("DELETE", "/v1/customers/{customer_id}"),
    ("GET", "/v1/photos/{photo_id}"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
}


@pytest.fixture(scope="module")
def api(reader: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = reader.get("/openapi.json").json()
    return found


def operations(api: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(m.upper(), path, op) for path, methods in api["paths"].items() for m, op in methods.items()]


def test_the_promised_routes_are_there_and_no_others(api: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in operations(api)} == PROMISED


def test_every_route_is_described(api: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in api["tags"]}
    for method, path, operation in operations(api):
        where = f"{method} {path}"
        assert len(operation["description"]) > 20, where
        assert set(operation["tags"]) <= tags, where
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            said = parameter.get("description") or schema.get("description")
            said = said or any(part.get("description") for part in schema.get("anyOf", []))
            assert said, f"{where}: {parameter['name']} is not described"
        if path != "/health/live":
            for status in ("422", "503"):
                schema = operation["responses"][status]["content"]["application/json"]["schema"]
                assert schema["$ref"].endswith("/ErrorAnswer"), where


def test_bodies_have_examples_that_are_valid(api: dict[str, Any], reader: TestClient) -> None:
    for method, path, operation in operations(api):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        schema = api["components"]["schemas"][content["schema"]["$ref"].split("/")[-1]]
        (example,) = schema["examples"]
        response = reader.request(method, path.replace("{product_id}", "%00"), json=example)
        problems = (response.json().get("error", {}).get("detail") or {}).get("problems", [])
        assert not [one for one in problems if one["where"].startswith("body")], (
            f"{method} {path}: {problems}"
        )


def test_the_page_of_the_api_needs_no_other_host(reader: TestClient) -> None:
    response = reader.get("/docs")
    assert response.status_code == 200
    assert "http://" not in response.text
    assert "https://" not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert reader.get("/redoc").status_code == 404
