"""Why a product was recommended: the true shares of its score, and what of the history speaks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten

import numpy as np

from data.errors import NotFound, NoVector
from data.table import ProductTable
from recommender.histories import Histories
from recommender.items import Doubles, Floats, Items
from recommender.models.attributes import FittedAttributes
from recommender.models.blend import FittedBlend
from recommender.models.category import FittedCategory
from recommender.models.item_knn import FittedItemKnn
from recommender.models.looks import FittedLooks
from recommender.ranker.trees import BASE
from recommender.ranker.vitrine import FittedVitrine, Heard
from recommender.request import Reason
from recommender.source import LiveCatalogue

REST = "rest"
FIT = "fit"
FAMILIES: Mapping[str, str] = {
    "value": "attributes",
    "price": FIT,
    "item": FIT,
    "customer": FIT,
    "blend": FIT,
}
"""Families of the ranker's features that are no sources, and what they are told as."""
LONG = 40  # characters of a value that are told
NAMED = 2  # values that a reason by attributes names
WORDS: Mapping[str, str] = {
    "popular": "popular with all customers",
    "rising": "popular lately",
    "trend": "looks like what is popular now",
    "new": "new in the shop",
    FIT: "its price, its age and its sales fit",
    REST: "fills up the list",
}


def amounts_of(
    vitrine: FittedVitrine, heard: Heard, features: Mapping[str, Floats], rows: Sequence[int]
) -> dict[int, dict[str, float]]:
    """What every source added to the scores of some products (rows), for one customer.

    The blend's summands; with trees BASE times these, and what the trees added by a source's features
    (TreeSHAP), so that the amounts of a product add up to its score but for the trees' constant.
    """
    place = {row: at for at, row in enumerate(heard.pairs.rows.tolist())}
    shown = [row for row in rows if row in place]
    picked = np.asarray([place[row] for row in shown], np.int64)
    scale = 1.0 if vitrine.trees is None else BASE
    found = {
        row: {
            name: scale * float(added)
            for name, added in zip(vitrine.blend.names, heard.summands[:, place[row]], strict=True)
        }
        for row in shown
    }
    if vitrine.trees is not None and shown:
        part = {name: values[picked] for name, values in features.items()}
        shares = vitrine.trees.shares(part, heard.blended[picked])
        for column, name in enumerate(vitrine.trees.names):
            family = name.partition(":")[0]
            source = FAMILIES.get(family, family)
            for at, row in enumerate(shown):
                found[row][source] = found[row].get(source, 0.0) + float(shares[at, column])
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Explainer:
    """Explains the scores of one answer.

    amounts: row of a product → source → what it added to the product's score, see ``amounts_of``.
    history: of the one customer who asked.
    """

    blend: FittedBlend
    catalogue: LiveCatalogue
    items: Items
    table: ProductTable
    history: Histories
    amounts: Mapping[int, Mapping[str, float]]

    def reasons(self, row: int) -> tuple[Reason, ...]:
        """Reasons of one product, largest share first; a product that no source proposed has the source
        "rest".
        """
        added = {name: amount for name, amount in self.amounts.get(row, {}).items() if amount > 0}
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
        return Reason(name, share, None, None, WORDS.get(name, name))

    def _by_attributes(self, source: FittedAttributes, row: int, share: float) -> Reason:
        """The values that speak most for the product, and the liked product that has most of them."""
        liked, weights = self._liked(np.inf)
        lifts = source.lifts(self.history)
        told = {
            name: float(lifts[name][0, codes[row]])
            for name, codes in source.columns.items()
            if codes[row] >= 0
        }
        strongest = sorted((name for name in told if told[name] > 0), key=lambda name: (-told[name], name))
        if not len(liked) or not strongest:
            return Reason(source.name, share, None, None, "in demand among products of its kind")
        shared = [np.equal(source.columns[name][liked], source.columns[name][row]) for name in strongest]
        pull = np.asarray(shared, np.float64).T @ np.asarray([told[name] for name in strongest])
        because = self.items.ids[int(liked[int(np.argmax(pull + 1e-9 * weights))])]
        place = self.table.row_of[self.items.ids[row]]
        values = [str(self.table.column(name)[place]) for name in strongest[:NAMED]]
        named = ", ".join(
            f"{name} {shorten(value, LONG, placeholder='…')}"
            for name, value in zip(strongest, values, strict=False)
        )
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
        liked, weights = self._liked(source.half_life)
        pull = weights * np.asarray(source.similarity[:, [row]].toarray(), np.float64).ravel()[liked]
        because = self.items.ids[int(liked[int(np.argmax(pull))])]
        return Reason(
            source.name, share, because, None, f"chosen by customers who chose {self._called(because)}"
        )

    def _by_category(self, source: FittedCategory, row: int, share: float) -> Reason:
        """The most liked product of the same category."""
        liked, weights = self._liked(np.inf)
        category = int(self.items.categories[row])
        same = np.where(self.items.categories[liked] == category, weights, -np.inf)
        because = self.items.ids[int(liked[int(np.argmax(same))])]
        text = f"popular in {self.items.category_names[category]}, like {self._called(because)}"
        return Reason(source.name, share, because, None, text)

    def _liked(self, half_life: float) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Doubles]:
        table = self.history.wanted(len(self.items), half_life)
        return table.indices.astype(np.int64), table.data.astype(np.float64)

    def _photo(self, row: int, because: int) -> str | None:
        """The product's photo that is closest to the product of the history."""
        try:
            photos, vectors = self.catalogue.vectors_of(self.items.ids[row])
        except (NotFound, NoVector):
            return None  # deleted, or its last photo was, since this answer was begun
        return str(photos[int(np.argmax(vectors @ self.items.vectors[because]))])

    def _called(self, product_id: str) -> str:
        title = self.table.column("title")[self.table.row_of[product_id]]
        return f"“{title}”" if title else product_id
