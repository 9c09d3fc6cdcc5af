"""One photo prepared for several networks: their pictures one after another in one flat array.

So that whatever carries photos (the pipeline, its channels, a search) need not know how many networks look at
them. Networks that prepare a photo in the same way share one picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod

import numpy as np
from numpy.typing import NDArray

from embedder.config import Preprocessing

Photos = NDArray[np.uint8]


@dataclass(frozen=True)
class Packing:
    """Where each member's picture lies in a packed photo, uint8 (length,).

    shapes: (H, W, 3) of every different picture, in the order in which they are packed. makers: for each of
    them the member that prepares it. place: for each member which of them it looks at.
    """

    shapes: tuple[tuple[int, int, int], ...]
    makers: tuple[int, ...]
    place: tuple[int, ...]

    @classmethod
    def of(cls, members: Sequence[Preprocessing]) -> Packing:
        """Members of one size and interpolation share a picture; mean and deviation are the network's own
        business."""
        kinds = [(member.height, member.width, member.interpolation) for member in members]
        different = list(dict.fromkeys(kinds))
        return cls(
            tuple((height, width, 3) for height, width, _ in different),
            tuple(kinds.index(kind) for kind in different),
            tuple(different.index(kind) for kind in kinds),
        )

    @property
    def length(self) -> int:
        """Bytes of a packed photo."""
        return sum(map(prod, self.shapes))

    def pack(self, pictures: Sequence[Photos]) -> Photos:
        """One photo as its ``makers`` prepared it, [(H, W, 3)…] → (length,)."""
        return np.concatenate([picture.reshape(-1) for picture in pictures])

    def pictures(self, packed: Photos, member: int) -> Photos:
        """A member's pictures (n, H, W, 3) of packed photos (n, length)."""
        ends = tuple(accumulate(map(prod, self.shapes)))
        place = self.place[member]
        shape = self.shapes[place]
        start = ends[place] - prod(shape)
        return np.ascontiguousarray(packed[:, start : ends[place]].reshape(len(packed), *shape))
