"""One tiny shop for all tests of the service, indexed once with an embedder that needs no network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.records import Interaction
from service.engine import Engine
from service.requests import EventsRequest, IndexRequest
from tests.service.drawn import draw_catalogue, write_events
from tests.service.fakes import FakeEmbedder


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """catalogue.csv of the 24 drawn products, its photos beside it."""
    return draw_catalogue(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="session")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of purchases of 40 customers; the customer's column is called ``user``."""
    return write_events(tmp_path_factory.mktemp("events") / "events.csv")


@pytest.fixture
def fake_embedder(monkeypatch: pytest.MonkeyPatch) -> FakeEmbedder:
    """Every embedder that is opened is this fake one."""
    fake = FakeEmbedder()
    monkeypatch.setattr("embedder.registry.open_embedder", lambda *_, **__: fake)
    return fake


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory, catalogue: Path, events: Path) -> Path:
    """A shop with the drawn catalogue and its purchases, only ever copied: nobody opens this one again."""
    directory = tmp_path_factory.mktemp("shops") / "pristine"
    with pytest.MonkeyPatch.context() as patch, Engine.create(directory) as engine:
        patch.setattr("embedder.registry.open_embedder", lambda *_, **__: FakeEmbedder())
        engine.index_catalogue(IndexRequest(catalogue))
        engine.import_interactions(EventsRequest(events, columns={"customer_id": "user"}))
    return directory


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory, pristine: Path) -> Path:
    """A copy of that shop for all who only ask; asking fills its log. Use ``shop`` to change one."""
    return Path(shutil.copytree(pristine, tmp_path_factory.mktemp("shops") / "indexed"))


@pytest.fixture(scope="session")
def trainings(tmp_path_factory: pytest.TempPathFactory, pristine: Path) -> tuple[Path, Path]:
    """What two trainings of the indexed shop left behind, one after the other; see ``install``."""
    home = tmp_path_factory.mktemp("trainings")
    shop = Path(shutil.copytree(pristine, home / "shop"))
    found = []
    with Engine.open(shop) as engine:
        for name in ("first", "second"):
            engine.train()
            found.append(Path(shutil.copytree(shop / "recommender", home / name)))
            moment = datetime(2026, 3, 1, tzinfo=UTC)
            engine.add_interactions([Interaction("late", "disc-red", "purchase", moment)])
    return found[0], found[1]


@pytest.fixture
def shop(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the indexed shop that a test may change."""
    return Path(shutil.copytree(pristine, tmp_path / "shop"))


@pytest.fixture
def engine(shop: Path, fake_embedder: FakeEmbedder) -> Iterator[Engine]:
    """An engine on a copy of the indexed shop, with the fake embedder."""
    with Engine.open(shop) as opened:
        yield opened
