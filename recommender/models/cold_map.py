"""Cold-item mapping: from what a product looks like to the factors it would have earned (the CB2CF and
DropoutNet family: Barkan et al. 2019; Volkovs et al. 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Floats, Ints, Items
from recommender.models.als import Als, FittedAls
from recommender.models.appearance import Appearance
from recommender.models.base import PersonalFactors, with_bias
from recommender.models.kept import Kept
from recommender.models.silence import SILENT, spoken
from recommender.models.taught import likes_in


@dataclass(frozen=True, slots=True)
class ColdMap:
    """y_i = n/(n + trust) × learnt_i + trust/(n + trust) × mapped_i, a score being x_u·y_i.

    learnt: a product's factors from implicit ALS (see ``Als``, whose settings these are: factors,
    regularisation, alpha, iterations). mapped = W a_i + w, a_i holding the photo vector, a mark for "no
    photo" and the category (one of many); W minimises Σ n/(n + trust) ‖mapped_i - learnt_i‖² + ridge ‖W‖²
    over the products that somebody likes. n: customers who like the product.

    A customer is folded in as in ALS, by least squares over the blended factors. What it cannot do: customers
    who liked nothing, products that nobody liked and that have neither photo nor category (``SILENT``).
    """

    factors: int = 64
    regularisation: float = 10.0
    alpha: float = 5.0
    iterations: int = 15
    ridge: float = 3.0
    trust: float = 20.0
    half_life: float = float("inf")
    seed: int = 7
    name: str = "cold-map"

    def __post_init__(self) -> None:
        if not self.ridge > 0 or not self.trust > 0:
            raise UsageError(f"{self.name} needs a ridge and a trust above 0")

    def fit(self, data: Dataset) -> FittedColdMap:
        """Factorise, then learn the mapping."""
        items, counts = data.items, likes_in(data).counts()
        learnt = self._als().fit(data).factors
        looks = Appearance.of(items)
        table, constant = self._mapping(_described(looks, items, items.category_names), learnt, counts)
        kept = Kept(
            items.ids,
            per_item={"learnt": learnt, "counts": counts},
            other={"table": table, "constant": constant, **looks.arrays()},
            facts={"categories": list(items.category_names), **looks.facts()},
        )
        return self.restored(kept, items)

    def restored(self, kept: Kept, items: Items) -> FittedColdMap:
        """From what was kept, lined up on ``items``; products that came since have mapped factors."""
        looks = Appearance.kept(kept.other, kept.facts)
        described = _described(looks, items, kept.facts["categories"])
        mapped = described @ kept.other["table"] + kept.other["constant"]
        counts = kept.per_item["counts"]
        own = (counts / (counts + self.trust)).astype(np.float32)[:, None]
        known = (counts > 0) | items.has_vector | (items.categories >= 0)
        blended = np.where(known[:, None], own * kept.per_item["learnt"] + (1 - own) * mapped, 0)
        solver = self._als().restored(Kept(items.ids, {"factors": blended.astype(np.float32)}), items)
        return FittedColdMap(solver, known, kept, self)

    def _als(self) -> Als:
        return Als(
            self.factors,
            self.regularisation,
            self.alpha,
            self.iterations,
            self.half_life,
            self.seed,
            self.name,
        )

    def _mapping(self, described: Floats, learnt: Floats, counts: Ints) -> tuple[Floats, Floats]:
        """W (d, k) and w (k,)."""
        taught = np.flatnonzero(counts)
        if not len(taught):
            return np.zeros((described.shape[1], self.factors), np.float32), np.zeros(
                self.factors, np.float32
            )
        weight = counts[taught] / (counts[taught] + self.trust)
        inputs, aims = described[taught].astype(np.float64), learnt[taught].astype(np.float64)
        middle, mean = np.average(inputs, 0, weight), np.average(aims, 0, weight)
        inputs -= middle
        gram = (inputs * weight[:, None]).T @ inputs
        gram[np.diag_indices_from(gram)] += self.ridge
        table = np.linalg.solve(gram, (inputs * weight[:, None]).T @ (aims - mean))
        return table.astype(np.float32), (mean - middle @ table).astype(np.float32)


def _described(looks: Appearance, items: Items, categories: Sequence[str]) -> Floats:
    """float32 (n, d + 1 + categories): photo vector, mark, category. Unknown categories have no mark."""
    place = {name: position for position, name in enumerate(categories)}
    code = np.asarray([place.get(name, -1) for name in items.category_names] + [-1], np.int64)[
        items.categories
    ]
    marks = np.zeros((len(items), len(categories)), np.float32)
    having = np.flatnonzero(code >= 0)
    marks[having, code[having]] = 1.0
    return np.concatenate([looks.inputs(items), marks], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class FittedColdMap:
    """solver: ALS over the blended factors. known: bool (n,)."""

    solver: FittedAls
    known: Bools
    state: Kept
    recipe: ColdMap
    silence: float = SILENT

    @property
    def name(self) -> str:
        """The recipe's word."""
        return self.recipe.name

    def kept(self) -> Kept:
        """What ``ColdMap.restored`` needs."""
        return self.state

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        """float32 (c, n); ``SILENT`` where it has nothing to say."""
        asked = np.flatnonzero(histories.liked())
        return spoken(self.solver.score(histories)[asked], asked, len(histories), self.known)

    def item_factors(self) -> Floats:
        """See ``Factored``."""
        known = self.known & self.solver.known
        return with_bias(self.solver.factors, known, SILENT)

    def customer_factors(self, histories: Histories) -> tuple[Ints, Floats]:
        """See ``Factored``."""
        return PersonalFactors(self.solver).customer_factors(histories)
