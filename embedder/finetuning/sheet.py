"""A picture sheet of what augmentation does: photos at the left, what training sees of them beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from data.errors import UsageError
from embedder.finetuning.augment import Transform, augmented, transform_for
from embedder.finetuning.sampling import place_seed
from embedder.finetuning.settings import KEEP_COLOUR, PRESETS, Augmentation

SIDE = 128
"""Longer edge of a photo on the sheet, in pixels."""
_GAP = 4
_TITLE = 22


def draw_sheet(
    photos: Sequence[NDArray[np.uint8]],
    augmentation: Augmentation | None,
    path: Path,
    seed: int = 7,
    columns: int = 6,
) -> Path:
    """Writes a PNG: under the name of the augmentation a row for each photo (H, W, 3), the photo itself and
    so many variants of it; all presets, one under the other, where none is asked for. Returns ``path``.

    Mixup and CutMix blend several photos and are not shown. Raises UsageError without a photo or column, and
    where the file cannot be written.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not photos or columns < 1:
        raise UsageError("a sheet of augmentations needs at least one photo and one column")
    chosen = [augmentation] if augmentation is not None else _every_preset()
    width, height = _cell(photos)
    block = _TITLE + len(photos) * (height + _GAP)
    sheet = Image.new("RGB", ((columns + 1) * (width + _GAP) + _GAP, len(chosen) * block + _GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for part, one in enumerate(chosen):
        top = part * block
        pen.text((_GAP, top + 3), _title(one), fill="black", font=font)
        transform = transform_for(one, (width, height))
        for row, photo in enumerate(photos):
            cells = _variants(photo, transform, seed, row, columns)
            for column, pixels in enumerate([_fitted(photo, width, height), *cells]):
                place = (_GAP + column * (width + _GAP), top + _TITLE + row * (height + _GAP))
                sheet.paste(Image.fromarray(pixels), place)
    try:
        sheet.save(path, format="PNG")
    except OSError as error:
        raise UsageError(f"the sheet {path} cannot be written: {error.strerror or error}") from error
    return path


def _every_preset() -> list[Augmentation]:
    names = [n for p in PRESETS for n in ((p,) if p == "none" else (p, f"{p}{KEEP_COLOUR}"))]
    return [replace(Augmentation(), preset=name) for name in names]


def _title(augmentation: Augmentation) -> str:
    erasing = f", erasing {augmentation.erasing:g}" if augmentation.erasing else ""
    return f"{augmentation.preset}{erasing}"


def _cell(photos: Sequence[NDArray[np.uint8]]) -> tuple[int, int]:
    """(width, height) of every photo on the sheet: the first one's proportions."""
    height, width = photos[0].shape[:2]
    scale = SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _fitted(photo: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BILINEAR))


def _variants(
    photo: NDArray[np.uint8], transform: Transform, seed: int, row: int, columns: int
) -> list[NDArray[np.uint8]]:
    pixels = torch.from_numpy(np.ascontiguousarray(photo.transpose(2, 0, 1)))
    seen = [augmented(pixels, transform, place_seed(seed, column, row)) for column in range(columns)]
    return [one.permute(1, 2, 0).contiguous().numpy() for one in seen]
