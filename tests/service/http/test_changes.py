"""Changes of the catalogue over HTTP: seen at once, whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from data.shop import Shop
from tests.service.drawn import draw_photo
from tests.service.http.asking import error_of, ids, upload

RED = "/v1/products/disc-red"


def test_price_and_stock_change_alone(client: TestClient) -> None:
    before = client.get(RED).json()
    after = client.patch(RED, json={"price": 1.5, "in_stock": False}).json()
    assert after == {**before, "price": 1.5, "in_stock": False}
    assert client.get(RED).json() == after
    assert "disc-red" in ids(client.get("/v1/products", params={"where": "price < 2 and not in_stock"}))
    assert "disc-red" not in ids(
        client.get("/v1/products/disc-pink/similar", params={"k": 50, "where": "in_stock"})
    )


def test_what_is_left_out_stays_and_null_empties(client: TestClient) -> None:
    before = client.get(RED).json()
    assert client.patch(RED, json={}).json() == before
    after = client.patch(RED, json={"title": None, "attributes": {"tone": None, "sale": True}}).json()
    assert after["title"] is None
    assert after["category"] == before["category"]
    assert after["attributes"] == {"colour": "red", "sale": True}
    assert ids(client.get("/v1/products", params={"where": "sale"})) == ["disc-red"]


@pytest.mark.parametrize(
    "body",
    [
        {"in_stock": None},
        {"price": -1},
        {"colour": "red"},
        {"attributes": {"price": 3}},
        {"attributes": {"": 3}},
        {"attributes": {f"a{n}": n for n in range(200)}},
    ],
)
def test_changes_that_are_refused_change_nothing(client: TestClient, body: dict[str, Any]) -> None:
    before = client.get(RED).json()
    response = client.patch(RED, json=body)
    assert response.status_code == 422, response.text
    error_of(response)
    assert client.get(RED).json() == before


def test_a_change_adds_no_product(client: TestClient) -> None:
    client.delete("/v1/products/disc-pink")
    for id_ in ("none", "disc-pink"):
        response = client.patch(f"/v1/products/{id_}", json={"price": 1})
        assert response.status_code == 404
        assert error_of(response)["code"] == "unknown_product"


def test_changes_at_the_same_time_all_count(client: TestClient) -> None:
    def change(n: int) -> None:
        assert client.patch(RED, json={"attributes": {f"n{n}": True}}).status_code == 200

    threads = [threading.Thread(target=change, args=(n,)) for n in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert {f"n{n}" for n in range(12)} <= set(client.get(RED).json()["attributes"])


def batch(*products: dict[str, Any]) -> dict[str, Any]:
    return {"products": list(products)}


def test_a_batch_adds_and_replaces(client: TestClient) -> None:
    same = client.get(RED).json()
    fields = {name: same[name] for name in ("title", "category", "price", "in_stock", "attributes")}
    body = batch(
        {"product_id": "new-1", "title": "first", "attributes": {"fresh": True}},
        {"product_id": "disc-pink", "title": "changed"},
        {"product_id": "disc-red", **fields},
    )
    assert client.post("/v1/products", json=body).json() == {"added": 1, "changed": 1, "same": 1}
    assert client.post("/v1/products", json=body).json() == {"added": 0, "changed": 0, "same": 3}
    assert ids(client.get("/v1/products", params={"where": "fresh"})) == ["new-1"]
    changed = client.get("/v1/products/disc-pink").json()
    assert (changed["title"], changed["price"], len(changed["photos"])) == ("changed", None, 2)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ([{"product_id": "new-1", "title": "again"}], "usage"),
        ([{"product_id": "new-2", "price": -1}], "invalid_request"),
        ([{"product_id": "new-2", "attributes": {"title": "x"}}], "usage"),
        ([{"title": "without an id"}], "invalid_request"),
        ([{"product_id": f"more-{n}"} for n in range(5)], "usage"),
    ],
)
def test_a_batch_is_stored_whole_or_not_at_all(
    client: TestClient, wrong: list[dict[str, Any]], code: str
) -> None:
    response = client.post("/v1/products", json=batch({"product_id": "new-1", "title": "good"}, *wrong))
    assert response.status_code == 422, response.text
    assert error_of(response)["code"] == code
    assert client.get("/v1/products/new-1").status_code == 404
    assert client.post("/v1/products", json=batch()).status_code == 422


def test_a_deleted_photo_is_gone_at_once(client: TestClient, shop: Path, tmp_path: Path) -> None:
    data = draw_photo(tmp_path / "p.jpg", "cross", "blue").read_bytes()
    added = client.post(f"{RED}/photos", files=upload(data)).json()
    assert "disc-red" in ids(client.post("/v1/similar", files=upload(data), params={"k": 2}))
    assert client.delete(added["url"]).json() == {"photo_id": added["photo_id"], "deleted": True}
    assert "disc-red" not in ids(client.post("/v1/similar", files=upload(data), params={"k": 2}))
    assert client.get(added["url"]).status_code == 404
    assert client.delete(added["url"]).status_code == 404
    assert not list((shop / "photos").glob("*"))
    assert [photo["position"] for photo in client.get(RED).json()["photos"]] == [0, 1]


def test_an_uploaded_file_that_another_product_has_too_stays(client: TestClient, tmp_path: Path) -> None:
    data = draw_photo(tmp_path / "p.jpg", "cross", "blue").read_bytes()
    one = client.post(f"{RED}/photos", files=upload(data)).json()["url"]
    other = client.post("/v1/products/bar-red/photos", files=upload(data)).json()["url"]
    assert client.delete(one).status_code == 200
    assert client.get(other).content == data


def test_a_photo_of_the_catalogue_goes_and_its_file_stays(client: TestClient, catalogue: Path) -> None:
    first, second = client.get(RED).json()["photos"]
    assert client.delete(first["url"]).status_code == 200
    assert client.get(RED).json()["photos"] == [{**second, "position": 0}]
    assert (catalogue.parent / "disc-red.jpg").is_file()
    assert client.delete(second["url"]).status_code == 200
    assert error_of(client.get(f"{RED}/similar"))["code"] == "no_vector"
    with Shop.open(client.app.state.settings.shop) as shop:  # type: ignore[attr-defined]
        assert not shop.photos_of("disc-red")
