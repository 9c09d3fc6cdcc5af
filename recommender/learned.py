"""What training leaves behind: settings, tallies, co-interactions. It holds no vectors and no customers.

Looks are taken from the live catalogue at every request, histories from the live records; so neither a new
product nor a new customer needs training, and nothing here can be compared with vectors of another space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import sparse

from recommender.dataset import Dataset
from recommender.items import Doubles, Ints, Items
from recommender.models.arrivals import Arrivals
from recommender.models.base import Fitted
from recommender.models.blend import FittedBlend
from recommender.models.category import Category
from recommender.models.item_knn import FittedItemKnn, ItemKnn
from recommender.models.looks import FittedLooks
from recommender.models.popularity import FittedPopularity, popularity
from recommender.ranker.vitrine import FittedVitrine
from recommender.settings import SOURCES, Settings
from recommender.tallies import Tallies

LOOKING = ("looks", "trend")


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """ids: n product ids. popular, rising, trend: float64 (n,), popularity at three half-lives.

    tallies: what every product has earned, for attributes and for the ranker. similarity: float32 CSR (n, n)
    of the item-kNN. space: the embedder whose vectors the settings were tuned on. about: what it was learnt
    from, for people.
    """

    settings: Settings
    ids: tuple[str, ...]
    popular: Doubles
    rising: Doubles
    trend: Doubles
    tallies: Tallies
    similarity: sparse.csr_array
    space: str
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, data: Dataset, about: Mapping[str, Any], knn: bool = True) -> Learned:
        """Fit everything that depends on interactions; without ``knn`` the co-interactions stay empty."""
        n = len(data.items)
        recipe = settings.source("together")
        similarity = _moved_table(sparse.csr_array(np.zeros((1, 1), np.float32)), np.zeros(1, np.int64), n)
        if knn and isinstance(recipe, ItemKnn):
            similarity = recipe.fit(data).similarity
        return cls(
            settings=settings,
            ids=data.items.ids,
            popular=popularity(data, settings.popularity.half_life),
            rising=popularity(data, settings.rising),
            trend=popularity(data, settings.trend.half_life),
            tallies=Tallies.of(data),
            similarity=similarity,
            space=data.items.space,
            about=about,
        )

    def over(self, items: Items) -> FittedVitrine:
        """Everything over the catalogue as it is now.

        Products that came since have looks and dates only; products that are gone are left out. Where the
        catalogue is in another space than the settings were tuned on, the sources that look are left out, and
        with them the trees, which were taught what looks mean in the old one.
        """
        rows = items.rows(self.ids)
        same = self.space in ("", items.space)
        names = [name for name in SOURCES if name not in LOOKING or same]
        tallies = self.tallies.moved(rows, len(items))
        sources = tuple(self._source(name, items, rows, tallies) for name in names)
        blend = FittedBlend(sources, self.settings.weights, self.settings.depth)
        recipe = self.settings.vitrine()
        if not same:
            recipe = replace(recipe, trees=None)
        return recipe.over(blend, items, tallies)

    def _source(self, name: str, items: Items, rows: Ints, tallies: Tallies) -> Fitted:
        settings = self.settings
        match name:
            case "looks":
                return FittedLooks(items, settings.looks)
            case "trend":
                return settings.trend.spread(items, _moved(self.trend, rows, len(items)))
            case "together":
                moved = _moved_table(self.similarity, rows, len(items))
                return FittedItemKnn(moved, settings.knn.half_life, name, recency=settings.knn.recency)
            case "attributes":
                return settings.attributes.over(items, tallies)
            case "category":
                popular = _moved(self.popular, rows, len(items))
                return Category(settings.popularity.half_life).over(items, popular)
            case "popular" | "rising":
                values = self.popular if name == "popular" else self.rising
                return FittedPopularity(_moved(values, rows, len(items)).astype(np.float32), name)
        recipe = Arrivals()
        return recipe.over(items)


def _moved(values: Doubles, rows: Ints, n: int) -> Doubles:
    """Values by old row as values by new row (n,); -1 drops one, products without an old row get 0."""
    moved = np.zeros(n)
    moved[rows[rows >= 0]] = values[rows >= 0]
    return moved


def _moved_table(table: sparse.csr_array, rows: Ints, n: int) -> sparse.csr_array:
    """A table by old row as one by new row (n, n); -1 drops a row and its column."""
    owners, others = np.repeat(rows, np.diff(table.indptr)), rows[table.indices]
    keep = (owners >= 0) & (others >= 0)
    data, owners, others = table.data[keep].astype(np.float32, copy=False), owners[keep], others[keep]
    stay = rows[rows >= 0]
    if (stay[1:] > stay[:-1]).all():  # the same order, as of the same products: nothing is to be sorted
        ends = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=n))])
        return sparse.csr_array((data, others, ends), shape=(n, n))
    return sparse.csr_array(sparse.coo_array((data, (owners, others)), shape=(n, n)))
