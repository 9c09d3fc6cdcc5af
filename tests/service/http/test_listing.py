"""Lists that go on by cursor, and the names that all lists of hits share."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from data.where import LONGEST_FILTER
from tests.service.http.asking import error_of, ids

SIMILAR = "/v1/products/disc-red/similar"
RECOMMENDED = "/v1/customers/customer-00/recommendations"


def walked(client: TestClient, **params: Any) -> list[str]:
    """All ids of a list, cursor after cursor."""
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(100):
        asked = params if cursor is None else {**params, "cursor": cursor}
        response = client.get("/v1/products", params=asked)
        seen += ids(response)
        cursor = response.json()["next_cursor"]
        if cursor is None:
            return seen
    raise AssertionError(f"the list has no end: {seen[:50]}")


@pytest.mark.parametrize("size", [1, 5, 8, 24, 100])
def test_cursors_walk_over_everything_once(reader: TestClient, size: int) -> None:
    everything = ids(reader.get("/v1/products", params={"size": 100}))
    assert walked(reader, size=size) == everything == sorted(everything)


def test_cursors_stay_within_the_filter(reader: TestClient) -> None:
    found = walked(reader, where='category = "disc"', size=2)
    assert len(found) == 6
    assert all(one.startswith("disc-") for one in found)


def test_an_answer_by_cursor_has_no_page(reader: TestClient) -> None:
    first = reader.get("/v1/products", params={"size": 10}).json()
    following = reader.get("/v1/products", params={"size": 10, "cursor": first["next_cursor"]}).json()
    assert (first["page"], following["page"]) == (1, None)
    assert (following["pages"], following["total"]) == (3, 24)


def test_inserts_and_deletes_move_nothing(client: TestClient) -> None:
    before = ids(client.get("/v1/products", params={"size": 100}))
    first = client.get("/v1/products", params={"size": 8})
    seen, cursor = ids(first), first.json()["next_cursor"]
    client.delete(f"/v1/products/{seen[0]}")  # before the place where the list goes on: a page would shift
    client.delete(f"/v1/products/{seen[-1]}")  # the very product that the cursor names
    client.put("/v1/products/aaa", json={"title": "before everything"})
    client.put("/v1/products/zzz", json={"title": "after everything"})
    seen += walked(client, size=8, cursor=cursor)
    assert seen == [*before, "zzz"]


def _damaged(cursor: str) -> list[str]:
    middle = len(cursor) // 2
    other = "A" if cursor[middle] != "A" else "B"
    return [
        cursor[:middle] + other + cursor[middle + 1 :],
        cursor[:-1],
        cursor[1:],
        cursor + "A",
        cursor + "=",
        "no-cursor",
        "%00",
        "ä" * 20,
        "A" * 2000,
        "W10",
    ]


def test_a_cursor_that_was_tampered_with_is_refused(reader: TestClient) -> None:
    cursor = reader.get("/v1/products", params={"size": 5}).json()["next_cursor"]
    for damaged in _damaged(cursor):
        response = reader.get("/v1/products", params={"cursor": damaged})
        assert response.status_code == 422, damaged
        assert "next_cursor exactly as it came" in error_of(response)["message"]
    assert reader.get("/v1/products", params={"cursor": "A" * 5000}).status_code == 422
    assert reader.get("/v1/products", params={"cursor": ""}).status_code == 422


def test_a_cursor_of_another_filter_is_refused(reader: TestClient) -> None:
    cursor = reader.get("/v1/products", params={"size": 2, "where": "price < 40"}).json()["next_cursor"]
    response = reader.get("/v1/products", params={"cursor": cursor, "where": "price < 30"})
    assert response.status_code == 422
    assert "another where" in error_of(response)["message"]
    assert reader.get("/v1/products", params={"cursor": cursor}).status_code == 422
    assert reader.get("/v1/products", params={"cursor": cursor, "where": " price < 40 "}).status_code == 200


def test_page_and_cursor_together_are_refused(reader: TestClient) -> None:
    cursor = reader.get("/v1/products", params={"size": 2}).json()["next_cursor"]
    response = reader.get("/v1/products", params={"cursor": cursor, "page": 2})
    assert error_of(response)["code"] == "usage"


def _ask(client: TestClient, route: str, params: dict[str, Any], photo: bytes) -> Any:
    """The same parameters, in whichever way the route takes them."""
    if route == "upload":
        return client.post("/v1/similar", params=params, files={"photo": photo})
    if route == "search":
        return client.post("/v1/search", json={"examples": [{"product_id": "disc-red"}], **params})
    if route == "session":
        body = {"history": [{"product_id": "disc-red"}], **params}
        return client.post("/v1/sessions/recommendations", json=body)
    return client.get({"similar": SIMILAR, "recommended": RECOMMENDED}[route], params=params)


LOOKS = ("similar", "upload", "search")
LISTS = (*LOOKS, "recommended", "session")


@pytest.fixture(scope="module")
def photo(reader: TestClient) -> bytes:
    url = reader.get("/v1/products/disc-red").json()["photos"][0]["url"]
    return reader.get(url).content


@pytest.mark.parametrize("route", LISTS)
def test_k_and_limit_are_one_number_everywhere(reader: TestClient, photo: bytes, route: str) -> None:
    by_k = ids(_ask(reader, route, {"k": 3}, photo))
    assert len(by_k) == 3
    assert ids(_ask(reader, route, {"limit": 3}, photo)) == by_k
    assert ids(_ask(reader, route, {"limit": 3, "k": 3}, photo)) == by_k
    for params in ({"k": 3, "limit": 4}, {"limit": 0}, {"k": 0}, {"k": 10_001}, {"limit": 10_001}):
        response = _ask(reader, route, params, photo)
        assert response.status_code == 422, (route, params)
        assert error_of(response)["code"] == "invalid_request"
    response = _ask(reader, route, {"limit": 51}, photo)
    assert error_of(response)["detail"] == {"limit": 50}


@pytest.mark.parametrize("route", LISTS)
def test_where_exclude_and_diversity_are_the_same_everywhere(
    reader: TestClient, photo: bytes, route: str
) -> None:
    bars = ids(_ask(reader, route, {"k": 20, "where": 'category = "bar"'}, photo))
    assert len(bars) >= 4
    assert all(one.startswith("bar-") for one in bars)
    without = ids(_ask(reader, route, {"k": 20, "where": 'category = "bar"', "exclude": bars[:2]}, photo))
    assert set(without) == set(bars[2:])
    assert ids(_ask(reader, route, {"k": 8, "diversity": 0.9}, photo)) != ids(
        _ask(reader, route, {"k": 8, "diversity": 0}, photo)
    )
    for params in ({"diversity": 1.5}, {"where": "colour ="}, {"where": "size = 1"}, {"exclude": [""]}):
        assert _ask(reader, route, params, photo).status_code == 422, (route, params)


@pytest.mark.parametrize(("length", "status"), [(LONGEST_FILTER, 200), (LONGEST_FILTER + 1, 422)])
def test_the_longest_filter_is_the_filter_languages_own(reader: TestClient, length: int, status: int) -> None:
    where = "in_stock".ljust(length)
    assert reader.get("/v1/products", params={"where": where}).status_code == status
    body = {"examples": [{"product_id": "disc-red"}], "where": where}
    assert reader.post("/v1/search", json=body).status_code == status


@pytest.mark.parametrize("route", LOOKS)
def test_min_score_is_the_same_for_all_searches_by_looks(
    reader: TestClient, photo: bytes, route: str
) -> None:
    hits = _ask(reader, route, {"k": 20, "min_score": 0.96}, photo).json()["hits"]
    assert 0 < len(hits) < 20
    assert all(hit["score"] >= 0.96 for hit in hits)
    uncalibrated = _ask(reader, route, {"min_score": "auto"}, photo)
    assert uncalibrated.status_code == 409
    assert error_of(uncalibrated)["code"] == "not_ready"
    for wrong in ("high", 1.5, -2):
        assert _ask(reader, route, {"min_score": wrong}, photo).status_code == 422
