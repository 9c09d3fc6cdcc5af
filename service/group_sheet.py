"""Contact sheets of groups: each group a row of its photos, as one picture or one web page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import UnknownPhoto, UsageError
from service import browsing
from service.duplicates import DuplicatesAnswer
from service.parts import Parts
from service.sheets import Picture

if TYPE_CHECKING:
    from PIL import Image

MOST_GROUPS = 60
MOST_PHOTOS = 12
COLUMNS = 6
LABEL = 40
"""Height of a group's heading in pixels."""
TOP = 104


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A heading and the pictures under it."""

    heading: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class GroupSheet:
    """A title, what is compared, and the groups."""

    title: str
    subtitle: str
    rows: tuple[GroupRow, ...]


def write_groups(parts: Parts, answer: DuplicatesAnswer, path: Path) -> None:
    """Write the sheet of an answer; the ending of ``path`` says which kind (.png or .html)."""
    kind = path.suffix.lower()
    if kind not in (".png", ".html"):
        raise UsageError(f"a sheet is a .png or .html file, not {path.name!r}")
    sheet = compose_groups(parts, answer)
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == ".png":
        draw_groups(sheet).save(path, "PNG", optimize=True)
    else:
        path.write_text(render_groups(sheet), encoding="utf-8")


def compose_groups(parts: Parts, answer: DuplicatesAnswer) -> GroupSheet:
    """The sheet of an answer, as values: at most 60 groups of at most 12 photos, and it says so."""
    shown = answer.groups[:MOST_GROUPS]
    many = (
        f"{answer.found} groups" if len(shown) == answer.found else f"{len(shown)} of {answer.found} groups"
    )
    compared = f"{answer.photos:,} photos of {answer.products:,} products"
    return GroupSheet(
        title="Duplicates",
        subtitle=f"{many}  ·  cosine {answer.threshold:g} or more  ·  {compared}  ·  space {answer.space}",
        rows=tuple(_row(parts, answer, number) for number in range(len(shown))),
    )


def _row(parts: Parts, answer: DuplicatesAnswer, number: int) -> GroupRow:
    group = answer.groups[number]
    said = [f"{number + 1}", group.kind, f"{len(group.photos)} photos of {len(group.products)} products"]
    said += [f"cosine {group.cosine:.4f}"] if group.kind == "near" else []
    said += [f"the first {MOST_PHOTOS}"] if len(group.photos) > MOST_PHOTOS else []
    pictures = tuple(
        Picture(_file(parts, photo), owner, answer.titles.get(owner) or "", f"photo {photo}")
        for photo, owner in list(zip(group.photos, group.owners, strict=True))[:MOST_PHOTOS]
    )
    return GroupRow("  ·  ".join(said), pictures)


def _file(parts: Parts, photo_id: str) -> Path | None:
    """A photo's file; None when it is gone (the cell then stays empty, and shows it)."""
    try:
        return browsing.photo_file(parts, photo_id)
    except UnknownPhoto:
        return None


def draw_groups(sheet: GroupSheet) -> Image.Image:
    """The sheet as one RGB picture."""
    from PIL import Image, ImageDraw, ImageFont

    from service.sheet_png import GAP, INK, LINE, MARGIN, PAPER, SIDE, SOFT, TEXT, cell

    high, step = SIDE + TEXT + GAP, SIDE + GAP
    lines = [-(-len(row.pictures) // COLUMNS) for row in sheet.rows]
    height = TOP + sum(LABEL + n * high for n in lines) + MARGIN
    canvas = Image.new("RGB", (2 * MARGIN + COLUMNS * step - GAP, height), PAPER)
    pen = ImageDraw.Draw(canvas)
    pen.text((MARGIN, 26), sheet.title, INK, ImageFont.load_default(26))
    pen.text((MARGIN, 61), sheet.subtitle, SOFT, ImageFont.load_default(13))
    if not sheet.rows:
        pen.text((MARGIN, TOP), "none found", SOFT, ImageFont.load_default(17))
    y = TOP
    for row, deep in zip(sheet.rows, lines, strict=True):
        pen.line((MARGIN, y - 10, canvas.width - MARGIN, y - 10), LINE, 1)
        pen.text((MARGIN, y + 2), row.heading, INK, ImageFont.load_default(17))
        for place, picture in enumerate(row.pictures):
            line, column = divmod(place, COLUMNS)
            cell(canvas, picture, (MARGIN + column * step, y + LABEL + line * high), str(place + 1), None)
        y += LABEL + deep * high
    return canvas


def render_groups(sheet: GroupSheet) -> str:
    """The sheet as one web page that refers to nothing outside itself."""
    from service.sheet_html import render_rows

    return render_rows(sheet.title, sheet.subtitle, [(row.heading, row.pictures) for row in sheet.rows])
