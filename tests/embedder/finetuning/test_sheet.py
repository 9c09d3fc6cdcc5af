"""The sheet of augmentations: every preset, every photo, the photo itself first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.errors import UsageError
from embedder.finetuning.settings import Augmentation
from embedder.finetuning.sheet import SIDE, draw_sheet
from tests.embedder.kit import drawn


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_a_sheet_shows_each_photo_and_its_variants(tmp_path: Path) -> None:
    photos = list(drawn(2))
    path = draw_sheet(photos, Augmentation(preset="standard"), tmp_path / "out.png", columns=3)
    sheet = pixels(path)
    assert sheet.shape == (22 + 2 * (SIDE + 4) + 4, 4 * (SIDE + 4) + 4, 3)
    for row, photo in enumerate(photos):
        top = 22 + row * (SIDE + 4)
        cells = [sheet[top : top + SIDE, 4 + c * (SIDE + 4) :][:, :SIDE] for c in range(4)]
        expected = Image.fromarray(photo).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        assert np.array_equal(cells[0], np.asarray(expected))
        assert len({cell.tobytes() for cell in cells}) == 4
    assert (sheet[:22] < 128).any()  # the preset's name


def test_a_sheet_of_no_preset_in_particular_shows_all_nine(tmp_path: Path) -> None:
    path = draw_sheet(list(drawn(1)), None, tmp_path / "all.png", columns=1)
    assert pixels(path).shape[0] == 9 * (22 + SIDE + 4) + 4


def test_a_sheet_keeps_the_photos_proportions_and_is_drawn_alike_again(tmp_path: Path) -> None:
    tall = drawn(1)[0][:, :32]
    first = draw_sheet([tall], Augmentation(preset="light"), tmp_path / "a.png", columns=1)
    again = draw_sheet([tall], Augmentation(preset="light"), tmp_path / "b.png", columns=1)
    assert pixels(first).shape == (22 + SIDE + 8, 2 * (SIDE // 2 + 4) + 4, 3)
    assert first.read_bytes() == again.read_bytes()


def test_a_sheet_without_photos_or_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one photo"):
        draw_sheet([], None, tmp_path / "out.png")
    with pytest.raises(UsageError, match="cannot be written"):
        draw_sheet(list(drawn(1)), Augmentation(preset="none"), tmp_path / "no" / "out.png")
