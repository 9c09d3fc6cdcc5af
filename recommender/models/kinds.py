"""Every model that there is: its word, what it is, what it cannot do, and what of it can be tuned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from data.errors import UsageError
from recommender.models.base import Backed, Recipe
from recommender.models.item_knn import ItemKnn
from recommender.models.looks import Looks
from recommender.models.popularity import Popularity
from recommender.models.random import Random
from recommender.models.ranges import Choice, Range, Real, Whole

Limit = Literal["cold products", "cold customers"]
COLD_PRODUCTS: Limit = "cold products"
COLD_CUSTOMERS: Limit = "cold customers"


@dataclass(frozen=True, slots=True)
class Kind:
    """A model of the table.

    make: seed → its recipe with the usual settings, without a fall-back. about: one sentence for help and
    reports. cannot: of whom it has nothing to say; for cold customers popularity answers in its place, and
    cold products stay unranked behind all others. space: what tuning may vary. stochastic: whether the seed
    changes what it learns. quick: whether it is in the table unless others are asked for.
    """

    name: str
    about: str
    make: Callable[[int], Recipe]
    cannot: tuple[Limit, ...] = ()
    space: Mapping[str, Range] = field(default_factory=dict)
    stochastic: bool = False
    quick: bool = False

    @property
    def fallback(self) -> str:
        """What answers for customers of whom it knows nothing, in words."""
        return "popularity" if COLD_CUSTOMERS in self.cannot else "none needed"

    def backed(self, recipe: Recipe, popularity: Popularity) -> Recipe:
        """The recipe with its fall-back, so that every row of a table answers for every customer."""
        return Backed(recipe, popularity) if COLD_CUSTOMERS in self.cannot else recipe


_HALF_LIVES = Choice((14.0, 30.0, 60.0, 120.0, 240.0, float("inf")))

KINDS: tuple[Kind, ...] = (
    Kind("random", "A random order for every customer: what any model must beat.", Random, quick=True),
    Kind(
        "popularity",
        "What many liked lately: likes halved with every half-life.",
        lambda _: Popularity(),
        (COLD_PRODUCTS,),
        {"half_life": _HALF_LIVES},
        quick=True,
    ),
    Kind(
        "item-knn",
        "Products that the same customers liked.",
        lambda _: ItemKnn(),
        (COLD_PRODUCTS, COLD_CUSTOMERS),
        {
            "shrink": Real(0.1, 200.0, log=True),
            "neighbours": Whole(20, 500, log=True),
            "half_life": _HALF_LIVES,
            "damp": Choice((True, False)),
        },
        quick=True,
    ),
    Kind(
        "looks",
        "Products that look like what the customer liked, from photos alone.",
        lambda _: Looks(),
        (COLD_CUSTOMERS,),
        {
            "half_life": _HALF_LIVES,
            "mode": Choice(("mean", "interests", "each")),
            "temperature": Real(0.01, 0.3, log=True),
            "dislike": Real(0.0, 0.5),
        },
        quick=True,
    ),
)

BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}


def kind(name: str) -> Kind:
    """A model by its word. Raises UsageError for one that there is not."""
    try:
        return BY_NAME[name]
    except KeyError:
        raise UsageError(f"no model {name!r}; there are {', '.join((*BY_NAME, 'vitrine'))}") from None
