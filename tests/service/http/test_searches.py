"""The searches that the documentation shows do, on the drawn shop, what each of them says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.http.schemas.searches import SEARCHES
from tests.service.http.asking import error_of, ids

OURS = {
    "0108775015": "disc-red",
    "0110065001": "disc-pink",
    "0111565001": "bar-blue",
    "0110065002": "disc-black",
}


def shown(name: str) -> dict[str, Any]:
    """A documented search, about products of the drawn shop."""
    text = json.dumps(SEARCHES[name]["value"])
    for theirs, id_ in OURS.items():
        text = text.replace(theirs, id_)
    body: dict[str, Any] = json.loads(text)
    return body


def hits(client: TestClient, body: dict[str, Any]) -> list[dict[str, Any]]:
    response = client.post("/v1/search", json=body)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["hits"]
    assert found
    asked = [*body["examples"], *body.get("negatives", ())]
    assert not {one["product_id"] for one in asked} & {hit["product_id"] for hit in found}
    return found


def products(found: list[dict[str, Any]]) -> list[str]:
    return [hit["product_id"] for hit in found]


def test_each_has_a_title_and_can_be_asked(reader: TestClient) -> None:
    for name, example in SEARCHES.items():
        assert example["summary"]
        hits(reader, shown(name))


def test_the_api_shows_them_all(reader: TestClient) -> None:
    content = reader.get("/openapi.json").json()["paths"]["/v1/search"]["post"]["requestBody"]["content"]
    assert set(content["application/json"]["examples"]) == set(SEARCHES)


def test_like_these_unlike_that(reader: TestClient) -> None:
    body = {**shown("like these, unlike that"), "k": 50}
    found = products(hits(reader, body))
    plain = products(hits(reader, {**body, "negatives": []}))
    # Of what resembles the examples most, that which has the shape of the negative falls behind.
    for away in ("bar-red", "bar-pink"):
        assert found.index(away) > plain.index(away)


def test_like_any_of_these(reader: TestClient) -> None:
    body = shown("like any of these")
    best = hits(reader, body)
    alone = {
        example["product_id"]: hits(reader, {"examples": [example], "k": 50}) for example in body["examples"]
    }
    scores = {p: {hit["product_id"]: hit["score"] for hit in found} for p, found in alone.items()}
    for hit in best:
        closest = max(of[hit["product_id"]] for of in scores.values() if hit["product_id"] in of)
        assert hit["score"] == pytest.approx(closest, abs=1e-4)


def test_like_this_but_cheaper(reader: TestClient) -> None:
    body = shown("cheaper")
    found = hits(reader, body)
    assert all(hit["price"] < 25 for hit in found)
    everything = ids(reader.get("/v1/products", params={"where": body["where"], "size": 100}))
    assert len(found) == min(body["k"], len(set(everything) - {"disc-red"}))


def test_like_this_but_in_blue(reader: TestClient) -> None:
    found = products(hits(reader, shown("in blue")))
    assert sorted(found) == ["bar-blue", "cross-blue", "disc-blue", "square-blue"]
    assert found[0] == "disc-blue"


def test_look_alikes_in_stock_for_what_is_sold_out(reader: TestClient) -> None:
    assert reader.get("/v1/products/disc-black").json()["in_stock"] is False
    body = shown("sold out")
    found = hits(reader, body)
    assert all(hit["in_stock"] and hit["score"] >= body["min_score"] for hit in found)
    by_id = reader.get("/v1/products/disc-black/similar", params={"where": "in_stock", "k": 12})
    assert products(found) == ids(by_id)
    far = reader.post("/v1/search", json={**body, "min_score": 0.9999}).json()
    assert far["hits"] == []
    assert "looks like this" in far["warnings"][-1]


def test_the_newer_example_counts_more(reader: TestClient) -> None:
    body = {**shown("lately"), "k": 50}
    found = products(hits(reader, body))
    older, newer = body["examples"][1], body["examples"][0]
    turned = [{**older, "at": newer["at"]}, {**newer, "at": older["at"]}]
    other = products(hits(reader, {**body, "examples": turned}))
    assert found.index("disc-pink") < other.index("disc-pink")
    # Two months are some four half-lives of 14 days.
    weighted = [{"product_id": "disc-red"}, {"product_id": "bar-blue", "weight": 0.5 ** (60 / 14)}]
    assert found == products(hits(reader, {"examples": weighted, "k": 50}))


def test_a_half_life_needs_the_time_of_every_example(reader: TestClient) -> None:
    body = {"examples": [{"product_id": "disc-red"}], "half_life_days": 3}
    response = reader.post("/v1/search", json=body)
    assert response.status_code == 422
    assert "'disc-red' has no 'at'" in error_of(response)["message"]
    negatives = {**shown("lately"), "negatives": [{"product_id": "cross-red"}]}
    assert reader.post("/v1/search", json=negatives).status_code == 422
    assert reader.post("/v1/search", json={**shown("lately"), "half_life_days": 0}).status_code == 422


def test_a_varied_page(reader: TestClient) -> None:
    body = shown("varied")
    found = products(hits(reader, body))
    assert not set(body["exclude"]) & set(found)
    assert found != products(hits(reader, {**body, "diversity": 0}))
