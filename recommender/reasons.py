"""Why a product was recommended: the true shares of its score, and what of the history speaks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data.errors import NotFound, NoVector
from data.table import ProductTable
from recommender.histories import Histories
from recommender.items import Doubles, Floats, Items
from recommender.models.blend import FittedBlend
from recommender.models.category import FittedCategory
from recommender.models.item_knn import FittedItemKnn
from recommender.models.looks import FittedLooks
from recommender.request import Reason
from recommender.source import LiveCatalogue

REST = "rest"
WORDS: Mapping[str, str] = {
    "popular": "popular with all customers",
    "rising": "popular lately",
    "trend": "looks like what is popular now",
    "new": "new in the shop",
    REST: "fills up the list",
}


@dataclass(frozen=True, slots=True, eq=False)
class Explainer:
    """Explains the scores of one answer.

    summands: float32 (sources, n), what each source added to each product's score, in the order of
    ``blend.sources``.
    history: of the one customer who asked.
    """

    blend: FittedBlend
    catalogue: LiveCatalogue
    items: Items
    table: ProductTable
    history: Histories
    summands: Floats

    def reasons(self, row: int) -> tuple[Reason, ...]:
        """Reasons of one product, largest share first; a product that no source proposed has the source
        "rest".
        """
        total = float(self.summands[:, row].sum())
        if total <= 0:
            return (Reason(REST, 1.0, None, None, WORDS[REST]),)
        found = []
        for source, summand in zip(self.blend.sources, self.summands[:, row], strict=True):
            if summand > 0:
                found.append(self._reason(source, row, float(summand) / total))
        return tuple(sorted(found, key=lambda reason: (-reason.share, reason.source)))

    def _reason(self, source: object, row: int, share: float) -> Reason:
        if isinstance(source, FittedLooks):
            return self._by_looks(source, row, share)
        if isinstance(source, FittedItemKnn):
            return self._by_customers(source, row, share)
        if isinstance(source, FittedCategory):
            return self._by_category(source, row, share)
        name = str(getattr(source, "name", REST))
        return Reason(name, share, None, None, WORDS.get(name, name))

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
