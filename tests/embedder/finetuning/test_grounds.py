"""The ground of a product photo: found where it is plain, left alone where it is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from embedder.finetuning.grounds import _SURFACES, NewGround, ground_colour, ground_of

SIDE = 64


def disc(ink: tuple[int, int, int] = (200, 40, 30), ground: int = 250, noise: float = 1.0) -> Tensor:
    """A disc with a white hole in its middle on plain ground."""
    draw = np.random.default_rng(0)
    y, x = np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2
    radius = np.hypot(x, y)
    pixels = np.full((SIDE, SIDE, 3), float(ground))
    pixels[radius < 22] = ink
    pixels[radius < 5] = ground
    pixels += draw.normal(0, noise, pixels.shape)
    return torch.from_numpy(np.clip(pixels, 0, 255).astype(np.uint8)).permute(2, 0, 1).contiguous()


def radius() -> np.ndarray:
    y, x = np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2
    return np.hypot(x, y)


def test_the_ground_is_what_hangs_together_with_the_border() -> None:
    ground = ground_of(disc())
    assert ground is not None
    assert ground[radius() > 24].all()
    assert not ground[radius() < 20].any()  # nor the hole, which looks like it


def test_the_ground_has_the_borders_median_colour() -> None:
    assert ground_colour(disc(noise=0.0)).tolist() == [250.0, 250.0, 250.0]


@pytest.mark.parametrize(
    "photo",
    [
        torch.randint(0, 255, (3, SIDE, SIDE), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)),
        torch.full((3, SIDE, SIDE), 200, dtype=torch.uint8),
        disc(ink=(241, 241, 241)),
    ],
    ids=["a scene", "nothing but ground", "white on white"],
)
def test_a_photo_without_a_sure_ground_is_left_alone(photo: Tensor) -> None:
    assert ground_of(photo) is None
    torch.manual_seed(0)
    assert torch.equal(NewGround(1.0)(photo), photo)


def test_a_new_ground_leaves_the_product_and_changes_the_rest() -> None:
    for seed in range(12):
        torch.manual_seed(seed)
        seen = NewGround(1.0)(disc())
        changed = (seen.int() - disc().int()).abs().amax(dim=0).numpy()
        assert not changed[radius() < 18].any()
        assert np.median(changed[radius() > 26]) > 5
        assert seen.dtype == torch.uint8


def test_the_ground_is_changed_as_often_as_asked() -> None:
    torch.manual_seed(0)
    changed = [not torch.equal(NewGround(0.5)(disc()), disc()) for _ in range(60)]
    assert 18 <= sum(changed) <= 42


@pytest.mark.parametrize("surface", _SURFACES)
@pytest.mark.parametrize("size", [(40, 64), (64, 40), (8, 8)])
def test_surfaces_are_pictures_and_never_twice_the_same(surface: object, size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    drawn = [surface(*size) for _ in range(6)]  # type: ignore[operator]
    for one in drawn:
        assert one.shape == (3, *size)
        assert one.min() >= 0
        assert one.max() <= 255
        assert torch.isfinite(one).all()
    assert not torch.equal(drawn[0], drawn[1])
