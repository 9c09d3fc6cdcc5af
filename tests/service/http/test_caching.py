"""What may be kept by clients and caches: never something that is out of date."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi.testclient import TestClient

from data.rules import Terms
from data.shop import Shop
from service.http.app import create_app
from service.lookalikes import Calibration, remember_calibration
from service.settings import Settings
from tests.service.drawn import draw_photo
from tests.service.http.asking import picture, upload

ROUTE = "/v1/products/disc-red/similar"


def tag_of(client: TestClient, path: str = ROUTE, **params: str) -> str:
    response = client.get(path, params=params)
    assert response.status_code == 200, response.text
    return response.headers["etag"]


def test_an_unchanged_search_is_not_sent_again(reader: TestClient) -> None:
    first = reader.get(ROUTE, params={"k": 3})
    assert first.headers["cache-control"] == "private, no-cache"
    tag = first.headers["etag"]
    for header in (tag, f"W/{tag}", f'"other", {tag}'):
        again = reader.get(ROUTE, params={"k": 3}, headers={"if-none-match": header})
        assert again.status_code == 304
        assert again.content == b""
        assert (again.headers["etag"], again.headers["cache-control"]) == (tag, "private, no-cache")
    assert reader.get(ROUTE, params={"k": 3}, headers={"if-none-match": '"other"'}).status_code == 200


def test_every_question_has_its_own_tag(reader: TestClient) -> None:
    asked = [{}, {"k": "3"}, {"where": "in_stock"}, {"aspect": "colour=2"}, {"exclude": "bar-red"}]
    tags = {tag_of(reader, **params) for params in asked}
    assert len(tags | {tag_of(reader, "/v1/products/bar-red/similar")}) == len(asked) + 1


def test_an_unknown_product_is_not_unchanged(reader: TestClient) -> None:
    for header in ("*", '"x"', tag_of(reader)):
        response = reader.get("/v1/products/none/similar", headers={"if-none-match": header})
        assert response.status_code == 404


def _photo(client: TestClient, tmp_path: Path) -> None:
    data = draw_photo(tmp_path / "p.jpg", "cross", "red").read_bytes()
    assert client.post("/v1/products/disc-red/photos", files=upload(data)).status_code == 201


def _no_photo(client: TestClient, _: Path) -> None:
    url = client.get("/v1/products/disc-red").json()["photos"][0]["url"]
    assert client.delete(url).status_code == 200


def _calibrated(client: TestClient, _: Path) -> None:
    with Shop.open(_directory(client)) as shop:
        space = shop.current_space()
        assert space is not None
        remember_calibration(shop, space.space, Calibration(0.97, 0.01, 0.99, 48, "2026-07-01"))


def _ruled(client: TestClient, _: Path) -> None:
    with Shop.open(_directory(client)) as shop:
        shop.rules.add(Terms("block", "cross-red"), "somebody")


def _directory(client: TestClient) -> Path:
    settings: Settings = client.app.state.settings  # type: ignore[attr-defined]
    return settings.shop


CHANGES: dict[str, Callable[[TestClient, Path], object]] = {
    "price": lambda client, _: client.patch("/v1/products/disc-pink", json={"price": 1}),
    "stock": lambda client, _: client.patch("/v1/products/disc-pink", json={"in_stock": False}),
    "put": lambda client, _: client.put("/v1/products/disc-pink", json={"title": "new"}),
    "batch": lambda client, _: client.post(
        "/v1/products", json={"products": [{"product_id": "disc-pink", "title": "newer"}]}
    ),
    "photo": _photo,
    "no photo": _no_photo,
    "calibration": _calibrated,
    "delete": lambda client, _: client.delete("/v1/products/disc-pink"),
    "rule": _ruled,
}


def test_after_a_change_nothing_is_out_of_date(client: TestClient, tmp_path: Path) -> None:
    with TestClient(create_app(Settings(shop=_directory(client)))) as other:  # a second worker
        for change, make in CHANGES.items():
            before = client.get(ROUTE)
            tag = before.headers["etag"]
            assert other.get(ROUTE, headers={"if-none-match": tag}).status_code == 304
            make(client, tmp_path)
            for one in (client, other):
                after = one.get(ROUTE, headers={"if-none-match": tag})
                assert after.status_code == 200, change
                assert after.headers["etag"] != tag
                assert change == "calibration" or after.json()["hits"] != before.json()["hits"], change


def test_a_rule_that_begins_and_ends_changes_the_tag(client: TestClient) -> None:
    before = tag_of(client)
    now = datetime.now(UTC)
    with Shop.open(_directory(client)) as shop:
        shop.rules.add(Terms("block", "disc-pink", starts=now + timedelta(days=1)), "somebody")
        assert tag_of(client) == before
        rule = shop.rules.add(Terms("block", "disc-pink", ends=now + timedelta(days=1)), "somebody")
        assert tag_of(client) != before
        shop.rules.remove(rule.rule_id, "somebody")
        assert tag_of(client) == before


def test_a_photo_is_tagged_by_its_content(client: TestClient, tmp_path: Path) -> None:
    same, other = picture(colour="red"), picture(colour="blue")
    first = client.post("/v1/products/disc-red/photos", files=upload(same)).json()["url"]
    second = client.post("/v1/products/bar-red/photos", files=upload(same)).json()["url"]
    third = client.post("/v1/products/bar-red/photos", files=upload(other)).json()["url"]
    assert first != second
    for params in ({}, {"size": "96"}):
        assert tag_of(client, first, **params) == tag_of(client, second, **params)
        assert tag_of(client, first, **params) != tag_of(client, third, **params)


def test_a_photo_whose_file_is_replaced_has_another_tag(client: TestClient, catalogue: Path) -> None:
    url = client.get("/v1/products/disc-red").json()["photos"][0]["url"]
    path = catalogue.parent / "disc-red.jpg"
    kept, before, state = path.read_bytes(), tag_of(client, url), path.stat()
    try:
        path.write_bytes(picture(kind="JPEG"))
        assert client.get(url, headers={"if-none-match": before}).status_code == 200
        assert tag_of(client, url) != before
    finally:
        path.write_bytes(kept)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))  # others index this catalogue too
    assert tag_of(client, url) == before


def test_answers_that_speak_of_a_person_are_never_stored(client: TestClient) -> None:
    event = {"customer_id": "customer-00", "product_id": "bar-red", "event": "view"}
    for response in (
        client.get("/v1/customers/customer-00/recommendations"),
        client.post("/v1/sessions/recommendations", json={"history": []}),
        client.post("/v1/interactions", json={"interactions": [event]}),
        client.delete("/v1/customers/customer-00"),
    ):
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers


def test_products_are_asked_about_before_each_use(reader: TestClient) -> None:
    for path in ("/v1/products", "/v1/products/disc-red"):
        assert reader.get(path).headers["cache-control"] == "private, no-cache"


def test_the_api_does_not_vary_and_pages_vary_by_what_is_accepted(reader: TestClient) -> None:
    assert "accept" not in reader.get(ROUTE).headers.get("vary", "").lower()
    for accept in ("text/html", "application/json"):
        assert "accept" in reader.get("/products/none", headers={"accept": accept}).headers["vary"].lower()


def test_head_is_get_without_a_body(reader: TestClient) -> None:
    photo = reader.get("/v1/products/disc-red").json()["photos"][0]["url"]
    for path in (photo, f"{photo}?size=96", ROUTE, "/v1/products/disc-red", "/v1/products"):
        head, get = reader.head(path), reader.get(path)
        assert head.status_code == 200, path
        assert head.content == b""
        for name in ("etag", "cache-control", "content-type", "content-length"):
            assert head.headers.get(name) == get.headers.get(name), (path, name)
    assert reader.head("/v1/products/none").status_code == 404
