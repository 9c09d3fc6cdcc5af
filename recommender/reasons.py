"""Why a product was recommended: the true shares of its score, and what of the history speaks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import shorten

import numpy as np
from scipy import sparse

from data.columns import spell
from data.errors import NotFound, NoVector
from data.table import ProductTable
from recommender.amounts import FIT, Amounts
from recommender.histories import Histories
from recommender.items import Doubles, Floats, Ints, Items
from recommender.models.attributes import FittedAttributes
from recommender.models.blend import FittedBlend
from recommender.models.category import FittedCategory
from recommender.models.item_knn import FittedItemKnn
from recommender.models.looks import FittedLooks
from recommender.models.popularity import FittedPopularity
from recommender.request import Reason
from recommender.source import LiveCatalogue

REST = "rest"
LONG = 40  # characters of a value that are told
NAMED = 2  # values that a reason by attributes names
FEW = 3  # customers who liked a product, below which it is not called popular
LATELY = 0.5  # likes decayed as "rising" does: a purchase a fortnight old. With less it is not popular lately
WORDS: Mapping[str, str] = {
    "popular": "popular with all customers",
    "rising": "popular lately",
    "trend": "looks like what is popular now",
    "new": "new in the shop",
    FIT: "its price, its age and its sales fit",
    REST: "fills up the list",
}


@dataclass(frozen=True, slots=True, eq=False)
class Explainer:
    """Explains the scores of one answer.

    amounts: row of a product → what added to its score, see ``recommender.amounts``; only what is above 0 is
    told, in shares of its sum. history: of the one customer who asked. counts: int64 (n,), the customers who
    liked each product.
    """

    blend: FittedBlend
    catalogue: LiveCatalogue
    items: Items
    table: ProductTable
    history: Histories
    amounts: Mapping[int, Amounts]
    counts: Ints
    _likes: dict[float, tuple[Ints, Doubles]] = field(default_factory=dict)
    _lifts: dict[str, tuple[Floats, Ints]] = field(default_factory=dict)
    _together: list[tuple[Ints, Ints, Doubles]] = field(default_factory=list)

    def reasons(self, row: int) -> tuple[Reason, ...]:
        """Reasons of one product, largest share first; a product that no source proposed has the source
        "rest".
        """
        told = self.amounts.get(row, Amounts())
        added = {name: amount for name, amount in told.sources.items() if amount > 0}
        total = sum(added.values())
        if total <= 0:
            return (Reason(REST, 1.0, None, None, WORDS[REST]),)
        sources = {source.name: source for source in self.blend.sources}
        found = [self._reason(sources.get(name), name, row, amount / total) for name, amount in added.items()]
        return tuple(sorted(found, key=lambda reason: (-reason.share, reason.source)))

    def _reason(self, source: object, name: str, row: int, share: float) -> Reason:
        if isinstance(source, FittedAttributes):
            return self._by_attributes(source, row, share)
        if isinstance(source, FittedLooks):
            return self._by_looks(source, row, share)
        if isinstance(source, FittedItemKnn):
            return self._by_customers(source, row, share)
        if isinstance(source, FittedCategory):
            return self._by_category(source, row, share)
        if isinstance(source, FittedPopularity) and name in ("popular", "rising"):
            return Reason(name, share, None, None, self._by_popularity(source, row))
        return Reason(name, share, None, None, WORDS.get(name, name))

    def _by_attributes(self, source: FittedAttributes, row: int, share: float) -> Reason:
        """The values that speak most for the product among those that something liked has too, and the liked
        product that has most of them; told are those that it has. By what the trees made of them, then by how
        much more often the customer chooses them than others do.
        """
        liked, weights = self._liked(np.inf)
        if not self._lifts:
            for name, lifts in source.lifts(self.history).items():
                self._lifts[name] = lifts[0], source.columns[name][liked]
        trees, codes = self.amounts[row].columns, {n: int(of[row]) for n, of in source.columns.items()}
        lift = {
            name: float(lifts[codes[name]])
            for name, (lifts, values) in self._lifts.items()
            if codes[name] >= 0 and codes[name] in values
        }
        strongest = sorted(
            (name for name in lift if lift[name] > 0 or trees.get(name, 0.0) > 0),
            key=lambda name: (-trees.get(name, 0.0), -lift[name], name),
        )[:NAMED]
        if not strongest:
            return Reason(source.name, share, None, None, "in demand among products of its kind")
        shared = np.asarray([self._lifts[name][1] == codes[name] for name in strongest])
        best = int(np.lexsort((-weights, -shared.sum(axis=0)))[0])
        because = self.items.ids[int(liked[best])]
        told = [name for name, has in zip(strongest, shared[:, best], strict=True) if has]
        named = ", ".join(f"{name} {self._value(name, row)}" for name in told)
        text = f"like what was chosen before: {named}, as {self._called(because)}"
        return Reason(source.name, share, because, None, text)

    def _by_looks(self, source: FittedLooks, row: int, share: float) -> Reason:
        """The liked product whose kernel adds most to the density at this product."""
        liked, weights = self._liked(source.recipe.half_life)
        seen = self.items.has_vector[liked]
        liked, weights = liked[seen], weights[seen]
        if not len(liked):
            return Reason(source.name, share, None, None, "looks like what you liked")
        cosines = self.items.vectors[liked] @ self.items.vectors[row]
        pull = np.log(weights / weights.sum()) + cosines / source.recipe.temperature
        best = int(np.argmax(pull))
        because = self.items.ids[int(liked[best])]
        text = f"looks like {self._called(because)} (cosine {float(cosines[best]):.2f})"
        return Reason(source.name, share, because, self._photo(row, int(liked[best])), text)

    def _by_customers(self, source: FittedItemKnn, row: int, share: float) -> Reason:
        """The liked product that adds most to the co-interaction score."""
        if not self._together:
            liked, weights = self._liked(source.half_life)
            self._together.append(_neighbours(source.similarity, liked, weights))
        products, columns, pulls = self._together[0]
        here = columns == row
        if not here.any():
            return Reason(source.name, share, None, None, "chosen by customers who choose alike")
        because = self.items.ids[int(products[here][int(np.argmax(pulls[here]))])]
        return Reason(
            source.name, share, because, None, f"chosen by customers who chose {self._called(because)}"
        )

    def _by_category(self, source: FittedCategory, row: int, share: float) -> Reason:
        """The most liked product of the same category; popular only where the product is."""
        liked, weights = self._liked(np.inf)
        category = int(self.items.categories[row])
        name = self.items.category_names[category]
        claim = f"popular in {name}" if self.counts[row] >= FEW else f"of the category {name}"
        same = np.where(self.items.categories[liked] == category, weights, -np.inf)
        if not np.isfinite(same).any():
            return Reason(source.name, share, None, None, claim)
        because = self.items.ids[int(liked[int(np.argmax(same))])]
        return Reason(source.name, share, because, None, f"{claim}, like {self._called(because)}")

    def _by_popularity(self, source: FittedPopularity, row: int) -> str:
        """How popular the product is, no more than is true."""
        count = int(self.counts[row])
        if count >= FEW and (source.name != "rising" or source.values[row] >= LATELY):
            return WORDS.get(source.name, source.name)
        return "liked by one customer" if count == 1 else f"liked by {count} customers"

    def _liked(self, half_life: float) -> tuple[Ints, Doubles]:
        """Rows of what was liked on balance, and their weights; computed once for every half-life."""
        if half_life not in self._likes:
            table = self.history.wanted(len(self.items), half_life)
            self._likes[half_life] = table.indices.astype(np.int64), table.data.astype(np.float64)
        return self._likes[half_life]

    def _photo(self, row: int, because: int) -> str | None:
        """The product's photo that is closest to the product of the history."""
        try:
            photos, vectors = self.catalogue.vectors_of(self.items.ids[row])
        except (NotFound, NoVector):
            return None  # deleted, or its last photo was, since this answer was begun
        return str(photos[int(np.argmax(vectors @ self.items.vectors[because]))])

    def _called(self, product_id: str) -> str:
        title = self.table.cells("title").value(self.table.row_of[product_id])
        return f"“{title}”" if title else product_id

    def _value(self, column: str, row: int) -> str:
        value = self.table.cells(column).value(self.table.row_of[self.items.ids[row]])
        return shorten(spell(value), LONG, placeholder="…")


def _neighbours(table: sparse.csr_array, liked: Ints, weights: Doubles) -> tuple[Ints, Ints, Doubles]:
    """The rows of liked products in a table of neighbours, flat: product liked, its neighbour, what it
    adds."""
    parts = [slice(int(table.indptr[product]), int(table.indptr[product + 1])) for product in liked.tolist()]
    counts = [part.stop - part.start for part in parts]
    columns = np.concatenate([np.zeros(0, np.int64), *(table.indices[part] for part in parts)])
    values = np.concatenate([np.zeros(0), *(table.data[part] for part in parts)])
    return np.repeat(liked, counts), columns, np.repeat(weights, counts) * values
