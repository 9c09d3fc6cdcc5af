"""What people do on the page, in a real browser."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from PIL import Image

from tests.service.drawn import draw_photo
from tests.service.page.conftest import HOSTILE
from tests.service.page.grid import settled, shown
from tests.service.page.waiting import until

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


def give(tab: Page, photo: Path, how: str) -> None:
    data = base64.b64encode(photo.read_bytes()).decode()
    tab.evaluate(DROP, [data, "image/jpeg", how])


def search(tab: Page) -> None:
    """Search by the photo in the box, and wait for the answer."""
    with tab.expect_response(re.compile("/v1/similar")):
        tab.locator("#go").click()
    tab.wait_for_selector("#results:not([hidden])")
    settled(tab)  # results of an earlier search stay in view until then


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo with a blue bar on its left half and a red disc on its right half."""
    folder = tmp_path_factory.mktemp("both")
    photo = Image.new("RGB", (192, 96))
    photo.paste(Image.open(draw_photo(folder / "bar.jpg", "bar", "blue")), (0, 0))
    photo.paste(Image.open(draw_photo(folder / "disc.jpg", "disc", "red")), (96, 0))
    photo.save(folder / "both.png")
    return folder / "both.png"


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo unlike any of the shop's."""
    path = tmp_path_factory.mktemp("strange") / "strange.png"
    photo = Image.new("RGB", (96, 96), (246, 246, 244))
    photo.paste((90, 20, 140), (0, 0, 24, 24))
    photo.save(path)
    return path


def slide(tab: Page, name: str, value: int) -> None:
    """Move a slider as a person would, and wait for the answer it asks for."""
    with tab.expect_response(re.compile("similar")):
        tab.locator(f"input[name={name}]").fill(str(value))
    settled(tab)


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
    settled(tab)
    assert not [one for one in shown(tab) if one.endswith("-black")]

    tab.reload()
    assert shown(tab)[0].endswith("-red")
    with tab.expect_response(re.compile("similar")):
        tab.get_by_role("button", name="Reset").click()
    settled(tab)
    assert shown(tab) == before
    assert tab.url == f"{address}/products/disc-red"

    tab.locator("#hits > li a").first.click()
    tab.wait_for_url(f"**/products/{before[0]}")


def test_look_alikes_only_on_a_products_page_stay_on_while_another_control_moves(
    tab: Page, address: str
) -> None:
    tab.goto(f"{address}/products/disc-red")
    everything = shown(tab)
    with tab.expect_response(re.compile("min_score=auto")):
        tab.get_by_label("look-alikes only").check()
    settled(tab)
    alike = shown(tab)
    assert len(alike) < len(everything)
    assert "alike=1" in tab.url
    with tab.expect_response(re.compile("min_score=auto")):
        tab.get_by_label("in stock only").check()
    settled(tab)
    assert set(shown(tab)) <= set(alike)
    assert "alike=1" in tab.url
    slide(tab, "aspect-shape", 0)
    assert tab.get_by_label("look-alikes only").is_disabled()
    with tab.expect_response(re.compile("similar")):
        tab.get_by_role("button", name="Reset").click()
    settled(tab)
    assert shown(tab) == everything


def test_photos_of_a_product(tab: Page, address: str) -> None:
    tab.goto(f"{address}/products/disc-red")
    large = tab.locator("#large")
    first = large.get_attribute("src")
    tab.get_by_role("link", name="Photo 2").click()
    assert large.get_attribute("src") != first
    assert tab.url == f"{address}/products/disc-red"


def test_search_by_a_chosen_photo(tab: Page, address: str, catalogue: Path) -> None:
    tab.goto(f"{address}/search")
    tab.set_input_files("#photo", catalogue.parent / "cross-blue.jpg")
    search(tab)
    assert shown(tab)[0] == "cross-blue"
    assert tab.locator("#asked").is_visible()
    slide(tab, "aspect-colour", 0)
    assert shown(tab)[0].startswith("cross-")


