from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import service
from data.errors import VitrineError
from service.http.app import create_app
from service.http.errors import STATUS, plain, status_of
from service.settings import Settings
from tests.service.http.asking import error_of


def _tree(root: type[VitrineError]) -> Iterator[type[VitrineError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def test_every_error_class_has_a_status() -> None:
    for module in pkgutil.walk_packages(service.__path__, "service."):
        importlib.import_module(module.name)
    ours = {cls for cls in _tree(VitrineError) if not cls.__module__.startswith("tests.")}
    missing = sorted(cls.__name__ for cls in ours - set(STATUS))
    assert not missing, f"no HTTP status for {missing}: add them to service/http/errors.py"
    assert set(STATUS) <= ours


def test_codes_are_unique() -> None:
    codes = [cls.code for cls in STATUS]
    assert len(codes) == len(set(codes))


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, TestClient]]:
    """An app with one more route, which raises what a test tells it to."""
    app = create_app(Settings(shop=tmp_path_factory.mktemp("none")))
    app.state.raises = None

    @app.get("/v1/fail")
    def fail() -> None:
        raise app.state.raises

    with TestClient(app, raise_server_exceptions=False) as client:
        yield app, client


@pytest.mark.parametrize("cls", STATUS, ids=lambda cls: cls.__name__)
def test_each_class_answers_its_status_and_code(
    failing: tuple[FastAPI, TestClient], cls: type[VitrineError]
) -> None:
    app, client = failing
    app.state.raises = cls.__new__(cls)
    VitrineError.__init__(app.state.raises, "do this instead", limit=3, path=Path("x"))
    response = client.get("/v1/fail")
    assert response.status_code == STATUS[cls]
    assert error_of(response) == {
        "code": cls.code,
        "message": "do this instead",
        "detail": {"limit": 3, "path": "x"},
    }
    assert ("retry-after" in response.headers) == (STATUS[cls] == 503)


def test_a_new_subclass_inherits_its_parents_status() -> None:
    class Fresh(VitrineError):
        code = "fresh"

    assert status_of(Fresh("x")) == 500


def test_an_unexpected_exception_says_nothing_of_itself(failing: tuple[FastAPI, TestClient]) -> None:
    app, client = failing
    app.state.raises = RuntimeError("password is hunter2")
    response = client.get("/v1/fail")
    assert response.status_code == 500
    assert error_of(response)["code"] == "internal"
    assert "hunter2" not in response.text
    assert "RuntimeError" not in response.text


def test_a_browser_gets_the_unexpected_as_a_page(failing: tuple[FastAPI, TestClient]) -> None:
    response = failing[1].get("/no/such/page", headers={"accept": "text/html"})
    assert response.status_code == 404
    assert "There is no such page" in response.text
    assert response.headers["content-type"].startswith("text/html")


def test_details_become_json() -> None:
    found = plain({"a": [1, Path("b"), None], 2: {"x"}, "f": float("nan")})
    assert found == {"a": [1, "b", None], "2": ["x"], "f": "nan"}


def test_no_shop_yet(failing: tuple[FastAPI, TestClient]) -> None:
    response = failing[1].get("/v1/products/x")
    assert response.status_code == 503
    assert error_of(response)["code"] == "shop_missing"
