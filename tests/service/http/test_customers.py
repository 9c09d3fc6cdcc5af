from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from data.shop import Shop
from service.http.app import create_app
from service.settings import Settings
from tests.service.http.asking import error_of, ids


def event(n: int = 1, **over: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{n}",
        "customer_id": "newcomer",
        "product_id": "disc-red",
        "event": "like",
        "timestamp": "2026-07-01T10:00:00Z",
    } | over


def post(client: TestClient, *events: dict[str, Any]) -> Any:
    return client.post("/v1/interactions", json={"interactions": list(events)})


def test_an_event_counts_in_the_very_next_recommendation(client: TestClient) -> None:
    before = client.get("/v1/customers/newcomer/recommendations", params={"k": 5}).json()
    assert before["fallback"]
    assert len(before["items"]) == 5
    assert post(client, event()).json() == {"stored": 1, "repeated": 0}
    after = client.get("/v1/customers/newcomer/recommendations", params={"k": 5}).json()
    assert after["fallback"] is None
    assert len(after["items"]) == 5
    assert "disc-red" not in [item["product_id"] for item in after["items"]]
    assert all(item["reasons"] for item in after["items"])
    because = {r["because_product_id"] for item in after["items"] for r in item["reasons"]}
    assert "disc-red" in because


def test_events_sent_twice_are_counted_once(client: TestClient) -> None:
    assert post(client, event(1), event(2)).json() == {"stored": 2, "repeated": 0}
    assert post(client, event(2), event(3)).json() == {"stored": 1, "repeated": 1}
    undated = event(4, timestamp=None)
    assert post(client, undated).json() == {"stored": 1, "repeated": 0}
    assert post(client, undated).json() == {"stored": 0, "repeated": 1}
    bare = event(event_id=None, product_id="bar-red")
    assert post(client, bare).json()["stored"] == 1
    assert post(client, bare).json() == {"stored": 0, "repeated": 1}


def test_what_was_acknowledged_is_on_disk(shop: Path, client: TestClient) -> None:
    assert post(client, event(customer_id="durable", event="rate", value=4)).status_code == 200
    other = Shop.open(shop)
    try:
        (stored,) = other.history("durable")
    finally:
        other.close()
    assert (stored.product_id, stored.event, stored.value) == ("disc-red", "rate", 4)
    assert stored.timestamp.isoformat() == "2026-07-01T10:00:00+00:00"


def test_a_second_process_sees_it(shop: Path, client: TestClient) -> None:
    with TestClient(create_app(Settings(shop=shop))) as other:
        assert other.get("/v1/customers/newcomer/recommendations").json()["fallback"]
        post(client, event())
        assert other.get("/v1/customers/newcomer/recommendations").json()["fallback"] is None
        client.delete("/v1/products/bar-red")
        assert "bar-red" not in ids(other.get("/v1/products/disc-red/similar", params={"k": 50}))


def test_unknown_products_are_named_and_nothing_is_stored(client: TestClient) -> None:
    response = post(client, event(1), event(2, product_id="nope"))
    assert response.status_code == 404
    error = error_of(response)
    assert error["code"] == "unknown_product"
    assert error["detail"]["product_ids"] == ["nope"]
    assert client.get("/v1/customers/newcomer/recommendations").json()["fallback"]


@pytest.mark.parametrize(
    "over",
    [
        {"event": "stare"},
        {"customer_id": ""},
        {"customer_id": "a\u0000"},
        {"timestamp": "yesterday"},
        {"timestamp": "0001-01-01T00:00:00+14:00"},
        {"timestamp": "9999-12-31T23:59:59-23:00"},
        {"timestamp": 1e30},
        {"event": "rate", "value": None},
        {"event": "rate", "value": 11},
        {"value": "many"},
        {"user": "x"},
    ],
)
def test_events_that_are_refused(client: TestClient, over: dict[str, Any]) -> None:
    response = post(client, event(**over))
    assert response.status_code == 422, response.text
    error_of(response)


def test_a_batch_has_a_limit_and_is_not_empty(client: TestClient) -> None:
    response = post(client, *[event(n) for n in range(6)])
    assert response.status_code == 422
    assert error_of(response)["detail"]["limit"] == 5
    assert post(client).status_code == 422


