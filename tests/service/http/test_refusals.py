"""Requests that cannot be answered get a clear 4xx in the one shape, and never a 500."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.http.app import create_app
from service.settings import Settings
from tests.service.http.asking import error_of, picture, upload

SEARCH: dict[str, Any] = {"examples": [{"product_id": "disc-red"}]}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/nonsense", 404, "no_route"),
        ("/v1/products/no%20such/similar", 404, "unknown_product"),
        ("/v1/products/no%20such", 404, "unknown_product"),
        ("/v1/products/disc-red/similar?k=-1", 422, "invalid_request"),
        ("/v1/products/disc-red/similar?k=0", 422, "invalid_request"),
        ("/v1/products/disc-red/similar?k=x", 422, "invalid_request"),
        ("/v1/products/disc-red/similar?k=51", 422, "usage"),
        ("/v1/products/disc-red/similar?k=99999999999999999999", 422, "invalid_request"),
        ("/v1/products/disc-red/similar?count=3", 422, "invalid_request"),
        ("/v1/products/disc-red/similar?where=nonsense%20%3D%201", 422, "bad_filter"),
        ("/v1/products/disc-red/similar?where=price%20%3C%20%3C", 422, "bad_filter"),
        ("/v1/products/disc-red/similar?where=" + "(" * 3000, 422, "bad_filter"),
        ("/v1/products/disc-red/similar?where=" + "x" * 5000, 422, "invalid_request"),
        ("/v1/products/disc-red/similar?aspect=smell%3D2", 422, "usage"),
        ("/v1/products/disc-red/similar?aspect=colour", 422, "usage"),
        ("/v1/products/disc-red/similar?aspect=colour%3Dnan", 422, "usage"),
        ("/v1/products/disc-red/similar?aspect=colour%3D1e999", 422, "usage"),
        ("/v1/products/disc-red/similar?aspect=colour%3D-1", 422, "usage"),
        ("/v1/products/disc-red/similar?aspect=colour%3D0&aspect=shape%3D0", 422, "usage"),
        ("/v1/products/disc-red/similar?diversity=2", 422, "invalid_request"),
        ("/v1/products/disc-red/similar?diversity=nan", 422, "invalid_request"),
        ("/v1/products/disc-red/similar?min_score=inf", 422, "invalid_request"),
        ("/v1/products?page=0", 422, "invalid_request"),
        ("/v1/products?page=99999999999999999999", 422, "invalid_request"),
        ("/v1/products?size=501", 422, "usage"),
        ("/v1/products?where=%00", 422, "bad_filter"),
        ("/v1/customers/c/recommendations?k=51", 422, "usage"),
        ("/v1/customers/c/recommendations?seen=perhaps", 422, "invalid_request"),
        ("/v1/photos/0000000000000000", 404, "unknown_photo"),
        ("/v1/photos/..%2F..%2Fshop.db", 404, "no_route"),
        ("/v1/photos/shop.db", 422, "invalid_request"),
        ("/v1/photos/0000000000000000?size=0", 422, "invalid_request"),
    ],
)
def test_refused_gets(reader: TestClient, path: str, status: int, code: str) -> None:
    response = reader.get(path)
    assert response.status_code == status, response.text
    assert error_of(response)["code"] == code


def _addresses() -> list[tuple[str, str]]:
    paths = create_app(Settings(shop=Path("none"))).openapi()["paths"]
    of_api = [path for path in paths if path.startswith("/v1/")]
    return [(method.upper(), re.sub(r"\{\w+\}", "1", path)) for path in of_api for method in paths[path]]


@pytest.mark.parametrize(("method", "path"), [*_addresses(), ("HEAD", "/v1/products")])
def test_a_parameter_that_a_route_does_not_have(reader: TestClient, method: str, path: str) -> None:
    response = reader.request(method, path, params={"limits": 1})
    assert response.status_code == 422, response.text
    if method != "HEAD":
        error = error_of(response)
        assert error["code"] == "invalid_request"
        assert error["detail"]["problems"][0]["where"] == "query.limits"


@pytest.mark.parametrize("path", ["/v1/similar", "/v1/products/disc-red/photos"])
def test_a_field_that_an_upload_does_not_have(reader: TestClient, path: str) -> None:
    response = reader.post(path, files=upload(picture()), data={"k": "1"})
    assert response.status_code == 422, response.text
    (problem,) = error_of(response)["detail"]["problems"]
    assert problem["where"] == "body.k"
    assert "in the address" in problem["problem"]


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/v1/similar"), ("POST", "/v1/photos/0000000000000000")]
)
def test_a_method_that_is_not_possible(reader: TestClient, method: str, path: str) -> None:
    response = reader.request(method, path)
    assert response.status_code == 405
    assert error_of(response)["code"] == "method_not_allowed"
    assert response.headers["allow"]


HOSTILE = [
    "%00",
    "a%00b",
    "%0A",
    "a%0d%0aSet-Cookie%3A%20x%3D1",
    "%7F",
    "%C2%80",
    "%FF%FE",
    "%ED%A0%80",
    "..%2F..%2Fetc%2Fpasswd",
    "%2e%2e",
    "....//",
    "a/b/c",
    "//",
    "%20",
    "%F0%9F%91%97",
    "'%20OR%201%3D1%20--",
    "%22%3E%3Cscript%3E",
    "{product_id}",
    "%25s%25n",
    "x" * 257,
    "x" * 5000,
    "%E2%80%AE",
    "NaN",
    "None",
    "-1",
]


@pytest.mark.parametrize("id_", HOSTILE)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/products/{}"),
        ("GET", "/v1/products/{}/similar"),
        ("GET", "/v1/customers/{}/recommendations"),
        ("GET", "/v1/photos/{}"),
        ("DELETE", "/v1/customers/{}"),
        ("DELETE", "/v1/products/{}"),
        ("GET", "/products/{}"),
        ("GET", "/customers/{}"),
        ("GET", "/reports/{}"),
    ],
)
def test_hostile_ids(reader: TestClient, method: str, path: str, id_: str) -> None:
    response = reader.request(method, path.replace("{}", id_))
    assert response.status_code in (200, 400, 404, 405, 422), response.text
    if response.status_code >= 400:
        error_of(response)
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_request"),
        ({"examples": []}, "invalid_request"),
        ({"examples": [{"product_id": "disc-red", "weight": 0}]}, "invalid_request"),
        ({"examples": [{"product_id": "disc-red", "weigth": 2}]}, "invalid_request"),
        ({"examples": [{"product_id": "\u0000"}]}, "invalid_request"),
        ({"examples": [{"product_id": ""}]}, "invalid_request"),
        ({**SEARCH, "examples": [{"product_id": "disc-red"}] * 5}, "usage"),
        ({**SEARCH, "k": 51}, "usage"),
        ({**SEARCH, "k": True}, None),
        ({**SEARCH, "strategy": "median"}, "invalid_request"),
        ({**SEARCH, "aspects": {"smell": 1}}, "usage"),
        ({**SEARCH, "where": "colour ="}, "bad_filter"),
    ],
)
def test_refused_searches(reader: TestClient, body: dict[str, Any], code: str | None) -> None:
    response = reader.post("/v1/search", json=body)
    if code is None:
        assert response.status_code in (200, 422)
        return
    assert response.status_code == 422, response.text
    assert error_of(response)["code"] == code


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b'{"examples": [{"product_id": "disc-red", "weight": NaN}]}',
        b'{"examples": [{"product_id": "disc-red", "weight": 1e999}]}',
        b'{"examples": [{"product_id": "\\ud800"}]}',
        b'{"examples": [{"product_id": "disc-red"}], "aspects": {"\\ud800": 1}}',
        b'{"examples": [{"product_id": "disc-red"}], "where": "\\ud800"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_bodies_that_are_not_what_they_should_be(reader: TestClient, raw: bytes) -> None:
    response = reader.post("/v1/search", content=raw, headers={"content-type": "application/json"})
    assert response.status_code in (400, 422), response.text
    error_of(response)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", None),
        (b"this is not a photo", "not_an_image"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_an_image"),
        (picture(kind="JPEG")[:-200], "truncated"),
        (picture((700, 600)), "too_many_pixels"),
        (picture((3, 3)), "too_small"),
    ],
    ids=["empty", "text", "half a header", "svg", "truncated", "too many pixels", "too small"],
)
def test_uploads_that_are_no_photos(reader: TestClient, data: bytes, reason: str | None) -> None:
    response = reader.post("/v1/similar", files=upload(data))
    assert response.status_code == 422, response.text
    error = error_of(response)
    if reason is not None:
        assert error["code"] == "bad_photo"
        assert error["detail"]["reason"] == reason


def test_upload_in_the_wrong_field(reader: TestClient) -> None:
    response = reader.post("/v1/similar", files=upload(picture(), field="image"))
    assert response.status_code == 422
    assert "photo" in error_of(response)["message"]


def test_upload_as_text(reader: TestClient) -> None:
    response = reader.post("/v1/similar", data={"photo": "x"})
    assert response.status_code == 422
    error_of(response)


def test_broken_multipart(reader: TestClient) -> None:
    for content, kind in ((b"abc", "multipart/form-data; boundary=x"), (b"abc", "multipart/form-data")):
        response = reader.post("/v1/similar", content=content, headers={"content-type": kind})
        assert response.status_code in (400, 422)
        error_of(response)


def test_a_body_that_declares_itself_too_large(reader: TestClient) -> None:
    response = reader.post("/v1/similar", files=upload(b"x" * 400_000))
    assert response.status_code == 413
    assert error_of(response)["code"] == "too_large"


def test_a_body_that_turns_out_too_large(reader: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"--b\r\nContent-Disposition: form-data; name=photo; filename=q\r\n\r\n"
        for _ in range(40):
            yield b"x" * 10_000

    kind = {"content-type": "multipart/form-data; boundary=b"}
    response = reader.post("/v1/similar", content=chunks(), headers=kind)
    assert response.status_code == 413
    assert error_of(response)["code"] == "too_large"


def test_a_photo_over_the_limit_within_the_envelope(reader: TestClient) -> None:
    response = reader.post("/v1/similar", files=upload(b"x" * 210_000))
    assert response.status_code == 422
    assert error_of(response)["detail"]["reason"] == "too_many_bytes"


def test_a_length_that_is_no_number(reader: TestClient) -> None:
    response = reader.post("/v1/search", content=b"{}", headers={"content-length": "9" * 5000})
    assert response.status_code == 413
    error_of(response)


def test_another_sites_page_cannot_write(reader: TestClient) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    response = reader.post("/v1/similar", files=upload(picture()), headers=headers)
    assert response.status_code == 403
    assert error_of(response)["code"] == "forbidden"
    assert reader.get("/v1/products/disc-red", headers=headers).status_code == 200


def test_a_method_that_a_longer_route_lacks_is_405_whatever_its_parameters(reader: TestClient) -> None:
    assert reader.put("/v1/products/disc-red/heatmap?which=query&aspect=shape").status_code == 405
    assert reader.delete("/v1/customers/anna/recommendations?k=3").status_code == 405
    assert reader.get("/v1/customers/anna/recommendations?kk=3").status_code == 422
    assert reader.put("/v1/products/disc-red?which=query", json={}).status_code == 422
