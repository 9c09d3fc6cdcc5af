"""What is changed at random about a training photo, in named presets built on torchvision's v2 transforms.

Everything draws from torch's generator of the CPU and from nothing else, so a seed fixes what happens.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from embedder.finetuning.grounds import NewGround, slope
from embedder.finetuning.settings import KEEP_COLOUR, Augmentation

Transform = Callable[[Tensor], Tensor]
"""uint8 (3, H, W) to uint8 (3, h, w), on the CPU."""
_ERASED = (124, 116, 104)  # what networks of ImageNet take as nothing: its mean colour


@dataclass(frozen=True, slots=True)
class Recipe:
    """How far a preset goes; 0 is not at all.

    window: the least share of the photo's area that a crop keeps. turn: degrees either way. tilt: how far a
    corner may move, as a share of half a side. mirror: chance. dark: the photo may get darker by so much, but
    never lighter, because what is white on white would be gone. contrast, saturation: a factor of up to 1 ±
    so much. hue: up to ± so much of the colour circle. grey: chance of losing all colour. blur: chance.
    noise: deviation, as a share of full brightness. ground: chance that a plain ground gives way to another.
    shade: how much darker one side may be than the middle. cast: how far channels may be out of balance.
    """

    window: float = 1.0
    turn: float = 0.0
    tilt: float = 0.0
    mirror: float = 0.5
    dark: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    grey: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    ground: float = 0.0
    shade: float = 0.0
    cast: float = 0.0

    def keeping_colour(self) -> Recipe:
        """The same without whatever changes hue or saturation, and with mild changes of brightness only."""
        return replace(
            self,
            dark=min(self.dark, 0.12),
            contrast=0.0,
            saturation=0.0,
            hue=0.0,
            grey=0.0,
            noise=min(self.noise, 0.02),
            shade=min(self.shade, 0.12),
            cast=0.0,
        )


RECIPES = {
    "light": Recipe(window=0.85, dark=0.1, contrast=0.1, saturation=0.1, hue=0.015),
    "standard": Recipe(window=0.6, turn=8, dark=0.25, contrast=0.25, saturation=0.25, hue=0.03),
    "strong": Recipe(
        window=0.35,
        turn=20,
        tilt=0.2,
        dark=0.45,
        contrast=0.4,
        saturation=0.5,
        hue=0.12,
        grey=0.15,
        blur=0.3,
        noise=0.025,
    ),
    "street": Recipe(
        window=0.55,
        turn=12,
        tilt=0.3,
        dark=0.3,
        contrast=0.3,
        saturation=0.25,
        hue=0.03,
        blur=0.5,
        noise=0.04,
        ground=0.9,
        shade=0.35,
        cast=0.2,
    ),
}
"""What each preset does (``none`` only resizes)."""


def recipe_of(preset: str) -> Recipe | None:
    """The recipe of a preset, with or without ``-keep-colour``; None for ``none``."""
    if preset == "none":
        return None
    found = RECIPES[preset.removesuffix(KEEP_COLOUR)]
    return found.keeping_colour() if preset.endswith(KEEP_COLOUR) else found


def transform_for(augmentation: Augmentation, side: tuple[int, int]) -> Transform:
    """What happens to each photo, ending at ``side`` = (width, height) pixels; mixup and CutMix, which need a
    whole batch, are ``mixing.Mixer``'s."""
    width, height = side
    recipe = recipe_of(augmentation.preset)
    steps: list[object] = []
    if recipe is None:
        steps.append(v2.Resize((height, width), antialias=True))
    else:
        steps += _geometry(recipe, width, height) + _looks(recipe, width, height)
    if augmentation.erasing:
        steps.append(v2.RandomErasing(p=augmentation.erasing, scale=(0.02, 0.25), value=_ERASED))
    made: Transform = v2.Compose(steps)
    return made


