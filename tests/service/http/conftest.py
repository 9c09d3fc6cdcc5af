"""Clients of the service on the tiny shop: one that only reads, shared; one with a shop of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.http.app import create_app
from service.settings import Settings
from tests.service.fakes import FakeEmbedder


def small(shop: Path) -> Settings:
    """Settings with limits that tests can reach."""
    return Settings(
        shop=shop,
        max_upload_bytes=200_000,
        max_pixels=400_000,
        max_k=50,
        max_batch=5,
        max_examples=4,
        page_size=10,
    )


@pytest.fixture(scope="module")
def reader(indexed: Path) -> Iterator[TestClient]:
    """A service on the shared shop; for requests that change nothing."""
    with pytest.MonkeyPatch.context() as patch:
        fake = FakeEmbedder()
        patch.setattr("embedder.registry.open_embedder", lambda *_, **__: fake)
        with TestClient(create_app(small(indexed)), raise_server_exceptions=False) as client:
            yield client


@pytest.fixture
def client(shop: Path, fake_embedder: FakeEmbedder) -> Iterator[TestClient]:
    """A service on a shop that the test may change."""
    with TestClient(create_app(small(shop)), raise_server_exceptions=False) as client:
        yield client
