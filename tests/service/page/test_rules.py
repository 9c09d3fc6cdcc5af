"""A merchandiser pins, boosts and blocks on the page, sees it at once, and takes it back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from data.shop import Shop
from service.http.app import create_app
from service.settings import Settings
from tests.service.fakes import FakeEmbedder
from tests.service.page.conftest import HOSTILE
from tests.service.page.grid import shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PRODUCT = "/products/disc-red"


@pytest.fixture(autouse=True)
def no_rules(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test leaves the shared shop without rules."""
    yield
    if "address" in request.fixturenames:
        with Shop.open(request.getfixturevalue("window")) as shop:
            for rule in shop.rules.all():
                shop.rules.remove(rule.rule_id, "test")


def test_pin_see_it_first_undo_see_it_gone(tab: Page, address: str) -> None:
    tab.goto(address + PRODUCT)
    before = shown(tab)
    chosen = before[10]
    tile = tab.locator(f"#hits > li[data-id='{chosen}']")
    name = tile.locator(".name").inner_text()
    tile.get_by_role("button", name=f"Pin {name}", exact=True).click()
    tab.wait_for_url("**/products/disc-red#rules")
    assert shown(tab) == [chosen, *before[:10], *before[11:]]
    assert tab.locator("#hits > li").first.locator(".moved").inner_text() == "pinned"
    line = tab.locator("#rules .rule")
    assert "pinned at 1 for product disc-red in look-alikes" in line.inner_text()
    assert "by local" in line.inner_text()
    line.get_by_role("button", name="Undo").click()
    tab.wait_for_selector("#rules .rule", state="detached")
    assert shown(tab) == before


def test_boost_and_block_for_a_category_with_a_note(tab: Page, address: str) -> None:
    tab.goto(address + PRODUCT)
    before = shown(tab)
    tab.get_by_text("Rules by hand").click()
    form = tab.get_by_role("form", name="How rules are ordered")
    form.get_by_label("For").select_option("category")
    form.get_by_label("Boost").select_option("2")
    form.get_by_label("Note").fill("clear the stock")
    tab.locator(f"#hits > li[data-id='{before[5]}']").get_by_role(
        "button", name=re.compile("^Boost ")
    ).click()
    tab.wait_for_selector("#rules .rule")
    assert shown(tab)[0] == before[5]
    tab.locator(f"#hits > li[data-id='{before[0]}']").get_by_role(
        "button", name=re.compile("^Block ")
    ).click()
    tab.wait_for_selector("#rules .rule >> nth=1")
    assert before[0] not in shown(tab)
    tab.goto(f"{address}/products/disc-blue")
    text = tab.locator("#rules").inner_text()
    assert "boosted × 2 for category disc in look-alikes" in text
    assert "clear the stock" in text
    tab.get_by_role("link", name="All rules and their history").click()
    tab.wait_for_url("**/rules")
    tab.get_by_role("button", name="Undo the last change").click()
    tab.wait_for_url("**/rules#rules")
    assert tab.locator("#rules .rule").count() == 1
    assert tab.locator(".history .rule").first.inner_text().startswith("took back")


def test_tiles_that_scripts_draw_have_buttons_too(tab: Page, address: str) -> None:
    tab.goto(f"{address}{PRODUCT}?stock=1")
    assert "disc-black" not in shown(tab)
    with tab.expect_response(re.compile("similar")):
        tab.get_by_label("in stock only").uncheck()
    tab.wait_for_selector("#hits > li[data-id='disc-black']")
    tab.get_by_role("button", name="Pin black disc", exact=True).click()
    tab.wait_for_url(re.compile("/products/disc-red.*#rules$"))
    assert shown(tab)[0] == "disc-black"


def test_enter_in_a_field_orders_nothing(tab: Page, address: str) -> None:
    tab.goto(address + PRODUCT)
    tab.get_by_text("Rules by hand").click()
    tab.get_by_label("Note").fill("why")
    tab.keyboard.press("Enter")
    tab.reload()
    assert tab.locator("#rules .rule").count() == 0