def test_a_part_of_a_photo_chosen_by_keyboard(tab: Page, address: str, both: Path) -> None:
    tab.goto(f"{address}/search")
    tab.set_input_files("#photo", both)
    until(tab, "document.activeElement.id === 'go'")  # ready at once: Enter searches by all of it
    tab.get_by_role("button", name="Top left corner").focus()
    for _ in range(5):
        tab.keyboard.press("Shift+ArrowRight")
    assert tab.locator("#crop-status").inner_text() == "50 percent of the photo"
    search(tab)
    assert shown(tab)[0] == "disc-red"
    tab.get_by_role("button", name="Whole photo").click()
    tab.get_by_role("button", name="Top right corner").focus()
    for _ in range(5):
        tab.keyboard.press("Shift+ArrowLeft")
    search(tab)
    assert shown(tab)[0] == "bar-blue"


def test_the_box_on_a_photo_is_drawn_by_pointer_and_stays_inside(tab: Page, address: str, both: Path) -> None:
    tab.goto(f"{address}/search")
    tab.set_input_files("#photo", both)
    corner = tab.get_by_role("button", name="Bottom right corner").bounding_box()
    assert corner is not None
    tab.mouse.move(corner["x"] + 5, corner["y"] + 5)
    tab.mouse.down()
    tab.mouse.move(corner["x"] - 60, corner["y"] - 2000, steps=4)
    tab.mouse.up()
    photo, box = (tab.locator(name).bounding_box() for name in ("#crop", "#box"))
    assert photo is not None
    assert box is not None
    assert 0 < box["height"] < photo["height"] / 5
    assert box["x"] == pytest.approx(photo["x"], abs=1)
    assert box["x"] + box["width"] < photo["x"] + photo["width"] - 40


def test_what_looks_like_nothing_is_said_plainly_and_the_nearest_shown_on_demand(
    tab: Page, address: str, strange: Path
) -> None:
    tab.goto(f"{address}/search")
    tab.set_input_files("#photo", strange)
    search(tab)
    assert not shown(tab)
    assert "looks like this" in tab.locator("#nothing").inner_text()
    with tab.expect_response(re.compile("/v1/similar")):
        tab.get_by_role("button", name="Show the nearest all the same").click()
    tab.wait_for_selector("#hits > li")
    assert not tab.locator("#none").is_visible()
    assert "alike=0" in tab.url


