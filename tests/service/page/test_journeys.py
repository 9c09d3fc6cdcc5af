"""What people do on the page, in a real browser."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.service.page.conftest import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DROP = """([data, kind, type]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "q.jpg", { type: "image/jpeg" }));
  const init = { bubbles: true, cancelable: true };
  const event = type === "paste"
    ? new ClipboardEvent("paste", { ...init, clipboardData: transfer })
    : new DragEvent("drop", { ...init, dataTransfer: transfer });
  document.body.dispatchEvent(event);
}"""


COLOURS = """[
  getComputedStyle(document.body).color,
  getComputedStyle(document.documentElement).backgroundColor,
]"""
PAGES = ("/", "/products/disc-red", "/products/hostile", "/search", "/customers/customer-00", "/docs")


COLOURS = """[
  getComputedStyle(document.body).color,
  getComputedStyle(document.documentElement).backgroundColor,
]"""


def shown(tab: Page) -> list[str]:
    """Products in the grid of hits, in order."""
    return [str(one.get_attribute("data-id")) for one in tab.locator("#hits > li").all()]


def give(tab: Page, photo: Path, how: str) -> None:
    data = base64.b64encode(photo.read_bytes()).decode()
    tab.evaluate(DROP, [data, "image/jpeg", how])


def slide(tab: Page, name: str, value: int) -> None:
    """Move a slider as a person would, and wait for the answer it asks for."""
    with tab.expect_response(re.compile("similar")):
        tab.locator(f"input[name={name}]").fill(str(value))
    tab.wait_for_selector("#hits[aria-busy=false]")


def test_browse_click_similar_slider(tab: Page, address: str) -> None:
    tab.goto(address)
    tab.locator("select[name=category]").select_option("disc")
    tab.get_by_role("button", name="Show").click()
    tab.wait_for_url("**category=disc**")
    tab.get_by_role("link", name="red disc").click()
    tab.wait_for_url("**/products/disc-red")
    before = shown(tab)
    assert len(before) == 23
    slide(tab, "aspect-shape", 0)
    by_colour = shown(tab)
    assert by_colour[0].endswith("-red")
    assert by_colour != before
    assert "aspect-shape=0" in tab.url

    assert tab.get_by_label("show why").is_checked()
    first = tab.locator("#hits > li").first
    assert first.locator(".bar.colour").is_visible()
    assert float(first.locator(".bar.colour .number").inner_text()) > 0.9

    with tab.expect_response(re.compile("in_stock")):
        tab.get_by_label("in stock only").check()
    tab.wait_for_selector("#hits[aria-busy=false]")
    assert not [one for one in shown(tab) if one.endswith("-black")]

    tab.reload()
    assert shown(tab)[0].endswith("-red")
    with tab.expect_response(re.compile("similar")):
        tab.get_by_role("button", name="Reset").click()
    tab.wait_for_selector("#hits[aria-busy=false]")
    assert shown(tab) == before
    assert tab.url == f"{address}/products/disc-red"

    tab.locator("#hits > li a").first.click()
    tab.wait_for_url(f"**/products/{before[0]}")


def test_photos_of_a_product(tab: Page, address: str) -> None:
    tab.goto(f"{address}/products/disc-red")
    large = tab.locator("#large")
    first = large.get_attribute("src")
    tab.get_by_role("link", name="Photo 2").click()
    assert large.get_attribute("src") != first
    assert tab.url == f"{address}/products/disc-red"


def test_search_by_a_chosen_photo(tab: Page, address: str, catalogue: Path) -> None:
    tab.goto(f"{address}/search")
    with tab.expect_response(re.compile("/v1/similar")):
        tab.set_input_files("#photo", catalogue.parent / "cross-blue.jpg")
    tab.wait_for_selector("#results:not([hidden])")
    assert shown(tab)[0] == "cross-blue"
    assert tab.locator("#asked").is_visible()
    slide(tab, "aspect-colour", 0)
    assert shown(tab)[0].startswith("cross-")


@pytest.mark.parametrize("how", ["drop", "paste"])
@pytest.mark.parametrize("start", ["/search", "/", "/products/bar-red"])
def test_a_photo_dropped_or_pasted_anywhere(
    tab: Page, address: str, catalogue: Path, start: str, how: str
) -> None:
    tab.goto(address + start)
    with tab.expect_response(re.compile("/v1/similar")):
        give(tab, catalogue.parent / "square-green.jpg", how)
    tab.wait_for_selector("#results:not([hidden])")
    assert shown(tab)[0] == "square-green"


def test_a_customer_with_reasons(tab: Page, address: str) -> None:
    tab.goto(f"{address}/customers")
    tab.get_by_label("Customer id").fill("customer-03")
    tab.get_by_role("button", name="Open").click()
    tab.wait_for_url("**/customers/customer-03")
    tile = tab.locator(".recommended > li").first
    tile.get_by_text("why", exact=True).click()
    assert tile.locator(".reason .bar").first.is_visible()
    assert tab.locator(".lately .moment").count() == 8


def test_everything_can_be_reached_by_keyboard(tab: Page, address: str) -> None:
    tab.goto(address)
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    tab.goto(f"{address}/products/disc-red")
    tab.locator("input[name=aspect-shape]").focus()
    with tab.expect_response(re.compile("similar")):
        tab.keyboard.press("Home")


def test_hostile_names_stay_text(tab: Page, address: str) -> None:
    for path in ("/?page=2", "/?text=script", "/products/hostile", f"/customers/{quote(HOSTILE, safe='')}"):
        tab.goto(address + path)
        assert tab.evaluate("window.hacked") is None


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_no_page_is_wider_than_the_screen(browser: Browser, address: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for path in (
        "/",
        "/products/disc-red",
        "/products/hostile",
        "/search",
        "/customers/customer-00",
        "/docs",
    ):
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        ink, paper = page.evaluate(COLOURS)
        dark = sum(map(int, re.findall(r"\d+", paper)[:3])) < sum(map(int, re.findall(r"\d+", ink)[:3]))
        assert dark == (scheme == "dark")
    context.close()


def test_the_documentation_lists_every_route(tab: Page, address: str) -> None:
    tab.goto(f"{address}/docs")
    tab.wait_for_selector(".operation")
    headings = tab.locator(".operation > h3").all_inner_texts()
    assert "POST/v1/similar" in [one.replace(" ", "") for one in headings]
    assert len(headings) == 15
