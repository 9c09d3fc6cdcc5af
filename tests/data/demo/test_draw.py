"""Drawn photos: deterministic, complete, and told apart by simple measures of what the eye sees."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from data.demo.catalogue import ProductSpec, sample_specs
from data.demo.draw import cut_out, draw_product, photograph
from data.demo.palette import COLOURS, to_lab
from data.demo.patterns import TILE, tile
from data.demo.vocabulary import CATEGORIES, PATTERNS

SIDE = 128
INKS = ((30, 44, 88), (244, 242, 237), (196, 38, 44))


@pytest.fixture(scope="module")
def products() -> list[ProductSpec]:
    return sample_specs(len(CATEGORIES) * 7, 21)


@pytest.fixture(scope="module")
def cut_outs(products: list[ProductSpec]) -> list[np.ndarray]:
    return [cut_out(spec, SIDE) for spec in products]


def test_the_same_product_and_seed_give_the_same_photo(products: list[ProductSpec]) -> None:
    for view in ("studio", "scene", "detail"):
        first = draw_product(products[0], view, np.random.default_rng(5), (96, 96))
        second = draw_product(products[0], view, np.random.default_rng(5), (96, 96))
        other = draw_product(products[0], view, np.random.default_rng(6), (96, 96))
        np.testing.assert_array_equal(first, second)
        assert (first != other).any()


def test_a_photo_has_the_asked_size(products: list[ProductSpec]) -> None:
    photo = draw_product(products[3], "scene", np.random.default_rng(0), (120, 90))
    assert photo.shape == (90, 120, 3)
    assert photo.dtype == np.uint8


def test_every_product_fills_part_of_the_board(
    products: list[ProductSpec], cut_outs: list[np.ndarray]
) -> None:
    for spec, picture in zip(products, cut_outs, strict=True):
        share = (picture[..., 3] > 127).mean()
        assert 0.03 < share < 0.8, spec


def test_unknown_views_and_boards_are_refused(
    products: list[ProductSpec], cut_outs: list[np.ndarray]
) -> None:
    with pytest.raises(ValueError, match="sideways"):
        photograph(cut_outs[0], "sideways", np.random.default_rng(0), (64, 64))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="multiple of 4"):
        cut_out(products[0], 130)


def _outline(picture: np.ndarray) -> np.ndarray:
    """The silhouette, cropped and scaled to 24 × 24, with its aspect ratio."""
    alpha = Image.fromarray(picture[..., 3])
    box = alpha.getbbox()
    assert box is not None
    grid = np.asarray(alpha.crop(box).resize((24, 24), Image.Resampling.BOX), dtype=np.float64).ravel() / 255
    return np.append(grid, 4 * np.log((box[2] - box[0]) / (box[3] - box[1])))


def test_categories_are_told_apart_by_outline_alone(
    products: list[ProductSpec], cut_outs: list[np.ndarray]
) -> None:
    outlines = np.stack([_outline(picture) for picture in cut_outs])
    distance = ((outlines[:, None] - outlines[None]) ** 2).sum(-1)
    np.fill_diagonal(distance, np.inf)
    nearest = distance.argmin(1)
    right = np.mean([products[i].category == products[j].category for i, j in enumerate(nearest)])
    assert right > 0.6, right


def test_colours_are_told_apart_in_studio_photos(
    products: list[ProductSpec], cut_outs: list[np.ndarray]
) -> None:
    names = list(COLOURS)
    centres = to_lab(np.array(list(COLOURS.values()), dtype=np.float64))
    right, count = 0, 0
    for spec, picture in zip(products, cut_outs, strict=True):
        if spec.pattern != "plain" or spec.category in ("lamp", "watch", "sneaker", "vase", "mug", "heel"):
            continue
        shown = np.median(picture[picture[..., 3] > 127][:, :3], axis=0)
        distance = ((centres - to_lab(shown)) ** 2 * [0.4, 1.0, 1.0]).sum(1)
        right, count = right + (names[int(distance.argmin())] == spec.colour), count + 1
    assert count > 30
    assert right / count > 0.85, right / count


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_repeat_without_a_seam_and_keep_the_ground_dominant(name: str) -> None:
    for seed in range(6):
        painted = tile(name, INKS, np.random.default_rng(seed)).astype(np.float64)
        assert painted.shape == (TILE, TILE, 3)
        near = ((painted[:, :, None] - np.array(INKS)[None, None]) ** 2).sum(-1).argmin(-1)
        assert (near == 0).mean() > 0.33
        for axis in (0, 1):
            step = np.abs(np.diff(painted, axis=axis)).mean(axis=(1 - axis, 2))
            seam = np.abs(np.take(painted, 0, axis) - np.take(painted, -1, axis)).mean()
            assert seam <= step.max() + 1e-9


def test_patterns_differ_from_each_other() -> None:
    """The power spectrum of every pattern is nearer to its own kind's mean than to the next one's, mostly."""
    spectra = {
        name: np.stack(
            [
                np.abs(np.fft.fft2(tile(name, INKS, np.random.default_rng(seed)).mean(-1)))[:24, :24].ravel()
                for seed in range(12)
            ]
        )
        for name in PATTERNS
    }
    logs = {name: np.log1p(values) for name, values in spectra.items()}
    right = 0
    for name, values in logs.items():
        for k in range(6, 12):
            gap = {other: min(((values[k] - v) ** 2).sum() for v in logs[other][:6]) for other in PATTERNS}
            right += min(gap, key=gap.__getitem__) == name
    assert right / (6 * len(PATTERNS)) > 0.75
