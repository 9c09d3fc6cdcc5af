from __future__ import annotations

from pathlib import Path

from fastapi.testclient import TestClient

from data.shop import Shop
from service.http.app import create_app
from service.settings import Settings
from tests.service.http.asking import error_of


def test_a_searchable_shop_is_ready(reader: TestClient) -> None:
    assert reader.get("/health/live").json() == {"status": "alive"}
    assert reader.get("/health/ready").json() == {"status": "ready", "warnings": []}


def test_a_service_may_start_before_its_shop(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    with TestClient(create_app(Settings(shop=shop))) as client:
        assert client.get("/health/live").status_code == 200
        response = client.get("/health/ready")
        assert response.status_code == 503
        assert error_of(response)["code"] == "shop_missing"
        assert response.headers["retry-after"]

        Shop.create(shop).close()
        response = client.get("/health/ready")
        assert response.status_code == 503
        error = error_of(response)
        assert error["code"] == "not_ready"
        assert any("vitrine index" in one for one in error["detail"]["missing"])
        assert client.get("/v1/products").json()["total"] == 0
        assert client.get("/v1/products/x/similar").status_code == 409


def test_the_app_opens_nothing_before_it_starts(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    create_app(Settings(shop=shop))
    assert not shop.exists()


def test_an_app_can_start_again(indexed: Path) -> None:
    app = create_app(Settings(shop=indexed))
    for _ in range(2):
        with TestClient(app) as client:
            assert client.get("/health/ready").status_code == 200
