"""A contact sheet as one picture, drawn with Pillow and its bundled font."""

from __future__ import annotations

import io
import math
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont, ImageOps

from data.errors import BadPhoto
from service.browsing import jpeg_of
from service.sheets import Picture, Sheet

COLUMNS = 5
SIDE = 216
GAP = 20
MARGIN = 36
TEXT = 104
HEAD = 92
PAPER = (246, 245, 242)
CARD = (255, 255, 255)
LINE = (222, 219, 213)
INK = (32, 31, 29)
SOFT = (112, 108, 101)
ACCENT = (12, 106, 94)
WRONG = (166, 60, 44)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=16)
def _font(size: int) -> Font:
    return ImageFont.load_default(size)


def size_of(sheet: Sheet) -> tuple[int, int]:
    """Width and height of the picture that ``draw`` makes."""
    columns = min(COLUMNS, max(1, len(sheet.hits)))
    rows = math.ceil(len(sheet.hits) / columns) if sheet.hits else 0
    asked = len(sheet.queries) + len(sheet.negatives)
    cell = SIDE + TEXT + GAP
    width = 2 * MARGIN + SIDE + 2 * GAP + columns * (SIDE + GAP) - GAP
    return max(width, 760), HEAD + max(rows, asked, 1) * cell + MARGIN


def draw(sheet: Sheet) -> Image.Image:
    """Queries in a column on the left, hits in rows beside them; RGB."""
    canvas = Image.new("RGB", size_of(sheet), PAPER)
    pen = ImageDraw.Draw(canvas)
    room = canvas.width - 2 * MARGIN
    pen.text((MARGIN, 26), _fit(sheet.title, _font(26), room), INK, _font(26))
    pen.text((MARGIN, 61), _fit(sheet.subtitle, _font(13), room), SOFT, _font(13))
    asked = [(p, ACCENT) for p in sheet.queries] + [(p, WRONG) for p in sheet.negatives]
    for n, (picture, colour) in enumerate(asked):
        mark = "query" if colour == ACCENT else "not like"
        cell(canvas, picture, (MARGIN, HEAD + n * (SIDE + TEXT + GAP)), mark, colour)
    rule = MARGIN + SIDE + GAP
    pen.line((rule, HEAD, rule, canvas.height - MARGIN), LINE, 1)
    left = rule + GAP
    if not sheet.hits:
        pen.text((left, HEAD + 8), "no hits", SOFT, _font(18))
    columns = min(COLUMNS, max(1, len(sheet.hits)))
    for n, picture in enumerate(sheet.hits):
        row, column = divmod(n, columns)
        at = (left + column * (SIDE + GAP), HEAD + row * (SIDE + TEXT + GAP))
        cell(canvas, picture, at, str(n + 1), None)
    return canvas


def cell(
    canvas: Image.Image, picture: Picture, at: tuple[int, int], mark: str, frame: tuple[int, int, int] | None
) -> None:
    """One photo with its lines of text, ``SIDE`` wide and ``SIDE + TEXT`` high, its corner at ``at``."""
    pen = ImageDraw.Draw(canvas)
    x, y = at
    box = (x, y, x + SIDE - 1, y + SIDE - 1)
    pen.rounded_rectangle(box, 10, CARD, frame or LINE, 3 if frame else 1)
    photo = _photo(picture)
    if photo is None:
        pen.text((x + SIDE / 2, y + SIDE / 2), "no photo", SOFT, _font(14), anchor="mm")
    else:
        canvas.paste(photo, (x + (SIDE - photo.width) // 2, y + (SIDE - photo.height) // 2))
    _badge(pen, (x + 8, y + 8), mark, frame or INK)
    pen.text((x, y + SIDE + 8), _fit(picture.name, _font(15), SIDE - 62), INK, _font(15))
    if picture.score is not None:
        pen.text((x + SIDE - 1, y + SIDE + 8), f"{picture.score:.3f}", ACCENT, _font(15), anchor="ra")
    for line, text in enumerate(_two_lines(picture.text, _font(13), SIDE)):
        pen.text((x, y + SIDE + 29 + 17 * line), text, INK, _font(13))
    pen.text((x, y + SIDE + 64), _fit(picture.note, _font(12), SIDE), SOFT, _font(12))
    if picture.aspects:
        said = "  ".join(f"{name} {cosine:.2f}" for name, cosine in picture.aspects.items())
        pen.text((x, y + SIDE + 81), _fit(said, _font(12), SIDE), SOFT, _font(12))


def _badge(pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, colour: tuple[int, int, int]) -> None:
    font = _font(13)
    width = int(font.getlength(text)) + 14
    pen.rounded_rectangle((at[0], at[1], at[0] + max(width, 24), at[1] + 22), 11, colour)
    pen.text((at[0] + max(width, 24) / 2, at[1] + 11), text, CARD, font, anchor="mm")


def _photo(picture: Picture) -> Image.Image | None:
    if picture.photo is None:
        return None
    try:
        photo = Image.open(io.BytesIO(jpeg_of(picture.photo, SIDE - 12))).convert("RGB")
    except (BadPhoto, OSError):
        return None
    return ImageOps.contain(photo, (SIDE - 12, SIDE - 12), Image.Resampling.LANCZOS)


def _two_lines(text: str, font: Font, width: float) -> tuple[str, str]:
    """The text broken between words; what the second line cannot hold is cut."""
    words = text.split()
    first = ""
    while words and font.getlength(f"{first} {words[0]}".strip()) <= width:
        first = f"{first} {words.pop(0)}".strip()
    if not first and words:
        return _fit(text, font, width), ""
    return first, _fit(" ".join(words), font, width)


def _fit(text: str, font: Font, width: float) -> str:
    """The text, cut with an ellipsis where it would be wider than ``width`` pixels."""
    if font.getlength(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(text[:middle].rstrip() + "…") <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"
