"""Augmentation: fixed by its seed, true to its name, and colour stays where it is to stay."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import Tensor

from embedder.finetuning.augment import RECIPES, Light, Tilt, augmented, recipe_of, transform_for
from embedder.finetuning.settings import KEEP_COLOUR, PRESETS, Augmentation

EVERY = [n for p in PRESETS for n in ((p,) if p == "none" else (p, f"{p}{KEEP_COLOUR}"))]
SIDE = 64
RED = (200, 50, 30)


def product(side: int = SIDE) -> Tensor:
    """A red disc on white, (3, side, side)."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    inside = (x - side / 2) ** 2 + (y - side / 2) ** 2 < (0.36 * side) ** 2
    photo = torch.full((3, side, side), 255, dtype=torch.uint8)
    photo[:, inside] = torch.tensor(RED, dtype=torch.uint8)[:, None]
    return photo


def hue_and_saturation(photo: Tensor) -> tuple[float, float]:
    """Of the mean colour in the middle of a photo: degrees, and 0 to 1."""
    h, w = photo.shape[-2:]
    r, g, b = photo[:, 3 * h // 8 : 5 * h // 8, 3 * w // 8 : 5 * w // 8].float().mean((1, 2)).tolist()
    hue = np.degrees(np.arctan2(np.sqrt(3) * (g - b), 2 * r - g - b))
    return float(hue), float(1 - min(r, g, b) / max(r, g, b))


@pytest.mark.parametrize("name", EVERY)
def test_a_seed_fixes_what_is_seen_whatever_else_draws(name: str) -> None:
    transform = transform_for(Augmentation(preset=name, erasing=0.5), (40, 48))
    first = augmented(product(), transform, 11)
    torch.manual_seed(99)
    random.seed(99)
    np.random.seed(99)  # noqa: NPY002  # the generator that a library might draw from
    again = augmented(product(), transform, 11)
    assert torch.equal(first, again)
    assert first.dtype == torch.uint8
    assert first.shape == (3, 48, 40)
    if name != "none":
        assert not torch.equal(first, augmented(product(), transform, 12))


@pytest.mark.parametrize("name", EVERY)
def test_only_torchs_generator_is_drawn_from_and_it_is_left_as_it_was(name: str) -> None:
    transform = transform_for(Augmentation(preset=name, erasing=0.9), (SIDE, SIDE))
    torch.manual_seed(1)
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    photo = product()
    augmented(photo, transform, 5)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert np.array_equal(np.random.get_state()[1], states[2])  # noqa: NPY002
    assert torch.equal(photo, product())


def test_none_leaves_a_photo_of_the_size_alone_and_resizes_others() -> None:
    transform = transform_for(Augmentation(preset="none"), (SIDE, SIDE))
    assert torch.equal(augmented(product(), transform, 3), product())
    assert augmented(product(100), transform, 3).shape == (3, SIDE, SIDE)


@pytest.mark.parametrize("preset", PRESETS[1:])
def test_keeping_colour_keeps_hue_and_saturation_where_others_change_them(preset: str) -> None:
    hue, saturation = hue_and_saturation(product())
    changes = {}
    for name in (preset, f"{preset}{KEEP_COLOUR}"):
        transform = transform_for(Augmentation(preset=name), (SIDE, SIDE))
        seen = [hue_and_saturation(augmented(product(), transform, seed)) for seed in range(40)]
        changes[name] = np.abs(np.asarray(seen) - (hue, saturation)).max(axis=0)
    kept, lost = changes[f"{preset}{KEEP_COLOUR}"], changes[preset]
    assert kept[0] < 1.5
    assert kept[1] < 0.03
    assert lost[0] > 3 * max(kept[0], 0.5)
    assert lost[1] > 2 * kept[1]


@pytest.mark.parametrize("preset", PRESETS[1:])
def test_keeping_colour_darkens_a_little_and_never_brightens(preset: str) -> None:
    transform = transform_for(Augmentation(preset=f"{preset}{KEEP_COLOUR}"), (SIDE, SIDE))
    middle = slice(SIDE // 2 - 4, SIDE // 2 + 4)
    seen = [
        float(augmented(product(), transform, s)[0, middle, middle].float().mean()) / RED[0]
        for s in range(40)
    ]
    assert 0.7 < min(seen) < 0.97
    assert max(seen) < 1.02


def test_stronger_presets_change_more() -> None:
    def change(preset: str) -> float:
        transform = transform_for(Augmentation(preset=preset), (SIDE, SIDE))
        seen = [augmented(product(), transform, seed).float() - product().float() for seed in range(20)]
        return float(torch.stack(seen).abs().mean())

    amounts = [change(preset) for preset in ("none", "light", "standard", "strong", "street")]
    assert amounts[0] == 0.0
    assert amounts[0] < amounts[1] < amounts[2] < amounts[3]
    assert amounts[4] > amounts[2]


def test_erasing_erases_a_rectangle_as_often_as_asked() -> None:
    transform = transform_for(Augmentation(preset="none", erasing=0.5), (SIDE, SIDE))
    changed = [(augmented(product(), transform, seed) != product()).any(dim=0) for seed in range(60)]
    assert 18 <= sum(bool(c.any()) for c in changed) <= 42
    for found in (c for c in changed if c.any()):
        rows, columns = found.any(dim=1).nonzero(), found.any(dim=0).nonzero()
        box = found[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert box.all()


def test_a_turn_moves_the_photo_by_its_angle_and_continues_the_border() -> None:
    photo = torch.full((3, 61, 61), 40, dtype=torch.uint8)
    photo[:, 28:33, 50:55] = 255
    torch.manual_seed(2)
    turn = np.radians((2 * float(torch.rand(())) - 1) * 40)
    torch.manual_seed(2)
    seen = Tilt(40, 0.0)(photo)
    assert seen.shape == photo.shape
    assert seen.min() >= 39  # no black corners
    down, right = ((seen[0] > 150).nonzero().float().mean(dim=0) - 30).tolist()
    assert np.hypot(down, right) == pytest.approx(22, abs=1)
    assert abs(np.arctan2(down, right)) == pytest.approx(abs(turn), abs=0.05)


def test_uneven_light_keeps_hue_without_a_cast() -> None:
    photo = torch.tensor(RED, dtype=torch.uint8)[:, None, None].expand(3, 32, 32).contiguous()
    torch.manual_seed(0)
    seen = Light(0.4, 0.0)(photo).float()
    assert seen[0].max() - seen[0].min() > 10
    assert seen[0].max() <= RED[0]
    assert (seen[1] / seen[0] - RED[1] / RED[0]).abs().max() < 0.02


def test_every_preset_has_a_recipe_and_a_keep_colour_variant_without_colour_steps() -> None:
    assert set(RECIPES) == set(PRESETS) - {"none"}
    assert recipe_of("none") is None
    for name in EVERY[1:]:
        recipe = recipe_of(name)
        assert recipe is not None
        changes = (recipe.hue, recipe.saturation, recipe.grey, recipe.contrast, recipe.cast)
        assert any(changes) is not name.endswith(KEEP_COLOUR)
