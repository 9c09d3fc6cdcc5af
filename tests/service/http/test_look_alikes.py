"""`min_score=auto` over HTTP and on the page."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from data.shop import Shop
from service.lookalikes import Calibration, remember_calibration
from service.settings import Settings
from tests.service.http.asking import ids

ROUTE = "/v1/products/disc-red/similar"


def calibrate(client: TestClient, cosine: float) -> None:
    settings: Settings = client.app.state.settings  # type: ignore[attr-defined]
    with Shop.open(settings.shop) as shop:
        space = shop.current_space()
        assert space is not None
        remember_calibration(shop, space.space, Calibration(cosine, 0.01, 0.99, 48, "2026-07-01"))


def test_auto_before_it_is_calibrated(client: TestClient) -> None:
    response = client.get(ROUTE, params={"min_score": "auto"})
    assert response.status_code == 409
    assert "vitrine embedders evaluate" in response.json()["error"]["message"]


def test_auto_by_id_and_by_examples(client: TestClient) -> None:
    calibrate(client, 0.9)
    body = {"examples": [{"product_id": "disc-red"}], "k": 23, "min_score": "auto"}
    by_number = ids(client.get(ROUTE, params={"k": 23, "min_score": 0.9}))
    assert 0 < len(by_number) < 23
    assert ids(client.get(ROUTE, params={"k": 23, "min_score": "auto"})) == by_number
    assert ids(client.post("/v1/search", json=body)) == by_number


def test_nothing_alike_is_a_warning(client: TestClient) -> None:
    calibrate(client, 0.99999)
    told = client.get(ROUTE, params={"min_score": "auto"}).json()
    assert told["hits"] == []
    assert told["warnings"][-1].startswith("nothing in this shop looks like this (best score 0.")


@pytest.mark.parametrize("params", [{"min_score": "high"}, {"min_score": "2"}])
def test_another_word_or_no_cosine_is_refused(client: TestClient, params: dict[str, str]) -> None:
    assert client.get(ROUTE, params=params).status_code == 422


def test_auto_with_other_weights_is_refused(client: TestClient) -> None:
    calibrate(client, 0.5)
    response = client.get(ROUTE, params={"min_score": "auto", "aspect": "colour=2"})
    assert response.status_code == 422
    assert "weights" in response.json()["error"]["message"]


def box_of(page: str) -> str:
    """The tag of the box "look-alikes only"."""
    boxes = [part.split(">")[0] for part in page.split("<input") if 'type="checkbox" id="alike"' in part]
    assert len(boxes) == 1
    return boxes[0]


def test_the_page_offers_it_once_it_is_calibrated(client: TestClient) -> None:
    assert "look-alikes only" not in client.get("/products/disc-red").text
    calibrate(client, 0.99999)
    page = client.get("/products/disc-red")
    assert "look-alikes only" in page.text
    assert "looks like this" not in page.text
    only = client.get("/products/disc-red", params={"alike": "1"}).text
    assert "Nothing in this shop looks like this (best score 0." in only
    assert " checked" in box_of(only)
    moved = client.get("/products/disc-red", params={"alike": "1", "aspect-colour": "90"}).text
    assert " checked disabled" in box_of(moved)
    assert "looks like this" not in moved
