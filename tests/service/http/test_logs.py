"""Request ids and the log: one JSON line for each request, and what must never be in it."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.http.app import create_app
from service.http.logs import formatter
from service.keys import Role, key_file
from service.settings import Settings
from tests.service.fakes import FakeEmbedder
from tests.service.http.asking import error_of, picture, upload


class Log:
    """What the service logged, as lines of JSON."""

    def __init__(self) -> None:
        self.out = io.StringIO()
        self.handler = logging.StreamHandler(self.out)
        self.handler.setFormatter(formatter("json"))

    @property
    def text(self) -> str:
        return self.out.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]


@pytest.fixture
def log() -> Iterator[Log]:
    found = Log()
    logger = logging.getLogger("service")
    before = logger.level
    logger.addHandler(found.handler)
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(found.handler)
    logger.setLevel(before)


def client_of(shop: Path, **settings: Any) -> TestClient:
    return TestClient(create_app(Settings(shop=shop, **settings)), raise_server_exceptions=False)


@pytest.mark.parametrize("given", ["a", "7f9c-1.B_2", "x" * 64])
def test_a_plain_number_of_the_client_is_taken_over(reader: TestClient, given: str) -> None:
    response = reader.get("/v1/products/none", headers={"x-request-id": given})
    assert response.headers["x-request-id"] == given
    assert response.json()["error"]["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", '"}{"', "é", "-x", "$(x)"])
def test_any_other_is_not(reader: TestClient, given: str) -> None:
    responses = [reader.get("/health/live", headers={"x-request-id": given.encode()}) for _ in range(2)]
    found = {response.headers["x-request-id"] for response in responses}
    assert len(found) == 2
    assert all(len(one) == 32 and one.isalnum() for one in found)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/none"),
        ("PATCH", "/v1/similar"),
        ("GET", "/v1/products/none"),
        ("GET", "/v1/products?page=x"),
    ],
)
def test_every_failure_carries_it(reader: TestClient, method: str, path: str) -> None:
    error_of(reader.request(method, path))


def test_a_line_says_who_what_and_how_it_ended(shop: Path, log: Log) -> None:
    secret = key_file(shop).add("storefront", Role.READ)
    with client_of(shop) as client:
        headers = {"x-api-key": secret, "x-request-id": "number-1"}
        client.get("/v1/products?where=price%20%3C%209", headers=headers)
        client.get("/v1/customers/customer-01/recommendations", headers=headers)
        client.delete("/v1/customers/customer-01", headers=headers)
        client.get("/v1/none/anna@example.com", headers=headers)
        client.get("/v1/products/disc-red", headers={"x-api-key": "guess", "x-request-id": "number-2"})
        client.get("/health/live")
    first, recommended, refused, nowhere, unknown = log.of("request")
    assert first.pop("ms") > 0
    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "info",
        "logger": "service.request",
        "event": "request",
        "request_id": "number-1",
        "method": "GET",
        "route": "/v1/products",
        "status": 200,
        "key": "storefront",
        "address": "testclient",
    }
    assert recommended["customer"] == "customer-01"
    assert (refused["status"], refused["code"]) == (403, "role_too_low")
    assert refused["route"] == "/v1/customers/{customer_id:path}"
    assert nowhere["route"] == "none"
    assert (unknown["status"], unknown["key"], unknown["request_id"]) == (401, None, "number-2")
    for never in (secret, "guess", "disc-red", "price", "anna@example.com"):
        assert never not in log.text


def test_customers_are_hashed_where_that_is_asked_for(shop: Path, log: Log) -> None:
    path = "/v1/customers/customer-01/recommendations"
    with client_of(shop, hash_customer_ids=True, session_secret="s" * 32) as client:
        client.get(path)
        client.get(path.replace("01", "02"))
    with client_of(shop, hash_customer_ids=True, session_secret="s" * 32) as client:
        client.get(path)
    with client_of(shop, hash_customer_ids=True) as client:
        client.get(path)
        client.delete("/v1/customers/customer-01")
    first, second, again, other, _ = [line["customer"] for line in log.of("request")]
    assert first == again
    assert len({first, second, other}) == 3
    assert "customer-0" not in log.text


def test_no_photo_is_logged(shop: Path, log: Log, fake_embedder: FakeEmbedder) -> None:
    with client_of(shop) as client:
        assert client.post("/v1/similar", files=upload(picture(), name="holiday.png")).status_code == 200
        assert client.post("/v1/similar", files=upload(b"PNGNOTAPHOTO")).status_code == 422
    assert [line["status"] for line in log.of("request")] == [200, 422]
    for never in ("holiday", "PNG", "multipart"):
        assert never not in log.text


@pytest.fixture
def failing(shop: Path) -> FastAPI:
    app = create_app(Settings(shop=shop))

    @app.get("/v1/fail")
    def fail() -> None:
        raise RuntimeError("deep inside")

    return app


def test_a_fault_is_one_line_with_its_traceback_and_an_answer_with_its_number(
    failing: FastAPI, log: Log
) -> None:
    with TestClient(failing) as client:
        response = client.get("/v1/fail")
    assert response.status_code == 500
    error = response.json()["error"]
    [failed] = log.of("failed")
    assert "RuntimeError: deep inside" in failed["exception"]
    assert failed["request_id"] == error["request_id"] == response.headers["x-request-id"]
    [line] = log.of("request")
    assert (line["status"], line["level"], line["code"]) == (500, "error", "internal")
    assert "deep inside" not in response.text


def test_whatever_speaks_becomes_one_line_of_json(log: Log) -> None:
    logging.getLogger("service.some").warning("%d rows\nlost", 3, extra={"color_message": "x"})
    try:
        raise ValueError("a\nb")
    except ValueError:
        logging.getLogger("service.some").exception("broken")
    first, second = log.lines
    assert first["event"] == "3 rows\nlost"
    assert first["level"] == "warning"
    assert "color_message" not in first
    assert "ValueError: a\nb" in second["exception"]
    assert list(first)[:4] == ["time", "level", "logger", "event"]


CONFIGURED = """
import json, logging.config
from service.http.logs import log_config
from service.settings import Settings

logging.config.dictConfig(json.loads(json.dumps(log_config(Settings()))))
logging.getLogger("uvicorn.error").info("Uvicorn running on %s", "http://127.0.0.1:1")
logging.getLogger("some.library").info("chatter")
logging.getLogger("uvicorn.access").error("GET /secret")
"""


def test_the_configuration_is_plain_and_can_be_used() -> None:
    """In a process of its own: loggers are the whole process's."""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", CONFIGURED], cwd=root, capture_output=True, text=True, check=True
    )
    [line] = done.stderr.splitlines()
    assert json.loads(line)["event"] == "Uvicorn running on http://127.0.0.1:1"


def test_text_for_people() -> None:
    record = logging.LogRecord("service.x", logging.INFO, "", 0, "hello", None, None)
    assert "hello" in formatter("text").format(record)
