"""Contact sheets: everything asked for is on them, also when photos are missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.sheet_html import render
from service.sheet_png import ACCENT, WRONG, _fit, _font, _two_lines, draw, size_of
from service.sheets import Picture, Sheet
from tests.service.drawn import draw_photo


def sheet_of(folder: Path, hits: int) -> Sheet:
    photo = draw_photo(folder / "a.jpg", "disc", "red")
    pictures = [
        Picture(photo, f"id-{n}", f"title {n} <b>", "disc", 0.9 - n / 100, {"shape": 0.8, "colour": -0.1})
        for n in range(hits)
    ]
    return Sheet("Similar to x", "3 hits", (Picture(photo, "x"),), (Picture(None, "y"),), tuple(pictures))


@pytest.mark.parametrize(("hits", "columns", "rows"), [(0, 1, 1), (3, 3, 1), (5, 5, 1), (12, 5, 3)])
def test_the_picture_has_room_for_every_hit(tmp_path: Path, hits: int, columns: int, rows: int) -> None:
    sheet = sheet_of(tmp_path, hits)
    drawn = draw(sheet)
    assert drawn.size == size_of(sheet)
    assert drawn.width >= (columns + 1) * 216
    assert drawn.height >= max(rows, 2) * 216


def test_photos_are_drawn_and_frames_tell_query_from_negative(tmp_path: Path) -> None:
    pixels = np.asarray(draw(sheet_of(tmp_path, 3))).reshape(-1, 3).astype(int)
    red = (pixels[:, 0] > 180) & (pixels[:, 1] < 70) & (pixels[:, 2] < 70)
    assert red.sum() > 4 * 9000, "the red disc of one query and three hits"
    for colour in (ACCENT, WRONG):
        assert (np.abs(pixels - np.asarray(colour)).sum(axis=1) < 6).sum() > 1000


def test_a_page_escapes_what_the_shop_says(tmp_path: Path) -> None:
    text = render(sheet_of(tmp_path, 2))
    assert "title 1 &lt;b&gt;" in text
    assert "<b>" not in text
    assert "no photo" in text
    assert text.count("<figure") == 4
    assert "colour" in text


def test_long_titles_are_cut_to_the_width() -> None:
    font = _font(13)
    cut = _fit("a very long title that cannot possibly fit " * 4, font, 216)
    assert cut.endswith("…")
    assert font.getlength(cut) <= 216
    assert _fit("short", font, 216) == "short"
    first, second = _two_lines("Leopard-print velvet mini tiered dress, grey", font, 216)
    assert f"{first} {second}" == "Leopard-print velvet mini tiered dress, grey"
    assert max(font.getlength(first), font.getlength(second)) <= 216
    assert _two_lines("", font, 216) == ("", "")
    assert _two_lines("x" * 80, font, 216)[0].endswith("…")