def test_times_without_a_zone_are_utc_and_none_is_now(shop: Path, client: TestClient) -> None:
    post(client, event(1, timestamp="2026-07-01T10:00:00"), event(2, timestamp=None, event_id=None))
    opened = Shop.open(shop)
    try:
        times = [one.timestamp for one in opened.history("newcomer")]
    finally:
        opened.close()
    given = datetime(2026, 7, 1, 10, tzinfo=UTC)
    (stamped,) = [one for one in times if one != given]
    assert len(times) == 2
    assert abs(datetime.now(UTC) - stamped) < timedelta(minutes=5)


def test_recommendation_parameters(reader: TestClient) -> None:
    path = "/v1/customers/customer-00/recommendations"
    assert all(one.startswith("bar-") for one in ids(reader.get(path, params={"where": 'category = "bar"'})))
    first = ids(reader.get(path, params={"k": 6}))
    assert not set(first[:2]) & set(ids(reader.get(path, params={"k": 6, "exclude": first[:2]})))
    capped = reader.get(path, params={"k": 8, "category_cap": 2}).json()["items"]
    assert max(sum(i["category"] == c for i in capped) for c in ("disc", "square", "bar", "cross")) <= 2
    quiet = reader.get(path, params={"why": False}).json()["items"]
    assert all(not item["reasons"] for item in quiet)


def test_a_session_is_answered_and_not_stored(reader: TestClient, indexed: Path) -> None:
    body = {"history": [{"product_id": "cross-red"}, {"product_id": "cross-blue", "event": "like"}], "k": 6}
    response = reader.post("/v1/sessions/recommendations", json=body)
    found = ids(response)
    assert len(found) == 6
    assert response.json()["fallback"] is None
    assert not {"cross-red", "cross-blue"} & set(found)
    opened = Shop.open(indexed)
    try:
        assert not opened.history("session")
    finally:
        opened.close()


def test_an_empty_session_gets_a_flagged_fallback(reader: TestClient) -> None:
    response = reader.post("/v1/sessions/recommendations", json={"history": [], "k": 4})
    assert len(ids(response)) == 4
    assert response.json()["fallback"]


def test_a_session_of_products_that_are_gone(reader: TestClient) -> None:
    response = reader.post("/v1/sessions/recommendations", json={"history": [{"product_id": "gone"}], "k": 4})
    assert response.status_code in (200, 404)
    if response.status_code == 200:
        assert response.json()["fallback"]


def test_a_forgotten_customer_is_new_again(client: TestClient) -> None:
    body = client.delete("/v1/customers/customer-00").json()
    assert body["customer_id"] == "customer-00"
    assert body["deleted"] == 8
    assert "train" in body["note"]
    assert client.get("/v1/customers/customer-00/recommendations").json()["fallback"]
    again = client.delete("/v1/customers/customer-00")
    assert again.json()["deleted"] == 0, "only the log knew of the customer again"
    response = client.delete("/v1/customers/customer-00")
    assert response.status_code == 404
    assert error_of(response)["code"] == "unknown_customer"


def test_late_and_replayed_events_change_nothing_twice(client: TestClient) -> None:
    path = "/v1/customers/newcomer/recommendations"
    first = [event(1), event(2, product_id="bar-red", timestamp="2026-07-03T10:00:00Z")]
    assert post(client, *first).json()["stored"] == 2
    late = event(3, product_id="cross-red", timestamp="2026-07-02T10:00:00Z")  # it comes after a newer one
    assert post(client, late).json() == {"stored": 1, "repeated": 0}
    after = client.get(path).json()["items"]
    assert "cross-red" not in [item["product_id"] for item in after], "the late one counts at once"
    for replayed in (first, [late], [*first, late], [late, late]):
        assert post(client, *replayed).json() == {"stored": 0, "repeated": len(replayed)}
        assert client.get(path).json()["items"] == after


def test_one_event_id_is_one_event_and_another_one_that_bears_it_is_told(client: TestClient) -> None:
    conflict = {"repeated": 0, "conflicts": ["e1"]}
    assert post(client, event(1), event(1, product_id="bar-red")).json() == {"stored": 1, **conflict}
    assert post(client, event(1, customer_id="another")).json() == {"stored": 0, **conflict}
    assert post(client, event(1, timestamp="2026-07-02T10:00:00Z")).json() == {"stored": 0, **conflict}
    assert client.get("/v1/customers/another/recommendations").json()["fallback"]
