"""Two spaces of one shop compared: how much a switch would change, and whether for the better.

``overlap@10`` of a product is the share of its ten look-alikes in one space that are among the ten in the
other; a seeded sample of the products that are in both spaces is asked, by the same search that answers
customers. Its interval is the 95 % bootstrap interval over the products asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.errors import UsageError
from data.shop import Shop
from index.manifest import Manifest
from service.answers import Json
from service.filling import generations, view_of_space
from service.parts import Parts
from service.plain import plain
from service.progress import Step, Tell
from service.switch_labels import SEED, Labels, on_labels, sample
from service.verdicts import RECORD

if TYPE_CHECKING:
    from embedder.measures import Interval
    from index.hits import Hit
    from index.view import IndexView

K = 10
ASKED = 500
MOVED = 8
FLOAT16 = 2


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two spaces.

    dims: numbers in a vector; bytes_per_photo: of the stored vector; generation, index_mb: of its built
    index, in 10^6 bytes; 0 and None where its photos are compared straight from the records.
    """

    space: str
    embedder: str
    generation: int
    photos: int
    dims: int
    bytes_per_photo: int
    index_mb: float | None


@dataclass(frozen=True, slots=True)
class Moved:
    """A product's look-alikes in both spaces, best first: ``common`` of ``of`` are the same."""

    product_id: str
    common: int
    of: int
    old: tuple[Hit, ...]
    new: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The old space against the new one.

    overlap: of ``asked`` products; None for a shop in which no product looks like another. labels: None
    where there are none, and ``unlabelled`` says why. flattered: which of the two were fine-tuned on the
    shop's own photos. moved: the products whose look-alikes changed most.
    """

    old: Side
    new: Side
    asked: int
    overlap: Interval | None
    labels: Labels | None
    unlabelled: str | None
    flattered: tuple[str, ...]
    moved: tuple[Moved, ...]

    @property
    def caution(self) -> str | None:
        """What to mind when the figures on labels are read, or None."""
        if self.labels is None or not self.flattered:
            return None
        return (
            f"{' and '.join(self.flattered)} may have learnt from these very photos, which flatters it here; "
            "its card has the figures on products held out"
        )

    def as_json(self) -> Json:
        """For ``--json`` and report.json."""
        return {
            "old": plain(self.old),
            "new": plain(self.new),
            "asked": self.asked,
            f"overlap@{K}": plain(self.overlap),
            "labels": plain(self.labels),
            "unlabelled": self.unlabelled,
            "caution": self.caution,
            "moved": [plain(one) for one in self.moved],
        }


def compare(parts: Parts, old: str, new: str, label: str, tell: Tell) -> Comparison:
    """Compare two spaces of the shop, each of which has a generation. Raises EmptyShop, Damaged."""
    from embedder.measures import bootstrap

    before, after = view_of_space(parts, old), view_of_space(parts, new)
    asked: list[Moved] = []
    ids = sample(sorted(set(before.products().ids) & set(after.products().ids)), ASKED)
    for product in ids:
        tell(Step("comparing", len(asked), len(ids)))
        asked.append(_ask(before, after, product))
    shares = np.asarray([one.common / one.of for one in asked if one.of], np.float64)
    moved = sorted(
        (one for one in asked if one.common < one.of), key=lambda one: (one.common / one.of, one.product_id)
    )
    labels, why = None, None
    try:
        labels = on_labels(parts.shop, old, new, label)
    except UsageError as error:  # no labels are no fault: the comparison says so
        why = error.message
    sides = _side(parts.shop, before), _side(parts.shop, after)
    return Comparison(
        old=sides[0],
        new=sides[1],
        asked=len(shares),
        overlap=bootstrap(shares, seed=SEED) if len(shares) else None,
        labels=labels,
        unlabelled=why,
        flattered=tuple(s.embedder for s in sides if (parts.models / s.embedder / RECORD).is_file()),
        moved=tuple(moved[:MOVED]),
    )


def _ask(before: IndexView, after: IndexView, product_id: str) -> Moved:
    from index.query import Example, Query

    query = Query((Example(product_id),), k=K)
    old, new = before.search(query), after.search(query)
    common = {hit.product_id for hit in old} & {hit.product_id for hit in new}
    return Moved(product_id, len(common), max(len(old), len(new)), tuple(old), tuple(new))


def _side(shop: Shop, view: IndexView) -> Side:
    folder = generations(shop).path(view.generation)
    built = Manifest.load(folder).chosen.memory_mb if view.generation else None
    return Side(
        space=view.space,
        embedder=shop.space(view.space).embedder,
        generation=view.generation,
        photos=view.size,
        dims=view.layout.d,
        bytes_per_photo=view.layout.d * FLOAT16,
        index_mb=None if built is None else round(built, 3),
    )
