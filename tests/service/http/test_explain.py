"""`explain`: each hit says which photos matched and what each aspect adds to its score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.service.http.asking import upload


def explained(response: httpx.Response) -> list[dict[str, Any]]:
    """The hits, after checking that what explains them adds up."""
    assert response.status_code == 200, response.text
    hits: list[dict[str, Any]] = response.json()["hits"]
    assert hits
    for hit in hits:
        why = hit["explanation"]
        assert why["photo_id"] == hit["photo_id"]
        aspects = why["aspects"]
        assert set(aspects) == set(hit["aspects"])
        assert sum(one["part"] for one in aspects.values()) == pytest.approx(hit["score"], abs=1e-4)
        for name, one in aspects.items():
            assert one["cosine"] == pytest.approx(hit["aspects"][name], abs=1e-3)
    return hits


def photos(reader: TestClient, product: str) -> list[str]:
    return [photo["photo_id"] for photo in reader.get(f"/v1/products/{product}").json()["photos"]]


def test_by_product(reader: TestClient) -> None:
    path = "/v1/products/disc-red/similar"
    hits = explained(reader.get(path, params={"k": 9, "explain": "true", "aspect": "colour=3"}))
    own = photos(reader, "disc-red")
    for hit in hits:
        query = hit["explanation"]["query"]
        assert query["product_id"] == "disc-red"
        assert query["photo_id"] in own
        assert query["upload"] is None
        assert hit["explanation"]["aspects"]["colour"]["share"] == pytest.approx(3 / 3.6, abs=1e-3)
        for one in hit["explanation"]["aspects"].values():
            assert one["part"] == pytest.approx(one["share"] * one["cosine"], abs=1e-4)


def test_only_where_it_is_asked_for(reader: TestClient) -> None:
    hits = reader.get("/v1/products/disc-red/similar").json()["hits"]
    assert all(hit["explanation"] is None for hit in hits)


def test_the_photo_with_the_same_shift_matches(reader: TestClient) -> None:
    """The second photo of each product is drawn 4 pixels off the first."""
    params = {"k": 1, "explain": "true", "aspect": "colour=0", "where": 'product_id = "cross-black"'}
    (hit,) = explained(reader.get("/v1/products/cross-red/similar", params=params))
    matched = photos(reader, "cross-black").index(hit["photo_id"])
    assert hit["explanation"]["query"]["photo_id"] == photos(reader, "cross-red")[matched]
    assert hit["explanation"]["cosine"] > 0.99


@pytest.mark.parametrize("strategy", ["average", "best", "sum"])
def test_by_examples(reader: TestClient, strategy: str) -> None:
    body = {
        "examples": [{"product_id": "disc-red", "weight": 2}, {"product_id": "bar-blue"}],
        "negatives": [{"product_id": "bar-black"}],
        "strategy": strategy,
        "k": 12,
        "explain": True,
    }
    hits = explained(reader.post("/v1/search", json=body))
    asked = {hit["explanation"]["query"]["product_id"] for hit in hits}
    assert asked == {"disc-red", "bar-blue"}


def test_by_uploads(reader: TestClient, catalogue: Path) -> None:
    names = ("disc-red.jpg", "bar-blue.jpg")
    files = [("photo", (name, (catalogue.parent / name).read_bytes())) for name in names]
    hits = explained(reader.post("/v1/similar", files=files, params={"k": 24, "explain": "true"}))
    found = {hit["product_id"]: hit["explanation"]["query"] for hit in hits}
    assert found["disc-red"] == {"product_id": None, "photo_id": None, "upload": 0}
    assert found["bar-blue"] == {"product_id": None, "photo_id": None, "upload": 1}
    one = reader.post("/v1/similar", files=upload(b"nothing"), params={"explain": "perhaps"})
    assert one.status_code == 422
