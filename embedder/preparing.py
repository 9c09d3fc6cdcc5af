"""How photos are made ready for an embedder: all that a process which decodes has to know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from data.photos import decode
from embedder.colour import Palette
from embedder.config import Preprocessing
from embedder.packing import Packing

Photos = NDArray[np.uint8]
Floats = NDArray[np.float32]


class Preparation(Protocol):
    """Makes photos ready. It can be written as JSON, and knows nothing of a network."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a prepared photo."""

    @property
    def palette(self) -> Palette | None:
        """Of the colours, if there are any."""

    def prepare(self, source: Path | bytes) -> Photos:
        """Decodes a photo → uint8 of ``shape``; BadPhoto says why where it cannot be used."""

    def colours(self, photo: Photos) -> Floats:
        """The palette block of one prepared photo, (n,); (0,) without a palette."""

    def as_json(self) -> dict[str, Any]:
        """For ``preparation_of``."""


@dataclass(frozen=True, slots=True)
class OnePicture:
    """For one network: a photo becomes one picture (height, width, 3)."""

    width: int
    height: int
    interpolation: str
    palette: Palette | None = None

    @classmethod
    def of(cls, size: Preprocessing, palette: Palette | None = None) -> OnePicture:
        """As a network wants it."""
        return cls(size.width, size.height, size.interpolation, palette)

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W, 3)."""
        return self.height, self.width, 3

    def prepare(self, source: Path | bytes) -> Photos:
        """Decodes a photo → uint8 (H, W, 3)."""
        return decode(source, (self.width, self.height), resample=self.interpolation)

    def colours(self, photo: Photos) -> Floats:
        """The palette block of one prepared photo, (n,); (0,) without a palette."""
        return _colours(self.palette, photo)

    def as_json(self) -> dict[str, Any]:
        """See ``Preparation``."""
        return {"picture": [self.width, self.height, self.interpolation], "palette": _centres(self.palette)}


@dataclass(frozen=True, slots=True)
class PackedPictures:
    """For several networks: a photo becomes one flat array, see ``Packing``.

    parts: of all members. owner: the member whose picture the palette looks at.
    """

    parts: Sequence[OnePicture]
    packing: Packing
    palette: Palette | None
    owner: int

    @property
    def shape(self) -> tuple[int, ...]:
        """(length,)."""
        return (self.packing.length,)

    def prepare(self, source: Path | bytes) -> Photos:
        """Decodes a photo once for every way in which a member wants it → uint8 (length,)."""
        return self.packing.pack([self.parts[maker].prepare(source) for maker in self.packing.makers])

    def colours(self, photo: Photos) -> Floats:
        """The palette block of one prepared photo, (n,); (0,) without a palette."""
        return _colours(self.palette, self.packing.pictures(photo[None], self.owner)[0])

    def as_json(self) -> dict[str, Any]:
        """See ``Preparation``."""
        return {
            "pictures": [[part.width, part.height, part.interpolation] for part in self.parts],
            "packing": [self.packing.shapes, self.packing.makers, self.packing.place],
            "palette": _centres(self.palette),
            "owner": self.owner,
        }


def preparation_of(value: Mapping[str, Any]) -> Preparation:
    """The inverse of ``as_json``."""
    centres = value["palette"]
    palette = None if centres is None else Palette(np.array(centres, np.float32))
    if "picture" in value:
        width, height, interpolation = value["picture"]
        return OnePicture(width, height, interpolation, palette)
    shapes, makers, place = value["packing"]
    packing = Packing(tuple(tuple(shape) for shape in shapes), tuple(makers), tuple(place))
    return PackedPictures([OnePicture(*part) for part in value["pictures"]], packing, palette, value["owner"])


def _colours(palette: Palette | None, picture: Photos) -> Floats:
    return np.zeros(0, np.float32) if palette is None else palette.histogram(picture)


def _centres(palette: Palette | None) -> list[list[float]] | None:
    return None if palette is None else palette.centres.tolist()
