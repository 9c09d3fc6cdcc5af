"""The grid of hits as a browser shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

IDS = "tiles => tiles.map(tile => tile.dataset.id)"


def shown(tab: Page) -> list[str]:
    """Products in the grid of hits, in order, read in one step: tiles never change in between."""
    ids: list[str] = tab.locator("#hits > li").evaluate_all(IDS)
    return ids


def settled(tab: Page) -> None:
    """Wait until the grid shows the answer to what was asked last."""
    tab.wait_for_selector("#hits[aria-busy=false]", state="attached")  # an empty grid is not visible