def test_without_scripts_and_on_a_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": 360, "height": 740}, color_scheme="dark"
    )
    context.set_default_timeout(10_000)
    tab = context.new_page()
    tab.goto(address + PRODUCT)
    chosen = shown(tab)[4]
    tab.locator(f"#hits > li[data-id='{chosen}']").get_by_role("button", name=re.compile("^Pin ")).click()
    tab.wait_for_url("**/products/disc-red#rules")
    assert shown(tab)[0] == chosen
    tab.get_by_role("button", name="Undo").first.click()
    tab.wait_for_selector("#rules .rule", state="detached")
    context.close()


def test_axe_finds_no_serious_fault(browser: Browser, address: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    tab = context.new_page()
    tab.goto(address + PRODUCT)
    tab.get_by_role("button", name=re.compile("^Pin ")).first.click()
    tab.wait_for_url("**/products/disc-red#rules")
    for path in (PRODUCT, "/rules"):
        tab.goto(address + path)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360
        found = axe.Axe().run(tab, context={"include": [["#rules"]]}).response["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    context.close()


@pytest.fixture
def floor(shop: Path, fake_embedder: FakeEmbedder) -> Iterator[TestClient]:
    """Reads pages and sends forms as a browser without scripts would."""
    with TestClient(create_app(Settings(shop=shop)), raise_server_exceptions=False) as client:
        client.headers["accept"] = "text/html"
        yield client


def press(client: TestClient, **fields: str) -> int:
    known = {"pin": "bar-red", "query_product_id": "disc-red", "back": PRODUCT}
    return client.post("/rules", data=known | fields, follow_redirects=False).status_code


@pytest.mark.parametrize(
    "fields",
    [
        {"block": "bar-blue"},
        {"pin": "disc-red"},
        {"position": "0"},
        {"position": "x"},
        {"factor": "0.0001x"},
        {"ends": "2020-01-01T00:00"},
        {"ends": "soon"},
        {"scope": "nowhere"},
        {"scope": "category", "query_category": "nothing"},
        {"colour": "red"},
    ],
)
def test_forms_that_cannot_be_followed(floor: TestClient, fields: dict[str, str]) -> None:
    assert press(floor, **fields) == 422
    assert "Nothing is pinned" in floor.get("/rules").text


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb"])
def test_one_goes_back_only_to_this_service(floor: TestClient, back: str) -> None:
    fields = {"pin": "bar-red", "query_product_id": "disc-red", "back": back}
    assert floor.post("/rules", data=fields, follow_redirects=False).headers["location"] == "/rules#rules"


def test_another_site_cannot_press_the_buttons(floor: TestClient) -> None:
    floor.headers["sec-fetch-site"] = "cross-site"
    assert press(floor) == 403
    assert floor.post("/rules/undo", data={}).status_code == 403


def test_hostile_names_stay_text_and_a_product_that_is_gone_stays_listed(floor: TestClient) -> None:
    body = {"title": HOSTILE, "category": HOSTILE}
    assert floor.put("/v1/products/hostile", json=body).status_code == 200
    assert press(floor, pin="hostile", note=HOSTILE) == 303
    assert press(floor, scope="category", query_category=HOSTILE, position="2") == 303
    for path in (PRODUCT, "/rules"):
        text = floor.get(path).text
        assert "<script>window" not in text
        assert "&lt;script&gt;window" in text
    assert floor.delete("/v1/products/hostile").status_code == 200
    assert ">hostile</a>" in floor.get("/rules").text


def test_rules_show_their_time_and_who_overrules_them(floor: TestClient) -> None:
    assert press(floor, starts="2190-01-01T00:00", ends="2190-02-01T00:00") == 303
    assert press(floor, pin="bar-blue") == 303
    assert press(floor, pin="bar-pink") == 303
    text = floor.get("/rules").text
    assert "from 2190-01-01T00:00:00Z" in text
    assert "until 2190-02-01T00:00:00Z" in text
    assert "overruled by rule 3" in text
