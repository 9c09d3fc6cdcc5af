"""What the service logs of its recommendations, and what health says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from data.shop import Shop
from data.shown import Shown
from service import recommenders
from service.http.app import create_app
from service.settings import Settings
from tests.service.fakes import FakeEmbedder
from tests.service.training import install, replace_manifest

PATH = "/v1/customers/customer-03/recommendations"


def logged(shop: Path, request_id: str) -> list[Shown]:
    with Shop.open(shop) as opened:
        return opened.recommendation_log.answer(request_id)


def test_answers_carry_their_id_and_stopping_the_service_writes_the_log(
    shop: Path, fake_embedder: FakeEmbedder
) -> None:
    with TestClient(create_app(Settings(shop=shop))) as client:
        known = client.get(PATH, params={"k": 3}).json()
        session = client.post("/v1/sessions/recommendations", json={"history": [], "k": 2}).json()
    rows = logged(shop, known["request_id"])
    assert [row.product_id for row in rows] == [item["product_id"] for item in known["items"]]
    assert {(row.customer_id, row.surface) for row in rows} == {("customer-03", "recommendations")}
    anonymous = logged(shop, session["request_id"])
    assert {(row.customer_id, row.surface, row.fallback) for row in anonymous} == {
        (None, "session", session["fallback"])
    }


def test_the_page_is_for_the_shop_not_for_the_customer_and_logs_nothing(
    shop: Path, fake_embedder: FakeEmbedder
) -> None:
    with TestClient(create_app(Settings(shop=shop))) as client:
        assert client.get("/customers/customer-03").status_code == 200
    with Shop.open(shop) as opened:
        assert opened.recommendation_log.count() == 0


def test_the_log_can_be_switched_off(shop: Path, fake_embedder: FakeEmbedder) -> None:
    with TestClient(create_app(Settings(shop=shop, log_recommendations=False, explore=0.5))) as client:
        answers = [client.get(PATH).json() for _ in range(8)]
        assert len({str(answer["items"]) for answer in answers}) == 1, "nothing is shuffled without a log"
        assert logged(shop, answers[0]["request_id"]) == []
    with Shop.open(shop) as opened:
        assert opened.recommendation_log.count() == 0


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LOG_RECOMMENDATIONS", "false"), ("EXPLORE", "0.1"), ("LOG_RETENTION_DAYS", "30")):
        monkeypatch.setenv(f"VITRINE_{name}", value)
    found = Settings()
    assert (found.log_recommendations, found.explore, found.log_retention_days) == (False, 0.1, 30)
    monkeypatch.setenv("VITRINE_EXPLORE", "0.6")
    with pytest.raises(ValueError, match="explore"):
        Settings()


def test_a_running_service_answers_by_the_retrained_recommender(
    shop: Path, client: TestClient, trainings: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recommenders, "CHECK_SECONDS", 0.0)
    assert client.get(PATH).json()["trained"] is False
    install(trainings[0], shop)
    assert client.get(PATH).json()["trained"] is True
    assert client.get("/health/ready").json()["warnings"] == []
    replace_manifest(shop, "{")
    answer = client.get(PATH).json()
    assert answer["trained"] is True
    assert "the one before it answers" in answer["warnings"][0]
    assert client.get("/health/ready").json()["warnings"] == answer["warnings"]
