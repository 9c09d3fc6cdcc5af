"""The palette histogram: known colours, product before ground, degenerate pictures, threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from embedder.colour import Palette, foreground_colours, rgb_to_lab

BLACK, WHITE, RED, GREEN, BLUE = (0, 0, 0), (255, 255, 255), (220, 30, 30), (30, 160, 60), (40, 60, 200)
COLOURS = [BLACK, WHITE, RED, GREEN, BLUE]


@pytest.fixture(scope="module")
def palette() -> Palette:
    return Palette(rgb_to_lab(np.array(COLOURS, dtype=np.uint8)))


def picture(ground: tuple[int, int, int], thing: tuple[int, int, int], side: int = 64) -> np.ndarray:
    pixels = np.empty((side, side, 3), dtype=np.uint8)
    pixels[:] = ground
    pixels[side // 4 : -side // 4, side // 4 : -side // 4] = thing
    return pixels


def test_lab_of_known_colours() -> None:
    lab = rgb_to_lab(np.array([BLACK, WHITE, (255, 0, 0), (0, 0, 255)], dtype=np.uint8))
    wanted = [[0, 0, 0], [100, 0, 0], [53.24, 80.09, 67.20], [32.30, 79.19, -107.86]]
    np.testing.assert_allclose(lab, wanted, atol=0.02)


def test_product_outweighs_the_ground(palette: Palette) -> None:
    histogram = palette.histogram(picture(WHITE, RED))
    assert histogram.dtype == np.float32
    assert histogram.shape == (5,)
    assert np.argmax(histogram) == COLOURS.index(RED)
    assert histogram[COLOURS.index(WHITE)] < 0.3
    assert np.linalg.norm(histogram) == pytest.approx(1, abs=1e-5)


def test_same_thing_on_another_ground_is_nearer_than_another_thing(palette: Palette) -> None:
    red, other_ground, blue = (
        palette.histogram(picture(*c)) for c in [(WHITE, RED), (BLACK, RED), (WHITE, BLUE)]
    )
    assert red @ other_ground > 0.8 > 0.3 > red @ blue


@pytest.mark.parametrize("colour", COLOURS)
def test_flat_picture_has_its_colour(palette: Palette, colour: tuple[int, int, int]) -> None:
    histogram = palette.histogram(picture(colour, colour))
    assert np.argmax(histogram) == COLOURS.index(colour)
    assert np.linalg.norm(histogram) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 300), (500, 333)])
def test_any_size_of_picture(palette: Palette, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert np.linalg.norm(palette.histogram(pixels)) == pytest.approx(1, abs=1e-5)


def test_size_hardly_matters(palette: Palette) -> None:
    small, large = palette.histogram(picture(WHITE, GREEN, 80)), palette.histogram(picture(WHITE, GREEN, 320))
    assert small @ large > 0.999


def test_weights_are_positive_and_codes_occur() -> None:
    codes, weights = foreground_colours(picture(WHITE, RED))
    assert len(codes) == 2
    assert (weights > 0).all()


def test_threads_agree(palette: Palette) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(palette.histogram, [pixels] * 16))
    assert all(np.array_equal(found[0], other) for other in found)


def test_what_is_no_picture_is_refused(palette: Palette) -> None:
    with pytest.raises(ValueError, match="uint8 pixels"):
        palette.histogram(np.zeros((4, 4), dtype=np.uint8))
    with pytest.raises(ValueError, match="uint8 pixels"):
        palette.histogram(np.zeros((0, 4, 3), dtype=np.uint8))


def test_what_is_no_palette_is_refused() -> None:
    with pytest.raises(ValueError, match="finite centres"):
        Palette(np.zeros((4, 2), dtype=np.float32))
    with pytest.raises(ValueError, match="finite centres"):
        Palette(np.full((4, 3), np.nan, dtype=np.float32))
