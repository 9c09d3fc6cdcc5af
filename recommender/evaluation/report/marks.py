"""How a model is drawn, the same in every report: a colour for its family, a shape and a dash for itself.

Colours are told apart by people who do not see all of them (after Okabe and Ito 2008), and no two models of
the table share both colour and shape, so that a print in grey can be read. Families begin with different
shapes. The page's style gives every colour name its value, another one on a dark ground.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Shape = Literal["circle", "square", "triangle", "diamond", "cross", "star"]
SHAPES: tuple[Shape, ...] = ("circle", "square", "triangle", "diamond", "cross")
DASHES: Mapping[Shape, str] = {
    "circle": "",
    "square": "6 3",
    "triangle": "2 3",
    "diamond": "8 3 2 3",
    "cross": "1 2",
    "star": "",
}
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "chance": ("random",),
    "counts": ("popularity", "most-popular", "category", "attributes"),
    "together": ("item-knn", "p3alpha", "rp3beta", "ease"),
    "factors": ("als", "bpr", "cold-map"),
    "looks": ("looks", "looks-knn", "vbpr", "item-graph"),
    "order": ("gru", "sasrec"),
}
OURS, OTHERS = "vitrine", "others"


@dataclass(frozen=True, slots=True)
class Mark:
    """family: of models that share a colour. dash: of its lines, "" for none."""

    family: str
    shape: Shape

    @property
    def colour(self) -> str:
        """A CSS colour."""
        return f"var(--of-{self.family})"

    @property
    def dash(self) -> str:
        """An SVG dash pattern, "" for a whole line."""
        return DASHES[self.shape]


def mark_of(model: str) -> Mark:
    """The mark of a model; one that the table does not know gets a shape by a hash of its name."""
    if model == OURS:
        return Mark("ours", "star")
    for family, names in FAMILIES.items():
        if model in names:
            turn = list(FAMILIES).index(family) + names.index(model) - 1
            return Mark(family, SHAPES[turn % len(SHAPES)])
    drawn = hashlib.blake2b(model.encode(), digest_size=8).digest()
    return Mark(OTHERS, SHAPES[int.from_bytes(drawn, "little") % len(SHAPES)])
