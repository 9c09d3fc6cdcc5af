"""Photo vectors as the learning models take them: centred, of unit spread, with a mark for "no photo"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.errors import SpaceMismatch
from recommender.items import Floats, Items


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """(f - centre) / scale, then 1 where a product has no photo and else 0.

    centre: float32 (d,), the mean of the vectors learnt from. scale: the root of their mean squared distance
    from it. A product without photos has zeros, the average look. Taking a constant off every f does not
    change what a model that is linear in f can say of the order of products, but how fast it learns it.
    space: fingerprint of the embedder.
    """

    centre: Floats
    scale: float
    space: str

    @classmethod
    def of(cls, items: Items) -> Appearance:
        """Measured on the products that have photos."""
        seen = items.vectors[items.has_vector].astype(np.float64)
        if not len(seen):
            return cls(np.zeros(items.vectors.shape[1], np.float32), 1.0, items.space)
        centre = seen.mean(axis=0)
        spread = float(np.sqrt(np.mean(np.sum((seen - centre) ** 2, axis=1))))
        return cls(centre.astype(np.float32), spread if spread > 1e-6 else 1.0, items.space)

    def inputs(self, items: Items) -> Floats:
        """float32 (n, d + 1). Raises what ``check`` raises."""
        self.check(items)
        inputs = np.zeros((len(items), len(self.centre) + 1), np.float32)
        seen = items.has_vector
        inputs[seen, :-1] = (items.vectors[seen] - self.centre) / np.float32(self.scale)
        inputs[~seen, -1] = 1.0
        return inputs

    def check(self, items: Items) -> None:
        """Raises SpaceMismatch where the catalogue's vectors are not of the space that was learnt from."""
        if items.space != self.space or items.vectors.shape[1] != len(self.centre):
            raise SpaceMismatch(
                "the model learnt from vectors of another embedder than the catalogue's; train it again"
            )

    def arrays(self) -> dict[str, Floats]:
        """For keeping."""
        return {"centre": self.centre}

    def facts(self) -> dict[str, Any]:
        """For keeping."""
        return {"scale": self.scale, "space": self.space}

    @classmethod
    def kept(cls, arrays: Mapping[str, Floats], facts: Mapping[str, Any]) -> Appearance:
        """From what ``arrays`` and ``facts`` gave."""
        return cls(arrays["centre"], float(facts["scale"]), str(facts["space"]))
