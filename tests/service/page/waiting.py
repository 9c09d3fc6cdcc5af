"""Waiting in a page whose policy forbids evaluated scripts (``Page.wait_for_function`` evaluates one)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

SECONDS = 20
STEP_MS = 20


def until(page: Page, expression: str) -> None:
    """Until a JavaScript expression is true in the page; AssertionError where it never is."""
    end = time.monotonic() + SECONDS
    while not page.evaluate(expression):
        if time.monotonic() > end:
            raise AssertionError(f"{page.url}: never true: {expression}")
        page.wait_for_timeout(STEP_MS)
