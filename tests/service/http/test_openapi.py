from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from fastapi.testclient import TestClient

from service.http.errors import CODES, STATUS

PROMISED = {
    ("GET", "/v1/products/{product_id}"),
    ("GET", "/v1/products"),
    ("GET", "/v1/products/{product_id}/similar"),
    ("GET", "/v1/products/{product_id}/heatmap"),
    ("POST", "/v1/similar"),
    ("POST", "/v1/search"),
    ("POST", "/v1/products"),
    ("PUT", "/v1/products/{product_id}"),
    ("PATCH", "/v1/products/{product_id}"),
    ("DELETE", "/v1/products/{product_id}"),
    ("POST", "/v1/products/{product_id}/photos"),
    ("POST", "/v1/interactions"),
    ("GET", "/v1/customers/{customer_id}/recommendations"),
    ("POST", "/v1/sessions/recommendations"),
    ("DELETE", "/v1/customers/{customer_id}"),
    ("GET", "/v1/photos/{photo_id}"),
    ("DELETE", "/v1/photos/{photo_id}"),
    ("GET", "/v1/rules"),
    ("POST", "/v1/rules"),
    ("DELETE", "/v1/rules/{rule_id}"),
    ("POST", "/v1/rules/undo"),
    ("GET", "/v1/rules/history"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
}


@pytest.fixture(scope="module")
def api(reader: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = reader.get("/openapi.json").json()
    return found


def operations(api: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(m.upper(), path, op) for path, methods in api["paths"].items() for m, op in methods.items()]


def test_the_promised_routes_are_there_and_no_others(api: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in operations(api)} == PROMISED


def of_json(api: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every JSON body that goes in or comes out with success: where, its schema, the media type's entry."""
    for method, path, operation in operations(api):
        bodies = [("takes", operation.get("requestBody", {}))]
        bodies += [(s, answer) for s, answer in operation["responses"].items() if s.startswith("2")]
        for what, body in bodies:
            content = body.get("content", {}).get("application/json")
            if content is not None:
                yield f"{method} {path} {what}", content["schema"], content


def faults(api: dict[str, Any], schema: dict[str, Any], value: object) -> list[str]:
    whole = {**schema, "components": api["components"]}
    return [str(error) for error in jsonschema_rs.validator_for(whole).iter_errors(value)]


def test_every_route_is_described(api: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in api["tags"]}
    for method, path, operation in operations(api):
        where = f"{method} {path}"
        assert len(operation["description"]) > 20, where
        assert set(operation["tags"]) <= tags, where


def test_every_parameter_says_what_it_is_and_shows_a_value(api: dict[str, Any]) -> None:
    for method, path, operation in operations(api):
        for parameter in operation.get("parameters", []):
            where = f"{method} {path}: {parameter['name']}"
            schema = parameter["schema"]
            parts = [parameter, schema, *schema.get("anyOf", [])]
            assert any(part.get("description") for part in parts), f"{where} is not described"
            shown = [value for part in parts for value in part.get("examples", [])]
            assert shown, f"{where} has no example"
            assert not [fault for value in shown for fault in faults(api, schema, value)], where


def test_every_failure_is_typed_and_shows_each_of_its_codes(api: dict[str, Any]) -> None:
    known = {**{cls.code: status for cls, status in STATUS.items()}, **{c: n for n, c in CODES.items()}}
    known |= {"invalid_request": 422, "role_too_low": 403, "keys_required": 403}
    for method, path, operation in operations(api):
        failed = {s: a for s, a in operation["responses"].items() if s >= "4"}
        if path != "/health/live":
            assert {"422", "503"} <= set(failed), f"{method} {path}"
        for status, answer in failed.items():
            where = f"{method} {path} {status}"
            content = answer["content"]["application/json"]
            assert content["schema"]["$ref"].endswith("/ErrorAnswer"), where
            assert content["examples"], where
            for code, example in content["examples"].items():
                assert example["value"]["error"]["code"] == code, where
                assert known[code] == int(status), where
                assert f"`{code}`" in answer["description"], where


def test_every_route_that_reads_a_body_says_what_can_be_wrong_with_it(api: dict[str, Any]) -> None:
    reading = [(method, path, one) for method, path, one in operations(api) if "requestBody" in one]
    assert len(reading) > 5
    for method, path, operation in reading:
        for status, code in (("400", "bad_request"), ("408", "too_slow"), ("413", "too_large")):
            examples = operation["responses"][status]["content"]["application/json"]["examples"]
            assert code in examples, f"{method} {path}"


def test_bodies_and_answers_have_examples_that_are_valid(api: dict[str, Any]) -> None:
    for where, schema, content in of_json(api):
        found = api["components"]["schemas"][schema["$ref"].split("/")[-1]]
        shown = [*found.get("examples", []), *(one["value"] for one in content.get("examples", {}).values())]
        assert shown, f"{where} has no example"
        for value in shown:
            assert not faults(api, schema, value), where


def test_routes_of_hits_take_the_same_parameters(api: dict[str, Any]) -> None:
    shared = {"k", "limit", "where", "diversity", "min_score", "exclude"}
    schemas = api["components"]["schemas"]
    for method, path, operation in operations(api):
        if not path.endswith(("/similar", "/search", "/recommendations")):
            continue
        told = {one["name"]: one["schema"] for one in operation.get("parameters", [])}
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is not None:
            told |= schemas[content["schema"]["$ref"].split("/")[-1]]["properties"]
        # A score of a recommendation is no cosine, and comparable within one answer only.
        wanted = shared - {"min_score"} if "recommendations" in path else shared
        assert wanted <= set(told), f"{method} {path}"
        for name in wanted & {"k", "limit", "where", "exclude", "min_score"}:
            limits = _limits(told[name])
            assert limits == _limits(_of_similar(api)[name]), f"{method} {path}: {name}"


def _of_similar(api: dict[str, Any]) -> dict[str, Any]:
    operation = api["paths"]["/v1/products/{product_id}/similar"]["get"]
    return {one["name"]: one["schema"] for one in operation["parameters"]}


def _limits(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without what only documentation reads."""
    kept = {name: value for name, value in schema.items() if name not in ("title", "description", "examples")}
    if "anyOf" in kept:
        kept["anyOf"] = [_limits(part) for part in kept["anyOf"]]
    return kept


def test_the_page_of_the_api_needs_no_other_host(reader: TestClient) -> None:
    response = reader.get("/docs")
    assert response.status_code == 200
    assert "http://" not in response.text
    assert "https://" not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert reader.get("/redoc").status_code == 404
