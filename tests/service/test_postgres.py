"""The whole service on PostgreSQL: indexing, searching, events, recommendations, forgetting, backups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from data.shop import Shop
from service.backup import backup
from service.engine import Engine
from service.http.app import create_app
from service.requests import EventsRequest, IndexRequest, Look, RecommendRequest, SimilarRequest
from service.restore import restore
from service.settings import Settings
from tests.data.conftest import POSTGRES, postgres_database
from tests.service.fakes import FakeEmbedder
from tests.service.http.asking import ids, picture, upload

pytestmark = pytest.mark.skipif(
    POSTGRES is None, reason="VITRINE_TEST_POSTGRES names no server; SQLite alone was tested"
)


@pytest.fixture(scope="module")
def on_server(tmp_path_factory: pytest.TempPathFactory, catalogue: Path, events: Path) -> Iterator[Path]:
    """A shop like ``indexed`` whose records are on the server."""
    directory = tmp_path_factory.mktemp("postgres") / "shop"
    with postgres_database() as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr("embedder.registry.open_embedder", lambda *_, **__: FakeEmbedder())
        with Engine.create(directory, url) as engine:
            engine.index_catalogue(IndexRequest(catalogue))
            engine.import_interactions(EventsRequest(events, columns={"customer_id": "user"}))
        yield directory


@pytest.fixture
def client(on_server: Path, fake_embedder: FakeEmbedder) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(shop=on_server)), raise_server_exceptions=False) as client:
        yield client


def test_it_answers_as_with_sqlite(on_server: Path, indexed: Path) -> None:
    similar = SimilarRequest((Look(product_id="disc-red"),), k=10, where="price < 40 and in_stock")
    wanted = RecommendRequest(customer_id="customer-03", k=10)
    with Engine.open(on_server) as one, Engine.open(indexed) as other:
        assert one.similar(similar).hits == other.similar(similar).hits
        assert one.recommend(wanted).items == other.recommend(wanted).items
        assert one.products('category = "disc"').total == other.products('category = "disc"').total
        assert one.info()["counts"] == other.info()["counts"]


def test_changes_events_and_forgetting_over_http(client: TestClient, on_server: Path) -> None:
    assert client.put("/v1/products/new", json={"title": "new", "price": 3.5}).status_code == 200
    assert client.post("/v1/products/new/photos", files=upload(picture())).is_success
    assert "new" in ids(client.get("/v1/products/disc-red/similar", params={"k": 50}))
    assert ids(client.post("/v1/similar", files=upload(picture()), params={"k": 1})) == ["new"]
    events = [
        {"event_id": f"e{n}", "customer_id": "visitor", "product_id": "new", "event": "like"}
        for n in range(3)
    ]
    first = client.post("/v1/interactions", json={"interactions": events}).json()
    again = client.post("/v1/interactions", json={"interactions": events}).json()
    assert (first["stored"], again["stored"], again["repeated"]) == (3, 0, 3)
    assert client.get("/v1/customers/visitor/recommendations").status_code == 200
    assert client.delete("/v1/customers/visitor").is_success
    with Shop.open(on_server) as shop:
        assert shop.history("visitor") == []
        assert shop.recommendation_log.count("visitor") == 0
    assert client.delete("/v1/products/new").is_success
    assert "new" not in ids(client.get("/v1/products/disc-red/similar", params={"k": 50}))
    assert client.get("/health/ready").status_code == 200


def test_a_backup_restores_to_sqlite_and_to_another_server(on_server: Path, tmp_path: Path) -> None:
    asked = SimilarRequest((Look(product_id="disc-red"),), k=10)
    wanted = RecommendRequest(customer_id="customer-03", k=10)
    backup(on_server, tmp_path / "b.tar")
    with postgres_database() as url:
        restore(tmp_path / "b.tar", tmp_path / "embedded")
        restore(tmp_path / "b.tar", tmp_path / "server", url)
        assert not (tmp_path / "server" / "shop.db").exists()
        with Engine.open(on_server) as source:
            for name in ("embedded", "server"):
                with Engine.open(tmp_path / name) as restored:
                    assert restored.similar(asked).hits == source.similar(asked).hits
                    assert restored.recommend(wanted).items == source.recommend(wanted).items
                    assert restored.shop.revision == source.shop.revision
                    assert restored.delete_product("bar-red") is None


def test_training_and_a_new_generation(on_server: Path) -> None:
    with Engine.open(on_server) as engine:
        before = engine.parts.index().generation
        engine.rebuild_index()
        assert engine.parts.index().generation == before + 1
        engine.train()
        assert engine.recommend(RecommendRequest(customer_id="customer-07")).trained
