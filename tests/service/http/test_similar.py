from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.service.drawn import SHAPES
from tests.service.http.asking import error_of, ids, upload


def test_similar_by_id(reader: TestClient) -> None:
    response = reader.get("/v1/products/disc-red/similar", params={"k": 7})
    found = ids(response)
    assert len(found) == len(set(found)) == 7
    assert "disc-red" not in found
    body = response.json()
    assert set(body) == {"hits", "space", "generation", "warnings"}
    scores = [hit["score"] for hit in body["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert all(-1.0001 <= score <= 1.0001 for score in scores)
    first = body["hits"][0]
    assert set(first["aspects"]) == {"shape", "colour"}
    assert first["title"]
    assert reader.get(f"/v1/photos/{first['photo_id']}").status_code == 200


def test_where_is_exact_and_full(reader: TestClient) -> None:
    found = ids(reader.get("/v1/products/disc-red/similar", params={"k": 4, "where": 'colour = "blue"'}))
    assert sorted(found) == sorted(f"{shape}-blue" for shape in SHAPES)


def test_aspects_change_the_order(reader: TestClient) -> None:
    def hits(*weights: str) -> list[dict[str, Any]]:
        path, params = "/v1/products/disc-red/similar", {"k": 23, "aspect": list(weights)}
        found: list[dict[str, Any]] = reader.get(path, params=params).json()["hits"]
        return found

    by_colour, by_shape = hits("shape=0", "colour=1"), hits("shape=1", "colour=0")
    assert by_colour[0]["product_id"].endswith("-red")
    assert [hit["product_id"] for hit in by_colour] != [hit["product_id"] for hit in by_shape]
    for name, found in (("colour", by_colour), ("shape", by_shape)):
        assert all(abs(hit["score"] - hit["aspects"][name]) < 1e-3 for hit in found)


def test_weights_of_aspects_have_one_limit_in_addresses_and_bodies(reader: TestClient) -> None:
    def asked(weight: float) -> list[httpx.Response]:
        body = {"examples": [{"product_id": "disc-red"}], "aspects": {"shape": weight, "colour": weight}}
        params = {"aspect": [f"shape={weight}", f"colour={weight}"]}
        return [
            reader.get("/v1/products/disc-red/similar", params=params),
            reader.post("/v1/search", json=body),
        ]

    assert [response.status_code for response in asked(1e6)] == [200, 200]
    by_address, by_body = asked(1e308)
    assert (by_address.status_code, by_body.status_code) == (422, 422)
    assert "at most 1,000,000" in error_of(by_address)["message"]


def test_diversity_min_score_and_exclude(reader: TestClient) -> None:
    plain = ids(reader.get("/v1/products/disc-red/similar", params={"k": 8}))
    varied = ids(reader.get("/v1/products/disc-red/similar", params={"k": 8, "diversity": 0.9}))
    assert varied != plain
    assert ids(reader.get("/v1/products/disc-red/similar", params={"min_score": 1})) == []
    without = ids(reader.get("/v1/products/disc-red/similar", params={"k": 8, "exclude": plain[:2]}))
    assert not set(plain[:2]) & set(without)


def test_an_upload_finds_its_product(reader: TestClient, catalogue: Path) -> None:
    photo = (catalogue.parent / "cross-blue-2.jpg").read_bytes()
    response = reader.post("/v1/similar", files=upload(photo, name="../../evil.php"), params={"k": 3})
    assert ids(response)[0] == "cross-blue"
    assert response.json()["hits"][0]["score"] > 0.99


def test_several_uploads_are_one_question(reader: TestClient, catalogue: Path) -> None:
    names = ("disc-red.jpg", "disc-red-2.jpg")
    files = [("photo", (name, (catalogue.parent / name).read_bytes())) for name in names]
    assert ids(reader.post("/v1/similar", files=files, params={"k": 6}))[0] == "disc-red"


def test_uploads_take_the_same_parameters(reader: TestClient, catalogue: Path) -> None:
    photo = (catalogue.parent / "disc-red.jpg").read_bytes()
    where = 'category = "bar"'
    found = ids(reader.post("/v1/similar", files=upload(photo), params={"k": 6, "where": where}))
    assert sorted(found) == ids(reader.get("/v1/products", params={"where": where}))


@pytest.mark.parametrize("strategy", ["average", "best", "sum"])
def test_search_by_examples(reader: TestClient, strategy: str) -> None:
    body = {
        "examples": [{"product_id": "disc-red", "weight": 2}, {"product_id": "disc-pink"}],
        "negatives": [{"product_id": "bar-black"}],
        "strategy": strategy,
        "k": 10,
        "exclude": ["disc-blue"],
    }
    found = ids(reader.post("/v1/search", json=body))
    assert len(found) == 10
    assert not {"disc-red", "disc-pink", "disc-blue", "bar-black"} & set(found)


def test_search_takes_aspects_and_where(reader: TestClient) -> None:
    body = {
        "examples": [{"product_id": "disc-red"}],
        "aspects": {"shape": 0},
        "where": "in_stock and price < 30",
    }
    found = ids(reader.post("/v1/search", json=body))
    assert all(not one.endswith("-black") for one in found)
    assert found[0].endswith("-red")
