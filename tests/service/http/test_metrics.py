"""/metrics: what is counted, under which labels, and what it says of the shop."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from data.records import Product
from data.shop import Shop
from service.engine import Engine
from service.http.app import create_app
from service.http.metrics import Growth, Metrics
from service.settings import Settings
from tests.service.http.asking import picture, upload

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(client: TestClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (s.name, frozenset(s.labels.items())): s.value
        for family in text_string_to_metric_families(answer.text)
        for s in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


def test_requests_are_counted_by_template_and_status_never_by_address(client: TestClient) -> None:
    before = samples(client)
    for product in ("disc-red", "disc-blue", "no-such-product"):
        client.get(f"/v1/products/{product}/similar")
    for n in range(5):
        client.get(f"/nowhere/{n}")
    after = samples(client)

    def more(status: str, route: str) -> float:
        name, labels = "vitrine_request_seconds_count", {"method": "GET", "route": route, "status": status}
        return value(after, name, **labels) - value(before, name, **labels)

    assert more("200", "/v1/products/{product_id:path}/similar") == 2
    assert more("404", "/v1/products/{product_id:path}/similar") == 1
    assert more("404", "none") == 5
    assert not any("disc-red" in text or "nowhere" in text for _, labels in after for _, text in labels)


def test_every_stage_of_an_answer_is_timed(client: TestClient) -> None:
    before = samples(client)
    assert client.post("/v1/similar", files=upload(picture())).status_code == 200
    assert client.get("/v1/customers/customer-03/recommendations").status_code == 200
    after = samples(client)
    for stage in ("queue", "decode", "encode", "search", "rank"):
        name = "vitrine_stage_seconds_count"
        assert value(after, name, stage=stage) > value(before, name, stage=stage), stage
    name = "vitrine_upload_batch_photos_count"
    assert value(after, name) > value(before, name)


def test_caches_and_the_log_are_counted(client: TestClient) -> None:
    photo = client.get("/v1/products/disc-red").json()["photos"][0]["photo_id"]
    before = samples(client)
    for _ in range(3):
        client.get("/v1/products", params={"where": "price < 20"})
        assert client.get(f"/v1/photos/{photo}", params={"size": 470}).status_code == 200
    client.get("/v1/customers/customer-03/recommendations", params={"surface": "home"})
    after = samples(client)

    def more(cache: str, outcome: str) -> float:
        name = "vitrine_cache_lookups_total"
        return value(after, name, cache=cache, outcome=outcome) - value(
            before, name, cache=cache, outcome=outcome
        )

    # Whether the first one was made before depends on what else was asked of this shop.
    assert more("thumbnails", "hit") >= 2
    assert more("thumbnails", "hit") + more("thumbnails", "miss") == 3
    assert more("catalogue", "hit") >= 2
    assert ("vitrine_log_queue_rows", frozenset()) in after
    assert ("vitrine_log_rows_total", frozenset({("outcome", "lost")})) in after


def test_the_state_of_the_shop_is_told_and_lag_as_the_last_question_left_it(
    client: TestClient, shop: Path
) -> None:
    client.get("/v1/products/disc-red/similar")
    found = samples(client)
    assert value(found, "vitrine_ready") == 1
    assert value(found, "vitrine_generation") == 1
    assert value(found, "vitrine_photos_searchable") == 48
    assert value(found, "vitrine_revision_lag") == 0
    assert value(found, "vitrine_index_age_seconds") > 0
    with Shop.open(shop) as other:
        other.put_product(Product("new"))
        other.delete_products(["disc-blue"])
    found = samples(client)
    assert value(found, "vitrine_revision_lag") == 2
    assert value(found, "vitrine_revision") - value(found, "vitrine_revision_searched") == 2
    with Engine.open(shop) as engine:
        engine.rebuild_index()
    client.get("/v1/products/disc-red/similar")
    found = samples(client)
    assert value(found, "vitrine_generation") == 2
    assert value(found, "vitrine_revision_lag") == 0


def test_a_service_without_a_shop_says_that_it_is_not_ready(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(shop=tmp_path / "none"))) as client:
        found = samples(client)
        assert value(found, "vitrine_ready") == 0
        assert ("vitrine_revision", frozenset()) not in found
    assert not (tmp_path / "none").exists()


def test_requests_under_way_are_counted_while_they_are(client: TestClient) -> None:
    assert value(samples(client), "vitrine_requests_in_flight") == 1, "the one that asks"


def test_prometheus_gets_openmetrics_when_it_asks_for_it(client: TestClient) -> None:
    answer = client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_numbers_that_count_elsewhere_become_increments() -> None:
    metrics = Metrics(None)
    growth = Growth(metrics.cache.labels("thumbnails", "hit"))
    for total in (3, 3, 5, 1):  # the last began anew
        growth.at(total)
    text, _ = metrics.exposition("", [])
    assert b'vitrine_cache_lookups_total{cache="thumbnails",outcome="hit"} 6.0' in text


@pytest.mark.parametrize("path", ["/metrics"])
def test_it_is_not_to_be_kept_by_anybody(client: TestClient, path: str) -> None:
    assert client.get(path).headers["cache-control"] == "no-store"
