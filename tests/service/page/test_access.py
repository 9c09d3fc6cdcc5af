"""What every page owes to everybody: axe, a calm layout, the width of the screen, the policy on scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.service.page.conftest import HOSTILE
from tests.service.page.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES = (
    "/",
    "/?text=nothing-like-it",
    "/?where=((",
    "/products/disc-red",
    "/products/hostile",
    "/why?product=disc-red&product=bar-red&other=disc-blue",
    "/search",
    "/search?like=disc-red&unlike=bar-blue&where=price+%3E+1",
    "/customers",
    "/customers/customer-00",
    f"/customers/{quote(HOSTILE, safe='')}",
    "/reports",
    "/docs",
    "/sign-in",
)
SHIFT = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((one) => (sum += one.value)))
    .observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => setTimeout(() => done(sum), 0));
})"""
COLOURS = """[
  getComputedStyle(document.body).color,
  getComputedStyle(document.documentElement).backgroundColor,
]"""
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def window_pane(browser: Browser) -> Iterator[Page]:
    """One page of the browser for all looks; heat maps are not asked for: the fake embedder draws none."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.route("**/heatmap?**", lambda route: route.fulfill(status=204))
    yield page
    context.close()


def faults(page: Page, rules: list[str] | None = None) -> list[str]:
    """What axe finds serious or critical, in words."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if rules is not None:
        options["runOnly"] = {"type": "rule", "values": rules}
    # The documentation's operations are all made alike: the first of each group stand for all.
    context = {"include": [["html"]], "exclude": [[".operation ~ .operation"]]}
    found = axe.Axe().run(page, context, options).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


SETTLED = (
    "!document.querySelector('[aria-busy=true]') && "
    "document.getAnimations().every((one) => one.playState !== 'running')"
)
"""Nothing is being fetched or faded, which dims it for a moment."""


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_no_serious_fault_in_either_theme(window_pane: Page, address: str, path: str) -> None:
    window_pane.emulate_media(color_scheme="light")
    window_pane.goto(address + path)
    if path == "/docs":
        window_pane.wait_for_selector(".operation")
    until(window_pane, SETTLED)
    assert not faults(window_pane)
    window_pane.emulate_media(color_scheme="dark")
    assert not faults(window_pane, ["color-contrast", "link-in-text-block"])


def test_axe_finds_no_serious_fault_in_what_scripts_open(
    window_pane: Page, address: str, catalogue_photo: str
) -> None:
    window_pane.emulate_media(color_scheme="dark")
    window_pane.goto(f"{address}/search")
    window_pane.set_input_files("#photo", catalogue_photo)
    window_pane.locator("#go").click()
    window_pane.wait_for_selector("#results:not([hidden])")
    assert not faults(window_pane)
    window_pane.goto(f"{address}/products/disc-red")
    window_pane.locator("a[data-step=why]").first.click()
    window_pane.wait_for_selector("dialog[open]")
    assert not faults(window_pane)


@pytest.fixture(scope="module")
def catalogue_photo(catalogue: Path) -> str:
    """A photo of the shop, to be searched by."""
    return str(catalogue.parent / "cross-blue.jpg")


@pytest.mark.parametrize("path", ["/", "/products/disc-red", "/customers/customer-00"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_while_a_page_comes_in(browser: Browser, address: str, path: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    page.goto(address + path, wait_until="networkidle")
    assert page.evaluate(SHIFT) < 0.05
    context.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_the_screen_or_asks_for_what_its_policy_forbids(
    browser: Browser, address: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    refused: list[str] = []
    page.on("pageerror", lambda error: refused.append(str(error)))
    page.on("console", lambda one: refused.append(one.text) if "Content Security" in one.text else None)
    for path in PAGES:
        page.goto(address + path)
        if path == "/docs":
            page.wait_for_selector(".operation")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert (
            page.evaluate("document.styleSheets.length") == page.locator("link[rel=stylesheet]").count() > 0
        )
        assert page.locator("[style]:not(#box)").count() == 0, path
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            ink, paper = (sum(map(int, re.findall(r"\d+", one)[:3])) for one in page.evaluate(COLOURS))
            assert (paper < ink) == (scheme == "dark"), path
    context.close()
    assert not refused


def test_browsing_needs_no_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("link", name="More").click()
    page.locator("#products > li a").first.click()
    page.locator("#hits > li a").first.click()
    page.get_by_role("link", name=re.compile("^Less like")).first.click()
    page.get_by_role("heading", name="Unlike").wait_for()
    page.locator("input[name=stock]").check()
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url(re.compile("stock=1"))
    assert "unlike=" in page.url
    page.get_by_role("link", name=re.compile("^Why")).first.click()
    page.get_by_role("table").first.wait_for()
    context.close()