def test_a_camera_is_offered_where_there_is_touch(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    page.goto(f"{address}/search")
    assert page.get_by_text("Take one").is_visible()
    assert page.locator("#camera").get_attribute("capture") == "environment"
    context.close()


@pytest.mark.parametrize("how", ["drop", "paste"])
@pytest.mark.parametrize("start", ["/search", "/", "/products/bar-red"])
def test_a_photo_dropped_or_pasted_anywhere(
    tab: Page, address: str, catalogue: Path, start: str, how: str
) -> None:
    tab.goto(address + start)
    give(tab, catalogue.parent / "square-green.jpg", how)
    search(tab)
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
    assert tab.locator(".tastes .members img").count() > 2
    assert tab.locator(".voices > li").count() > 4
    recommended = {str(one.get_attribute("href")) for one in tab.locator(".recommended > li > a").all()}
    taken = {str(one.get_attribute("href")) for one in tab.locator(".voices .taken a").all()}
    assert taken
    assert taken <= recommended


def test_endless_browsing_keeps_the_filter_and_every_product_once(tab: Page, address: str) -> None:
    tab.goto(f"{address}/?low=5")
    until(tab, "document.querySelectorAll('#products > li').length >= 20")
    tab.get_by_role("heading", name="Products").scroll_into_view_if_needed()
    tab.evaluate("scrollTo(0, document.body.scrollHeight)")
    until(tab, "document.querySelectorAll('#products > li').length === 24")
    links = [one.get_attribute("href") for one in tab.locator("#products > li > a").all()]
    assert len(set(links)) == 24
    assert tab.locator('#pages a[rel="next"]').count() == 0
    assert tab.locator("#status").inner_text() == "24 products shown"


def test_more_and_less_like_this_make_an_address_that_holds_the_search(tab: Page, address: str) -> None:
    tab.goto(f"{address}/products/disc-red")
    slide(tab, "aspect-shape", 0)
    tab.get_by_role("link", name="Less like red bar").click()
    tab.wait_for_url(re.compile("/search[?]like=disc-red&unlike=bar-red&aspect-shape=0"))
    assert "disc-red" not in shown(tab)
    assert "bar-red" not in shown(tab)
    with tab.expect_response(re.compile("/v1/search")) as answered:
        tab.get_by_label("in stock only").check()
    sent = answered.value.request.post_data_json
    assert [one["product_id"] for one in sent["negatives"]] == ["bar-red"]
    assert sent["aspects"]["shape"] == 0
    settled(tab)
    link = tab.get_by_role("link", name="More like pink disc")
    assert "stock=1" in str(link.get_attribute("href"))
    link.click()
    tab.wait_for_url(re.compile("like=disc-pink"))
    live = shown(tab)
    shared = tab.url
    tab.goto(address)
    tab.goto(shared)
    assert shown(tab) == live
    assert not [one for one in live if one.endswith("-black")]
    tab.get_by_role("link", name="Take pink disc out").click()
    until(tab, "!location.search.includes('pink')")
    assert "unlike=bar-red" in tab.url


def test_a_filter_of_a_search_by_examples(tab: Page, address: str) -> None:
    tab.goto(f"{address}/search?like=disc-red")
    with tab.expect_response(re.compile("/v1/search")):
        tab.get_by_label("only where").fill('colour = "blue"')
    settled(tab)
    assert len(shown(tab)) == 4
    assert all(one.endswith("-blue") for one in shown(tab))


@pytest.mark.parametrize("drawn", [True, False])
def test_why_opens_over_the_hits_and_gives_the_focus_back(
    browser: Browser, address: str, catalogue: Path, drawn: bool
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    heat = (catalogue.parent / "bar-red.jpg").read_bytes()
    answer = {"body": heat, "content_type": "image/jpeg"} if drawn else {"status": 409}
    page.route("**/heatmap?**", lambda route: route.fulfill(**answer))  # type: ignore[arg-type]
    page.goto(f"{address}/products/disc-red")
    link = page.locator("#hits > li a[data-step=why]").first
    link.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    assert dialog.locator(".shares tbody tr").count() == 2
    until(page, "[...document.querySelectorAll('dialog img')].every((img) => img.complete)")
    dialog.locator("[data-heat]").wait_for(state="visible" if drawn else "hidden")
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert page.evaluate("document.activeElement.dataset.step") == "why"
    context.close()


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
    assert tab.locator("output").first.inner_text() == "0"
    reached = set()
    for _ in range(14):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.dataset.step ?? document.activeElement.name"))
    assert {"aspect-colour", "diversity", "stock", "like", "unlike", "why"} <= reached


def test_hostile_names_stay_text(tab: Page, address: str) -> None:
    for path in ("/?page=2", "/?text=script", "/products/hostile", f"/customers/{quote(HOSTILE, safe='')}"):
        tab.goto(address + path)
        assert tab.evaluate("window.hacked") is None


def test_the_documentation_lists_every_route(tab: Page, address: str) -> None:
    tab.goto(f"{address}/docs")
    tab.wait_for_selector(".operation")
    headings = tab.locator(".operation > h3").all_inner_texts()
    assert "POST/v1/similar" in [one.replace(" ", "") for one in headings]
    paths = tab.request.get(f"{address}/openapi.json").json()["paths"]
    assert len(headings) == sum(len(path) for path in paths.values())
