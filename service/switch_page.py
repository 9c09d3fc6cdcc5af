"""A comparison of two spaces as files: report.html that opens without a network, report.json, moved.png."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import BadPhoto
from service.browsing import jpeg_of
from service.parts import Parts
from service.sheets import Picture
from service.switch_report import Comparison, K
from service.switch_sheet import SHOWN, SheetRow, draw_rows, rows_of

if TYPE_CHECKING:
    from embedder.measures import Interval

THUMBNAIL = 160
BLANK = Picture(None, "")


@dataclass(frozen=True, slots=True)
class _Cell:
    name: str
    text: str
    note: str
    score: float | None
    image: str


def write_report(parts: Parts, found: Comparison, how: str) -> Path:
    """Write the report under the shop's reports; returns its folder. how: the command that switches."""
    folder = parts.shop.directory / "reports" / f"switch-{_safe(found.old.space)}-{_safe(found.new.space)}"
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows_of(parts, found)
    text = json.dumps({**found.as_json(), "how": how}, indent=2, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    (folder / "report.html").write_text(render(found, rows, how), encoding="utf-8")
    if rows:
        draw_rows(rows, found.old.embedder, found.new.embedder).save(folder / "moved.png", "PNG")
    else:
        (folder / "moved.png").unlink(missing_ok=True)
    return folder


def render(found: Comparison, rows: Sequence[SheetRow], how: str) -> str:
    """The page; it refers to nothing outside itself."""
    from jinja2 import Environment

    home = files("service.page") / "templates" / "switch.html"
    template = Environment(autoescape=True).from_string(home.read_text(encoding="utf-8"))
    return template.render(
        found=found,
        headline=headline(found),
        how=how,
        columns=columns(found),
        figures=figures(found),
        rows=[[_cell(picture) for picture in _eleven(row)] for row in rows],
    )


def headline(found: Comparison) -> str:
    """The comparison in one sentence."""
    names = f"{found.new.embedder} against {found.old.embedder}"
    if found.overlap is None:
        return f"{names}: no product looks like another"
    said = f"{names}: {found.overlap.mean:.0%} of the ten nearest stay"
    if found.labels is None:
        return said
    change = next(one.difference for one in found.labels.measures if one.name == "mAP@R")
    by = f"{found.labels.label} mAP@R"
    if change.low > 0:
        return f"{said}, {by} is higher"
    return f"{said}, {by} is lower" if change.high < 0 else f"{said}, {by} tells no difference"


def columns(found: Comparison) -> tuple[str, str, str, str]:
    """The heads of the table of ``figures``."""
    return "", found.old.embedder, found.new.embedder, "difference"


def figures(found: Comparison) -> list[tuple[str, ...]]:
    """The rows of the table, as people read them."""
    old, new = found.old, found.new
    rows: list[tuple[str, ...]] = []
    if found.overlap is not None:
        rows.append((f"overlap@{K}", "", "", _ranged(found.overlap)))
    if found.labels is not None:
        for one in found.labels.measures:
            values = (_ranged(one.old), _ranged(one.new), _ranged(one.difference, "+"))
            rows.append((f"{found.labels.label} {one.name}", *values))
    rows.append(_counted("photos", old.photos, new.photos))
    rows.append(_counted("bytes of a vector", old.bytes_per_photo, new.bytes_per_photo))
    sizes = ("" if side.index_mb is None else f"{side.index_mb:,.2f}" for side in (old, new))
    rows.append(("index, MB", *sizes, ""))
    return rows


def _counted(what: str, old: int, new: int) -> tuple[str, str, str, str]:
    return what, f"{old:,}", f"{new:,}", f"{new - old:+,}"


def _ranged(found: Interval, sign: str = "") -> str:
    return f"{found.mean:{sign}.3f} [{found.low:{sign}.3f}, {found.high:{sign}.3f}]"


def _eleven(row: SheetRow) -> list[Picture]:
    """The query and five cells for either side, blank where a small shop has fewer."""
    sides = [[*side, *[BLANK] * (SHOWN - len(side))] for side in (row.old, row.new)]
    return [row.query, *sides[0], *sides[1]]


def _cell(picture: Picture) -> _Cell:
    image = ""
    if picture.photo is not None:
        try:
            image = base64.b64encode(jpeg_of(picture.photo, THUMBNAIL)).decode("ascii")
        except (BadPhoto, OSError):
            image = ""  # the cell says that there is no photo
    return _Cell(picture.name, picture.text, picture.note, picture.score, image)


def _safe(space: str) -> str:
    """A space's name as a part of a folder's name."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in space)
