"""The pages of the tiny shop, as text through a client and as a browser sees them."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from data.records import Reject
from data.shop import Shop
from service.http.app import create_app
from service.lookalikes import Calibration, remember_calibration
from service.settings import Settings
from tests.service.fakes import FakeEmbedder

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ALIKE = 0.9  # the least score of a look-alike in this shop
HOSTILE = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>\"'{{7*7}}"


@pytest.fixture(scope="module")
def window(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with a product, customer and report whose names try to break out of the page."""
    shop = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("window") / "shop"))
    report = shop / "reports" / "evaluation-time" / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text("<!doctype html><title>r</title><p>how good</p>", encoding="utf-8")
    (report.parent / "report.json").write_text("{}", encoding="utf-8")
    with TestClient(create_app(Settings(shop=shop))) as client:
        body = {
            "title": HOSTILE,
            "category": HOSTILE,
            "price": 1,
            "attributes": {"note": HOSTILE, "<b>": HOSTILE},
        }
        assert client.put("/v1/products/hostile", json=body).status_code == 200
        event = {"customer_id": HOSTILE, "product_id": "hostile", "event": "like", "event_id": "h"}
        assert client.post("/v1/interactions", json={"interactions": [event]}).status_code == 200
    with Shop.open(shop) as opened:
        space = opened.state[1]
        assert space is not None
        remember_calibration(opened, space, Calibration(ALIKE, 0.01, 0.99, 48, "2026-07-01T00:00:00+00:00"))
        number = opened.begin_import("catalogue", "autumn.csv")
        opened.put_rejects(number, [Reject("row", n, f"sku-{n}", "bad_price", HOSTILE) for n in range(2, 27)])
        opened.finish_import(number, 25, 0, 25)
    return shop


@pytest.fixture(scope="module")
def fake() -> Iterator[None]:
    """Photos are encoded by the fake embedder."""
    with pytest.MonkeyPatch.context() as patch:
        embedder = FakeEmbedder()
        patch.setattr("embedder.registry.open_embedder", lambda *_, **__: embedder)
        yield


@pytest.fixture(scope="module")
def visitor(window: Path, fake: None) -> Iterator[TestClient]:
    """Reads pages as a browser without JavaScript would."""
    with TestClient(create_app(Settings(shop=window, page_size=10)), raise_server_exceptions=False) as client:
        client.headers["accept"] = "text/html"
        yield client


@pytest.fixture(scope="module")
def address(window: Path, fake: None) -> Iterator[str]:
    """The service listening on a free port of this machine."""
    import uvicorn

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        free.listen()
        port = free.getsockname()[1]
        config = uvicorn.Config(create_app(Settings(shop=window, page_size=10)), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [free]}, daemon=True)
        thread.start()
        # Connections made before the server accepts wait in the socket's queue: no polling is needed.
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium; tests that need it are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A page of the browser in which any script error or refused resource fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert not faults
