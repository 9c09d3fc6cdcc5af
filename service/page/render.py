"""Templates to pages. Everything a shop's data says is escaped."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.page import links, words
from service.page.filters import spelled
from service.page.statics import asset


@lru_cache(maxsize=1)
def _templates() -> Environment:
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        price=words.price,
        score=words.score,
        percent=words.percent,
        day=words.day,
        attribute=words.attribute,
    )
    env.globals.update(
        asset=asset,
        product_link=links.product_link,
        customer_link=links.customer_link,
        photo_link=links.photo_link,
        with_query=links.with_query,
        counted=words.counted,
        spelled=spelled,
    )
    return env


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """A template filled with values."""
    shop = request.app.state.settings.shop
    text = (
        _templates()
        .get_template(template)
        .render(shop_name=shop.resolve().name, shop_path=str(shop), here=request.url.path, **values)
    )
    return HTMLResponse(text, status)
