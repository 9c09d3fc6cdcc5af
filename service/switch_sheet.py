"""What a switch of spaces moves most, as a picture: one row a product, its look-alikes before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.errors import UnknownPhoto
from service import browsing
from service.parts import Parts
from service.sheets import Picture
from service.switch_report import Comparison, Moved

if TYPE_CHECKING:
    from PIL import Image

    from index.hits import Hit
    from service.answers import Json

SHOWN = 5
RULE = 40
TOP = 84


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A product with the first of its look-alikes in the old and in the new space."""

    query: Picture
    old: tuple[Picture, ...]
    new: tuple[Picture, ...]


def rows_of(parts: Parts, comparison: Comparison) -> list[SheetRow]:
    """The rows of a comparison's sheet, as values; a photo that is gone leaves an empty cell."""
    wanted = {one.product_id for one in comparison.moved}
    wanted |= {hit.product_id for one in comparison.moved for hit in (*one.old, *one.new)}
    cards = browsing.cards(parts, sorted(wanted))
    return [_row(parts, cards, one) for one in comparison.moved]


def _row(parts: Parts, cards: Mapping[str, Json], one: Moved) -> SheetRow:
    was = {hit.product_id: rank for rank, hit in enumerate(one.old, 1)}
    now = {hit.product_id: rank for rank, hit in enumerate(one.new, 1)}
    said = f"{one.common} of {one.of} the same"
    return SheetRow(
        query=_picture(parts, cards, one.product_id, cards.get(one.product_id, {}).get("photo_id"), said),
        old=tuple(_hit(parts, cards, hit, now, "now") for hit in one.old[:SHOWN]),
        new=tuple(_hit(parts, cards, hit, was, "was") for hit in one.new[:SHOWN]),
    )


def _hit(parts: Parts, cards: Mapping[str, Json], hit: Hit, other: Mapping[str, int], word: str) -> Picture:
    """A look-alike, with its rank on the other side."""
    rank = other.get(hit.product_id)
    note = f"{word} {rank}" if rank is not None else "gone" if word == "now" else "new"
    return _picture(parts, cards, hit.product_id, hit.photo_id, note, hit.score)


def _picture(
    parts: Parts,
    cards: Mapping[str, Json],
    product_id: str,
    photo_id: object,
    note: str,
    score: float | None = None,
) -> Picture:
    title = str(cards.get(product_id, {}).get("title") or "")
    try:
        photo = browsing.photo_file(parts, str(photo_id)) if photo_id is not None else None
    except UnknownPhoto:
        photo = None
    return Picture(photo, product_id, title, note, score)


def draw_rows(rows: Sequence[SheetRow], old: str, new: str) -> Image.Image:
    """The sheet as one RGB picture: the query, then its five nearest in the old and in the new space."""
    from PIL import Image, ImageDraw, ImageFont

    from service.sheet_png import ACCENT, GAP, INK, LINE, MARGIN, PAPER, SIDE, SOFT, TEXT, cell

    step, high = SIDE + GAP, SIDE + TEXT + GAP
    lefts = [MARGIN, MARGIN + step + RULE, MARGIN + (1 + SHOWN) * step + 2 * RULE]
    size = (lefts[2] + SHOWN * step - GAP + MARGIN, TOP + len(rows) * high + MARGIN)
    canvas = Image.new("RGB", size, PAPER)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(22)
    for left, head, colour in zip(lefts, ("product", old, new), (INK, SOFT, ACCENT), strict=True):
        pen.text((left, 32), head, colour, font)
    for left in lefts[1:]:
        rule = left - (RULE + GAP) // 2
        pen.line((rule, 32, rule, canvas.height - MARGIN), LINE, 1)
    for number, row in enumerate(rows):
        y = TOP + number * high
        cell(canvas, row.query, (lefts[0], y), "query", ACCENT)
        for left, pictures in ((lefts[1], row.old), (lefts[2], row.new)):
            for rank, picture in enumerate(pictures):
                cell(canvas, picture, (left + rank * step, y), str(rank + 1), None)
    return canvas
