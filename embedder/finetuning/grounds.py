"""Another ground behind a product: the plain border colour of a studio photo gives way to a drawn surface.

The ground is what has the border's colour and hangs together with the border. A photo without a plain border,
or whose product has nearly the ground's colour (a white shirt on white), stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2

NEAREST, FARTHEST = 5.0, 30.0
"""The tolerance around the border's colour, in levels of 255: at least that of a JPEG, at most a shadow's."""
PLAIN_SHARE = 0.55
"""Share of the border that must have its colour for the border to be plain."""
LEAST_LEFT, MOST_LEFT = 0.05, 0.97
"""Share of the photo that must remain as product, and above which there is no ground to speak of."""
LOOSER, SURE_SHARE = 2.5, 0.15
"""With so many times the tolerance, no more than this share of the product may turn into ground."""
RIM, RIM_PIXELS = 70.0, 2
"""The product's outline is blended with the old ground: so near its colour and so far in it goes with it."""
_SQUARE = np.ones((3, 3), np.bool_)


def ground_colour(photo: Tensor) -> Tensor:
    """The median colour of the border of a photo (3, H, W), uint8: (3,), float32."""
    border = torch.cat([photo[:, 0], photo[:, -1], photo[:, 1:-1, 0], photo[:, 1:-1, -1]], dim=1)
    return border.float().median(dim=1).values


def ground_of(photo: Tensor) -> NDArray[np.bool_] | None:
    """Where the ground of a photo (3, H, W), uint8, is: (H, W); None where it has no plain one."""
    from scipy import ndimage

    away = (photo.float() - ground_colour(photo)[:, None, None]).abs().amax(dim=0).numpy()
    border = np.concatenate([away[0], away[-1], away[1:-1, 0], away[1:-1, -1]])
    tolerance = float(np.clip(2.0 * np.quantile(border, PLAIN_SHARE), NEAREST, FARTHEST))
    if (border <= tolerance).mean() < PLAIN_SHARE:
        return None
    ground = _reached(away <= tolerance)
    left = 1.0 - ground.mean()
    lost = 1.0 - _reached(away <= LOOSER * tolerance).mean()
    if not LEAST_LEFT <= left <= MOST_LEFT or left - lost > SURE_SHARE * left:
        return None
    return np.asarray(
        ndimage.binary_dilation(ground, _SQUARE, iterations=RIM_PIXELS, mask=ground | (away <= RIM)), np.bool_
    )


def _reached(near: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What of ``near`` (H, W) hangs together with the border."""
    from scipy import ndimage

    # Opened first, so that a gap of a pixel or two in the product's outline lets nothing in.
    parts, _ = ndimage.label(ndimage.binary_opening(near, _SQUARE, border_value=1))
    outer = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    return np.asarray(ndimage.binary_dilation(np.isin(parts, outer[outer > 0]), _SQUARE) & near, np.bool_)


class NewGround(v2.Transform):  # type: ignore[misc]  # torchvision has no types
    """Puts a drawn surface behind a product photo (3, H, W), uint8, with chance ``p``."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def transform(self, inpt: Tensor, params: dict[str, object]) -> Tensor:
        """The photo on its new ground, or as it is."""
        if torch.rand(()) >= self.p:
            return inpt
        ground = ground_of(inpt)
        if ground is None:
            return inpt
        height, width = inpt.shape[-2:]
        surface = _SURFACES[int(torch.randint(len(_SURFACES), ()))](height, width)
        share = torch.from_numpy(ground).float()[None, None]
        # The outline is blended over three pixels.
        share = functional.avg_pool2d(functional.pad(share, (1, 1, 1, 1), mode="replicate"), 3, 1)[0]
        return torch.lerp(inpt.float(), surface, share).round_().clamp_(0, 255).to(torch.uint8)


def _colour() -> Tensor:
    """A colour (3, 1, 1) of 0 to 255: mostly muted, as walls and floors are."""
    grey = torch.rand(1) * 215 + 25
    return (grey + (torch.rand(3) - 0.5) * 110 * torch.rand(1)).clamp(0, 255)[:, None, None]


def _noise(height: int, width: int, cells: int) -> Tensor:
    """Smooth noise (1, height, width) of 0 to 1 with about so many hills across."""
    grid = torch.rand(1, 1, cells + 1, cells + 1)
    return functional.interpolate(grid, (height, width), mode="bilinear", align_corners=True)[0]


def slope(height: int, width: int) -> Tensor:
    """How far each pixel lies in a random direction, (1, height, width), 0 to 1."""
    turn = float(torch.rand(())) * 2 * math.pi
    x, y = torch.linspace(-1, 1, width)[None, :], torch.linspace(-1, 1, height)[:, None]
    along = x * math.cos(turn) + y * math.sin(turn)
    return ((along / (abs(math.cos(turn)) + abs(math.sin(turn))) + 1) / 2)[None]


def _wall(height: int, width: int) -> Tensor:
    """A surface whose light falls off to one side."""
    return torch.lerp(_colour(), _colour(), slope(height, width))


def _stone(height: int, width: int) -> Tensor:
    """Noise of several sizes between two colours: plaster, stone, carpet, grass."""
    cells = [int(torch.randint(2, 6, ())) * 3**octave for octave in range(4)]
    mixed = torch.stack([_noise(height, width, c) / (1 + i) for i, c in enumerate(cells)]).sum(0)
    spread = (mixed - mixed.amin()) / (mixed.amax() - mixed.amin() + 1e-6)
    return torch.lerp(_colour(), _colour(), spread)


def _boards(height: int, width: int) -> Tensor:
    """Boards or tiles: bands in a random direction with dark joints, sometimes crossed."""
    colour, bands = _colour(), float(torch.rand(())) * 8 + 3
    place = slope(height, width) * bands
    shade = 0.8 + 0.4 * torch.rand(int(bands) + 2)[place.long()]
    joint = ((place % 1) < 0.08).float()
    if torch.rand(()) < 0.5:
        joint = torch.maximum(joint, ((slope(height, width) * bands % 1) < 0.08).float())
    return (colour * shade * (1 - 0.6 * joint) + (_noise(height, width, 24) - 0.5) * 24).clamp(0, 255)


def _street(height: int, width: int) -> Tensor:
    """Blots of several colours, as an unsharp street scene has them."""
    scene = _colour().expand(3, height, width)
    for _ in range(int(torch.randint(3, 7, ()))):
        blot = ((_noise(height, width, int(torch.randint(2, 7, ()))) - 0.5) * 8).sigmoid()
        scene = torch.lerp(scene, _colour(), blot)
    return scene


_SURFACES: tuple[Callable[[int, int], Tensor], ...] = (_wall, _stone, _boards, _street)