def augmented(photo: Tensor, transform: Transform, seed: int) -> Tensor:
    """The photo as the transform draws it with this seed, whatever was drawn before; torch's generator is
    left as it was found.

    It is the process's one generator: call this from the thread that trains or from processes of a data
    loader, not from threads beside one that draws.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would also seed the GPU
        return transform(photo)


def _geometry(recipe: Recipe, width: int, height: int) -> list[object]:
    """Steps that move pixels; the ground is changed first, while the photo's own border is in sight."""
    steps: list[object] = []
    if recipe.ground:
        steps.append(NewGround(recipe.ground))
    if recipe.turn or recipe.tilt:
        steps.append(Tilt(recipe.turn, recipe.tilt))
    ratio = width / height
    steps.append(
        v2.RandomResizedCrop(
            (height, width), scale=(recipe.window, 1.0), ratio=(0.8 * ratio, 1.25 * ratio), antialias=True
        )
    )
    steps.append(v2.RandomHorizontalFlip(recipe.mirror))
    return steps


def _looks(recipe: Recipe, width: int, height: int) -> list[object]:
    """Steps that change what pixels look like, in the order light, lens, sensor."""
    steps: list[object] = []
    if recipe.shade or recipe.cast:
        steps.append(Light(recipe.shade, recipe.cast))
    steps.append(v2.ColorJitter((1 - recipe.dark, 1.0), recipe.contrast, recipe.saturation, recipe.hue))
    if recipe.grey:
        steps.append(v2.RandomGrayscale(recipe.grey))
    if recipe.blur:
        widest = max(width, height) / 120
        kernel = 2 * math.ceil(2 * widest) + 1
        steps.append(v2.RandomApply([v2.GaussianBlur(kernel, (0.1, widest))], recipe.blur))
    if recipe.noise:
        steps.append(v2.RandomApply([v2.GaussianNoise(sigma=recipe.noise)], 0.5))
    return steps


class Tilt(v2.Transform):  # type: ignore[misc]  # torchvision has no types
    """Turns a photo (3, H, W), uint8, and sees it from aside; beyond its border the border goes on.

    turn: degrees either way. tilt: ``distortion_scale`` of torchvision's RandomPerspective.
    """

    reach = 0.4
    """How far beyond its border the photo is continued, as a share of its longer side."""

    def __init__(self, turn: float, tilt: float) -> None:
        super().__init__()
        self.turn, self.tilt = turn, tilt

    def transform(self, inpt: Tensor, params: dict[str, object]) -> Tensor:
        """The photo, as large as before."""
        height, width = inpt.shape[-2:]
        pad = math.ceil(self.reach * max(height, width))
        turn = math.radians((2 * float(torch.rand(())) - 1) * self.turn)
        start, end = v2.RandomPerspective.get_params(width, height, self.tilt)
        moved = torch.tensor(end, dtype=torch.float64) - torch.tensor([width - 1, height - 1]) / 2
        turning = torch.tensor([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        corners = moved @ turning.double() + torch.tensor([width - 1, height - 1]) / 2
        seen: Tensor = functional.perspective(
            functional.pad(inpt, [pad], padding_mode="edge"),
            [[x + pad, y + pad] for x, y in start],
            (corners + pad).tolist(),
            interpolation=v2.InterpolationMode.BILINEAR,
        )
        return seen[:, pad : pad + height, pad : pad + width]


class Light(v2.Transform):  # type: ignore[misc]  # torchvision has no types
    """Uneven and coloured light on a photo (3, H, W), uint8: darker to one side, channels out of balance.

    Factors of at most 1, so without ``cast`` hue and saturation stay.
    """

    def __init__(self, shade: float, cast: float) -> None:
        super().__init__()
        self.shade, self.cast = shade, cast

    def transform(self, inpt: Tensor, params: dict[str, object]) -> Tensor:
        """The photo in that light."""
        deep = float(torch.rand(())) * self.shade
        share = slope(inpt.shape[-2], inpt.shape[-1])
        balance = 1 - torch.rand(3, 1, 1) * self.cast
        return (inpt.float() * (1 - 2 * deep * share) * balance).round_().to(torch.uint8)
