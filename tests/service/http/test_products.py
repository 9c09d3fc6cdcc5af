from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.service.drawn import draw_photo
from tests.service.http.asking import error_of, ids, picture, upload


def test_one_product(reader: TestClient) -> None:
    body = reader.get("/v1/products/bar-green").json()
    assert body["title"] == "green bar"
    assert body["category"] == "bar"
    assert body["price"] == 17
    assert body["in_stock"] is True
    assert body["attributes"]["colour"] == "green"
    assert [photo["position"] for photo in body["photos"]] == [0, 1]
    assert {photo["status"] for photo in body["photos"]} == {"done"}
    assert reader.get(body["photos"][1]["url"]).status_code == 200


def test_pages_of_products(reader: TestClient) -> None:
    first = reader.get("/v1/products").json()
    assert (first["page"], first["pages"], first["size"], first["total"]) == (1, 3, 10, 24)
    seen = [one for page in (1, 2, 3) for one in ids(reader.get("/v1/products", params={"page": page}))]
    assert seen == sorted(seen)
    assert len(set(seen)) == 24
    assert ids(reader.get("/v1/products", params={"page": 4})) == []


def test_products_by_filter(reader: TestClient) -> None:
    response = reader.get(
        "/v1/products", params={"where": 'price < 12 and title contains "disc"', "size": 100}
    )
    assert ids(response) == ["disc-red"]
    assert response.json()["products"][0]["photo_id"]


@pytest.mark.parametrize("id_", ["new", "a/b", "ä ö%", "x?y#z", "0001"])
def test_an_upserted_product_is_there_at_once(client: TestClient, tmp_path: Path, id_: str) -> None:
    from urllib.parse import quote

    path = f"/v1/products/{quote(id_, safe='')}"
    body = {
        "title": "New disc",
        "category": "disc",
        "price": 3.5,
        "attributes": {"colour": "red", "hand": True},
    }
    put = client.put(path, json=body)
    assert put.status_code == 200, put.text
    assert put.json()["product_id"] == id_
    assert ids(client.get("/v1/products", params={"where": "hand"})) == [id_]
    photo = draw_photo(tmp_path / "p.jpg", "disc", "red").read_bytes()
    added = client.post(f"{path}/photos", files=upload(photo, name="../../../../evil"))
    assert added.status_code == 201, added.text
    assert added.json()["status"] == "done"
    assert client.get(added.json()["url"]).content == photo
    found = client.post("/v1/similar", files=upload(photo), params={"k": 2}).json()["hits"]
    assert {hit["product_id"] for hit in found} == {id_, "disc-red"}
    assert client.get(f"{path}/similar", params={"k": 3}).json()["hits"][0]["product_id"] == "disc-red"


def test_a_product_without_photo_has_no_looks(client: TestClient) -> None:
    client.put("/v1/products/bare", json={"title": "bare"})
    response = client.get("/v1/products/bare/similar")
    assert response.status_code == 409
    assert error_of(response)["code"] == "no_vector"


def test_put_replaces_fields_and_keeps_photos(client: TestClient) -> None:
    before = client.get("/v1/products/disc-red").json()
    after = client.put("/v1/products/disc-red", json={"title": "Red", "price": 1, "in_stock": False}).json()
    assert (after["title"], after["price"], after["in_stock"], after["category"]) == ("Red", 1, False, None)
    assert after["photos"] == before["photos"]
    found = ids(client.get("/v1/products/disc-pink/similar", params={"k": 50, "where": "in_stock"}))
    assert "disc-red" not in found


def test_a_deleted_product_is_gone_at_once(client: TestClient) -> None:
    near = ids(client.get("/v1/products/disc-red/similar", params={"k": 50}))
    assert "disc-pink" in near
    assert client.delete("/v1/products/disc-pink").json() == {"product_id": "disc-pink", "deleted": True}
    assert "disc-pink" not in ids(client.get("/v1/products/disc-red/similar", params={"k": 50}))
    assert client.get("/v1/products/disc-pink").status_code == 404
    assert client.get("/v1/products/disc-pink/similar").status_code == 404
    assert client.delete("/v1/products/disc-pink").status_code == 404
    assert "disc-pink" not in ids(client.get("/v1/products", params={"size": 100}))
    recommended = ids(
        client.get("/v1/customers/customer-00/recommendations", params={"k": 50, "seen": "keep"})
    )
    assert "disc-pink" not in recommended


def test_a_bad_photo_is_not_added(client: TestClient) -> None:
    before = client.get("/v1/products/disc-red").json()["photos"]
    for data in (b"nothing", picture()[:60]):
        assert client.post("/v1/products/disc-red/photos", files=upload(data)).status_code == 422
    assert client.get("/v1/products/disc-red").json()["photos"] == before
    assert client.post("/v1/products/none/photos", files=upload(picture())).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"price": -1},
        {"price": "cheap"},
        {"colour": "red"},
        {"attributes": {"x": [1]}},
        {"attributes": {"title": "twice"}},
        {"attributes": {"": 1}},
        {"in_stock": "perhaps"},
        {"attributes": {"n": 10**400}},
        {"attributes": {"n": 2**53 + 1}},
        {"attributes": {"n": -(2**53) - 1}},
    ],
)
def test_products_that_are_refused(client: TestClient, body: dict[str, object]) -> None:
    response = client.put("/v1/products/odd", json=body)
    assert response.status_code == 422, response.text
    error_of(response)
    assert client.get("/v1/products/odd").status_code == 404


def test_the_largest_whole_numbers_stay_as_they_were_sent(client: TestClient) -> None:
    sent = {"most": 2**53, "least": -(2**53), "large": 1e300}
    assert client.put("/v1/products/odd", json={"attributes": sent}).json()["attributes"] == sent


@pytest.mark.parametrize("longer", ["similar", "photos"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_the_longer_routes_are_not_products(client: TestClient, longer: str, method: str) -> None:
    body = None if method == "DELETE" else {"title": "odd"}
    response = client.request(method, f"/v1/products/disc-red/{longer}", json=body)
    assert response.status_code == 405
    assert error_of(response)["code"] == "method_not_allowed"
    assert set(response.headers["allow"].split(", ")) <= {"GET", "HEAD", "POST"}
    assert client.get("/v1/products/disc-red").json()["title"] == "red disc"


def test_allow_names_all_methods_of_an_address(reader: TestClient) -> None:
    for path, methods in (
        ("/v1/products", {"GET", "HEAD", "POST"}),
        ("/v1/products/disc-red", {"GET", "HEAD", "PUT", "PATCH", "DELETE"}),
        ("/v1/products/disc-red/similar", {"GET", "HEAD"}),
        ("/v1/products/disc-red/photos", {"POST"}),
        ("/v1/photos/0000000000000000", {"GET", "HEAD", "DELETE"}),
        ("/v1/search", {"POST"}),
    ):
        response = reader.request("TRACE", path)
        assert response.status_code == 405
        assert set(response.headers["allow"].split(", ")) == methods
