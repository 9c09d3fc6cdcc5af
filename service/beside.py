"""What goes on around a space that is filled beside the one that is searched."""

from __future__ import annotations

from data.errors import VitrineError
from service.answers import Json
from service.filling import build, encode, open_asked, waits
from service.parts import Parts
from service.progress import Tell
from service.requests import IndexRequest


def keep_up(parts: Parts, request: IndexRequest, tell: Tell) -> tuple[str, ...]:
    """Encode what waits in the space that is searched, before another one is filled beside it.

    Returns warnings: the shop's own embedder may be out of reach, and that is no reason not to move on.
    """
    shop = parts.shop
    current = shop.current_space()
    if current is None or not waits(shop, current.space):
        return ()
    try:
        embedder = open_asked(parts, request, current.embedder)
        if embedder.space != current.space:
            return (f"{current.embedder} is not what it was: new photos are not found in {current.space}",)
        encode(shop, embedder, request.limits, tell)
        build(parts, current.space, "auto", request.wanted_recall, tell)
    except VitrineError as error:
        return (f"new photos are not found in {current.space}: {error.message}",)
    return ()


def compared(parts: Parts, space: str, label: str, how: str, tell: Tell) -> Json:
    """The comparison with the space that is searched, and where its report lies."""
    from service.switch_page import figures, headline, write_report
    from service.switch_report import compare

    try:
        found = compare(parts, parts.space(), space, label, tell)
    except VitrineError as error:  # e.g. nothing could be encoded, or the old index is damaged
        return {"not_compared": error.message}
    folder = write_report(parts, found, how)
    return {
        **found.as_json(),
        "headline": headline(found),
        "figures": [list(row) for row in figures(found)],
        "report": str(folder / "report.html"),
    }
