"""Templates to pages. Everything a shop's data says is escaped."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from data.where import LONGEST_FILTER
from service.page import links, words
from service.page.filters import PICK, spelled
from service.page.frames import frame_of
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
        why_link=links.why_link,
        heatmap_link=links.heatmap_link,
        counted=words.counted,
        spelled=spelled,
        PICK=PICK,
        LONGEST_FILTER=LONGEST_FILTER,
    )
    return env


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """A template filled with values."""
    shop = request.app.state.settings.shop
    stranger = getattr(request.state, "stranger", False)  # learns nothing of the shop, not even its name
    text = (
        _templates()
        .get_template(template)
        .render(
            shop_name="Vitrine" if stranger else shop.resolve().name,
            shop_path="" if stranger else str(shop),
            stranger=stranger,
            signed_in=getattr(request.state, "signed_in", None),
            here=request.url.path,
            frame=frame_of(request),
            **values,
        )
    )
    return HTMLResponse(text, status)
