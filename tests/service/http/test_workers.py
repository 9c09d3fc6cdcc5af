"""Two worker processes on one port: they agree on every change at once, and count together."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from benchmarks.service_process import Service, serving
from data.records import Interaction
from service.engine import Engine
from service.requests import IndexRequest
from tests.data.makers import NOON
from tests.service.fakes import FakeEmbedder

pytestmark = pytest.mark.slow

ASKED = 12
"""Fresh connections: both workers accept from one socket, so that some reach each of them."""


@pytest.fixture
def service(shop: Path) -> Iterator[Service]:
    with serving(shop, "--workers", "2") as running:
        yield running


def everywhere(service: Service, path: str) -> list[dict[str, object]]:
    """The answers of many fresh connections."""
    answers = []
    for _ in range(ASKED):
        answer = httpx.get(f"{service.url}{path}", timeout=60)
        assert answer.status_code == 200, answer.text
        answers.append(answer.json())
    return answers


def until_all(service: Service, path: str, wanted: Callable[[dict[str, object]], bool]) -> None:
    """Until all workers answer as wanted; one that never does fails the test."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if all(map(wanted, everywhere(service, path))):
            return
    raise AssertionError("the workers did not come to agree")


def hits(answer: dict[str, object]) -> set[str]:
    found = answer["hits"]
    assert isinstance(found, list)
    return {hit["product_id"] for hit in found}


def test_changes_of_either_worker_or_of_another_process_are_seen_by_both_at_once(
    service: Service, shop: Path, monkeypatch: pytest.MonkeyPatch, catalogue: Path
) -> None:
    similar = "/v1/products/disc-red/similar?k=30"
    [first, *_] = everywhere(service, similar)
    assert httpx.delete(f"{service.url}/v1/products/disc-pink").is_success
    assert all("disc-pink" not in hits(answer) for answer in everywhere(service, similar))
    assert httpx.put(f"{service.url}/v1/products/new", json={"title": "new", "price": 3}).is_success
    cheap = everywhere(service, "/v1/products?where=price%20%3C%204")
    assert {str(answer["products"][0]["product_id"]) for answer in cheap} == {"new"}  # type: ignore[index]

    with Engine.open(shop) as engine:
        engine.rebuild_index()
        assert {a["generation"] for a in everywhere(service, similar)} == {2}
        monkeypatch.setattr("embedder.registry.open_embedder", lambda *_, **__: FakeEmbedder("2"))
        engine.index_catalogue(IndexRequest(catalogue, embedder="other"))
        assert {a["space"] for a in everywhere(service, similar)} == {first["space"]}
        engine.switch()
        assert {a["space"] for a in everywhere(service, similar)} == {FakeEmbedder("2").space}

        recommended = "/v1/customers/customer-03/recommendations"
        assert not any(a["trained"] for a in everywhere(service, recommended))
        engine.train()
        until_all(service, recommended, lambda answer: bool(answer["trained"]))
        engine.add_interactions([Interaction("fresh", "bar-red", "purchase", NOON)])
    told = everywhere(service, "/v1/customers/fresh/recommendations")
    assert len({str(answer["items"]) for answer in told}) == 1
    assert {answer["fallback"] for answer in told} == {None}
    a_forgotten_customer_does_not_come_back_from_another_workers_queue(service, shop)


def a_forgotten_customer_does_not_come_back_from_another_workers_queue(service: Service, shop: Path) -> None:
    with httpx.Client(base_url=service.url, timeout=60) as one:
        for _ in range(ASKED):  # rows that wait in the queues of both
            answer = httpx.get(f"{service.url}/v1/customers/customer-05/recommendations", timeout=60)
            assert answer.status_code == 200
        assert one.delete("/v1/customers/customer-05").is_success
    assert service.stop() in (0, -signal.SIGTERM)  # whatever waited is written by now
    with Engine.open(shop) as engine:
        assert engine.shop.recommendation_log.count("customer-05") == 0
        assert engine.history("customer-05") == []


def number(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, text
    return float(found[1])


def test_workers_count_together_a_killed_one_is_replaced_and_none_outlives_the_process_above(
    service: Service,
) -> None:
    everywhere(service, "/v1/products/disc-red/similar")
    text = httpx.get(f"{service.url}/metrics").text
    labels = '{method="GET",route="/v1/products/{product_id:path}/similar",status="200"}'
    assert number(text, f"vitrine_request_seconds_count{labels}") == ASKED
    assert number(text, "vitrine_workers") == 2
    workers = [
        child
        for child in psutil.Process(service.process.pid).children()
        if "spawn_main" in " ".join(child.cmdline())
    ]
    assert len(workers) == 2
    workers[0].kill()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            text = httpx.get(f"{service.url}/metrics", timeout=60).text
        except httpx.TransportError:
            continue
        alive = number(text, "vitrine_workers")
        if alive == 2 and not workers[0].is_running():
            break
    assert number(text, "vitrine_workers") == 2
    assert number(text, f"vitrine_request_seconds_count{labels}") == ASKED, "what the dead one counted stays"
    workers = psutil.Process(service.process.pid).children()
    os.kill(service.process.pid, signal.SIGKILL)
    _, left = psutil.wait_procs(workers, timeout=30)
    assert not left
