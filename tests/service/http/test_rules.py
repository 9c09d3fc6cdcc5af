"""Rules over HTTP: ordered, listed, undone, seen in answers, by every process at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from data.shop import Shop
from service.http.app import create_app
from tests.service.fakes import FakeEmbedder
from tests.service.http.asking import error_of, ids
from tests.service.http.conftest import small

SIMILAR = "/v1/products/disc-red/similar"
PIN = {"action": "pin", "product_id": "bar-black", "query_product_id": "disc-red", "position": 1}


def order(client: TestClient, **fields: Any) -> Any:
    response = client.post("/v1/rules", json=PIN | fields)
    assert response.status_code == 201, response.text
    return response.json()


def test_a_rule_is_ordered_seen_listed_and_undone(client: TestClient) -> None:
    plain = client.get(SIMILAR, params={"k": 3})
    assert "rule" not in plain.json()["hits"][0]
    made = order(client, note="clearance", ends="2190-01-01T00:00:00+01:00")
    assert made["overrules"] == []
    assert made["warnings"] == [
        "'bar-black' is out of stock: recommendations never show it, nor do searches in stock"
    ]
    rule = made["rule"]
    assert (rule["who"], rule["state"], rule["ends"]) == ("local", "in_force", "2189-12-31T23:00:00Z")
    answer = client.get(SIMILAR, params={"k": 3})
    assert ids(answer) == ["bar-black", *ids(plain)[:2]]
    assert answer.json()["hits"][0]["rule"] == {
        "rule_id": rule["rule_id"],
        "action": "pin",
        "scope": "product disc-red",
        "position": 1,
        "factor": None,
        "plus": None,
        "ordered_by": None,
    }
    assert ids(client.get(SIMILAR, params={"k": 3, "rules": False})) == ids(plain)
    search = {"examples": [{"product_id": "disc-red"}], "k": 3}
    assert ids(client.post("/v1/search", json=search))[0] == "bar-black"
    assert ids(client.post("/v1/search", json=search | {"rules": False})) == ids(plain)
    assert client.get("/v1/rules").json() == {"rules": [rule]}
    undone = client.post("/v1/rules/undo", json={}).json()
    assert (undone["kind"], undone["undoes"], undone["who"]) == ("remove", rule["change_id"], "local")
    assert client.get("/v1/rules").json() == {"rules": []}
    assert ids(client.get(SIMILAR, params={"k": 3})) == ids(plain)
    back = client.post("/v1/rules/undo", json={"change_id": undone["change_id"]}).json()
    assert back["kind"] == "add"
    removed = client.delete(f"/v1/rules/{rule['rule_id']}").json()
    assert (removed["kind"], removed["undoes"]) == ("remove", None)


def test_every_process_follows_at_once(client: TestClient, shop: Path, fake_embedder: FakeEmbedder) -> None:
    with TestClient(create_app(small(shop))) as other:
        before = ids(other.get(SIMILAR))
        made = order(client)
        assert ids(other.get(SIMILAR))[0] == "bar-black"
        assert other.delete(f"/v1/rules/{made['rule']['rule_id']}").status_code == 200
        assert ids(client.get(SIMILAR)) == before


def test_recommendations_and_sessions(client: TestClient) -> None:
    path = "/v1/customers/customer-03/recommendations"
    *_, last = ids(client.get(path, params={"k": 24}))
    order(client, product_id=last, query_product_id=None, surface="recommendations")
    answer = client.get(path, params={"k": 3})
    assert ids(answer)[0] == last
    assert answer.json()["items"][0]["rule"]["scope"] == "everywhere"
    assert ids(client.get(path, params={"k": 3, "rules": False}))[0] != last
    session = {"history": [], "k": 3}
    assert ids(client.post("/v1/sessions/recommendations", json=session))[0] == last
    assert ids(client.post("/v1/sessions/recommendations", json=session | {"rules": False}))[0] != last


def test_lists_select_and_history_comes_by_pages(client: TestClient) -> None:
    order(client)
    order(client, query_product_id=None, query_category="bar", position=2)
    order(client, action="block", product_id="disc-pink", query_product_id=None, position=None)

    def listed(**params: str) -> list[int]:
        return [one["rule_id"] for one in client.get("/v1/rules", params=params).json()["rules"]]

    assert listed() == [1, 2, 3]
    assert listed(product="disc-red") == [1]
    assert listed(product="bar-black") == [1, 2]
    assert listed(category="bar") == [2]
    assert listed(product="disc-pink", category="bar") == [2, 3]
    page = client.get("/v1/rules/history", params={"limit": 2}).json()
    assert [one["change_id"] for one in page["changes"]] == [3, 2]
    rest = client.get("/v1/rules/history", params={"limit": 2, "before": page["next"]}).json()
    assert [one["change_id"] for one in rest["changes"]] == [1]
    assert rest["next"] is None
    assert rest["changes"][0]["terms"]["product_id"] == "bar-black"


@pytest.mark.parametrize(
    ("fields", "status", "code", "says"),
    [
        ({"product_id": "nobody"}, 404, "unknown_product", "no product 'nobody'"),
        ({"query_product_id": "nobody"}, 404, "unknown_product", "no product 'nobody'"),
        ({"query_product_id": "bar-black"}, 422, "usage", "itself"),
        ({"query_category": "bar"}, 422, "usage", "or for a category"),
        ({"query_product_id": None, "query_category": "nothing"}, 422, "usage", "no product of this shop"),
        ({"starts": "2190-02-01T00:00:00Z", "ends": "2190-01-01T00:00:00Z"}, 422, "usage", "after its start"),
        ({"ends": "2020-01-01T00:00:00Z"}, 422, "usage", "in the past"),
        ({"position": None}, 422, "usage", "needs a position"),
        ({"position": 0}, 422, "invalid_request", "position"),
        ({"action": "hide"}, 422, "invalid_request", "action"),
        ({"factor": "nan"}, 422, "invalid_request", "factor"),
        ({"colour": "red"}, 422, "invalid_request", "colour"),
        ({"product_id": "a\u0000"}, 422, "invalid_request", "product_id"),
        ({"note": "\ud800"}, 422, None, ""),
    ],
)
def test_refusals(
    client: TestClient, fields: dict[str, Any], status: int, code: str | None, says: str
) -> None:
    import json

    # Written by hand, as a client's library would refuse to send half a character.
    response = client.post(
        "/v1/rules", content=json.dumps(PIN | fields), headers={"content-type": "application/json"}
    )
    assert response.status_code == status, response.text
    error = error_of(response)
    assert code in (None, error["code"])
    assert says in error["message"]
    assert client.get("/v1/rules/history").json()["changes"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/v1/rules/7", None),
        ("DELETE", "/v1/rules/9007199254740991", None),
        ("POST", "/v1/rules/undo", {}),
        ("POST", "/v1/rules/undo", {"change_id": 7}),
    ],
)
def test_what_is_not_there(client: TestClient, method: str, path: str, body: Any) -> None:
    response = client.request(method, path, json=body)
    assert response.status_code == 404
    assert error_of(response)["code"] == "unknown_rule"


def test_a_page_of_another_site_cannot_order_rules(client: TestClient, shop: Path) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    assert client.post("/v1/rules", json=PIN, headers=headers).status_code == 403
    with Shop.open(shop) as opened:
        assert opened.rules.history() == []
