"""Every model that there is: its word, what it is, what it cannot do, and what of it can be tuned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from data.errors import UsageError
from recommender.models.als import Als
from recommender.models.attributes import Attributes
from recommender.models.base import Backed, Recipe
from recommender.models.bpr import Bpr
from recommender.models.category import Category
from recommender.models.cfcbf import LooksKnn
from recommender.models.cold_map import ColdMap
from recommender.models.ease import Ease
from recommender.models.item_graph import ItemGraph
from recommender.models.item_knn import ItemKnn
from recommender.models.looks import Looks
from recommender.models.popularity import Popularity
from recommender.models.random import Random
from recommender.models.ranges import Choice, Range, Real, Whole
from recommender.models.rp3beta import Rp3beta, p3alpha
from recommender.models.sequence import SequenceModel
from recommender.models.vbpr import Vbpr

Limit = Literal["cold products", "cold customers"]
COLD_PRODUCTS: Limit = "cold products"
COLD_CUSTOMERS: Limit = "cold customers"


@dataclass(frozen=True, slots=True)
class Kind:
    """A model of the table.

    make: seed → its recipe with the usual settings, without a fall-back. about: one sentence for help and
    reports. cannot: of whom it has nothing to say; for cold customers popularity answers in its place, and
    cold products stay unranked behind all others. space: what tuning may vary. stochastic: whether the seed
    changes what it learns. quick: whether it is in the table unless others are asked for. costly: whether it
    is trained for minutes, so that its usual settings are kept unless a search is asked for.
    """

    name: str
    about: str
    make: Callable[[int], Recipe]
    cannot: tuple[Limit, ...] = ()
    space: Mapping[str, Range] = field(default_factory=dict)
    stochastic: bool = False
    quick: bool = False
    costly: bool = False

    def seeded(self, recipe: Recipe, seed: int) -> Recipe:
        """The same settings with another seed, where a seed matters."""
        return cast("Recipe", replace(cast("Any", recipe), seed=seed)) if self.stochastic else recipe

    @property
    def fallback(self) -> str:
        """What answers for customers of whom it knows nothing, in words."""
        return "popularity" if COLD_CUSTOMERS in self.cannot else "none needed"

    def backed(self, recipe: Recipe, popularity: Popularity) -> Recipe:
        """The recipe with its fall-back, so that every row of a table answers for every customer."""
        return Backed(recipe, popularity) if COLD_CUSTOMERS in self.cannot else recipe


_HALF_LIVES = Choice((14.0, 30.0, 60.0, 120.0, 240.0, float("inf")))
_RECENCY = Choice((1.0, 0.9, 0.7, 0.5))
_WALK: Mapping[str, Range] = {
    "alpha": Real(0.3, 2.0),
    "neighbours": Whole(20, 500, log=True),
    "normalise": Choice((True, False)),
    "half_life": _HALF_LIVES,
    "recency": _RECENCY,
}
_READING: Mapping[str, Range] = {
    "dims": Choice((32, 64, 128)),
    "length": Choice((10, 20, 50)),
    "dropout": Real(0.0, 0.6),
    "forget": Real(0.0, 0.7),
    "negatives": Whole(16, 512, log=True),
    "t": Real(0.0, 1.0),
    "rate": Real(0.0005, 0.01, log=True),
}

KINDS: tuple[Kind, ...] = (
    Kind(
        "random",
        "A random order for every customer: what any model must beat.",
        Random,
        stochastic=True,
        quick=True,
    ),
    Kind(
        "popularity",
        "What many liked lately: likes halved with every half-life.",
        lambda _: Popularity(),
        (COLD_PRODUCTS,),
        {"half_life": _HALF_LIVES},
        quick=True,
    ),
    Kind(
        "most-popular",
        "What most liked, whenever that was.",
        lambda _: Popularity(float("inf"), "most-popular"),
        (COLD_PRODUCTS,),
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
            "weighting": Choice(("none", "tfidf", "bm25")),
            "per": Choice(("history", "candidate")),
            "recency": _RECENCY,
        },
        quick=True,
    ),
    Kind(
        "p3alpha",
        "A random walk: product, a customer who liked it, another product of theirs.",
        lambda _: p3alpha(),
        (COLD_PRODUCTS, COLD_CUSTOMERS),
        _WALK,
    ),
    Kind(
        "rp3beta",
        "The same walk, with popular products damped.",
        lambda _: Rp3beta(),
        (COLD_PRODUCTS, COLD_CUSTOMERS),
        {**_WALK, "beta": Real(0.0, 1.0)},
    ),
    Kind(
        "ease",
        "A linear model of every product from all others, solved in closed form.",
        lambda _: Ease(),
        (COLD_PRODUCTS, COLD_CUSTOMERS),
        {
            "regularisation": Real(1.0, 10_000.0, log=True),
            "half_life": _HALF_LIVES,
            "recency": _RECENCY,
        },
    ),
    Kind(
        "als",
        "Factors of customers and products, by alternating least squares with confidences.",
        lambda seed: Als(seed=seed),
        (COLD_PRODUCTS, COLD_CUSTOMERS),
        {
            "factors": Choice((16, 32, 64, 128)),
            "regularisation": Real(0.01, 100.0, log=True),
            "alpha": Real(0.5, 50.0, log=True),
            "iterations": Whole(5, 30),
            "half_life": _HALF_LIVES,
        },
        stochastic=True,
    ),
    Kind(
        "bpr",
        "Factors of customers and products, learnt from pairs of a liked and another product.",
        lambda seed: Bpr(seed=seed),
        (COLD_PRODUCTS, COLD_CUSTOMERS),
        {
            "factors": Choice((16, 32, 64, 128)),
            "learning_rate": Real(0.003, 0.1, log=True),
            "regularisation": Real(0.0001, 0.1, log=True),
            "iterations": Whole(20, 300, log=True),
            "half_life": _HALF_LIVES,
        },
        stochastic=True,
    ),
    Kind(
        "category",
        "What is popular in the categories that the customer likes.",
        lambda _: Category(),
        (COLD_CUSTOMERS,),
        {"half_life": _HALF_LIVES},
    ),
    Kind(
        "attributes",
        "Products that share the values of columns (colour, section, …) with what the customer liked.",
        lambda _: Attributes(),
        (COLD_CUSTOMERS,),
        {"smoothing": Real(0.1, 20.0, log=True), "popular": Real(0.0, 2.0)},
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
    Kind(
        "looks-knn",
        "Neighbours by who liked a product and by what it looks like, in one cosine.",
        lambda _: LooksKnn(),
        (COLD_CUSTOMERS,),
        {
            "looks": Real(0.1, 10.0, log=True),
            "shrink": Real(0.01, 50.0, log=True),
            "neighbours": Whole(20, 500, log=True),
            "half_life": _HALF_LIVES,
            "recency": _RECENCY,
            "damp": Choice((True, False)),
        },
    ),
    Kind(
        "vbpr",
        "Factors of customers and products with a part read off the photos, learnt from pairs.",
        lambda seed: Vbpr(seed=seed),
        (COLD_CUSTOMERS,),
        {
            "dims": Choice((16, 32, 64)),
            "visual_dims": Choice((16, 32, 64)),
            "rate": Real(0.001, 0.02, log=True),
            "decay": Real(0.001, 0.3, log=True),
            "decay_visual": Real(0.0001, 1.0, log=True),
            "half_life": _HALF_LIVES,
        },
        stochastic=True,
        costly=True,
    ),
    Kind(
        "item-graph",
        "Product embeddings spread over a graph of look-alikes and over who liked what.",
        lambda seed: ItemGraph(seed=seed),
        (COLD_CUSTOMERS,),
        {
            "dims": Choice((32, 64, 128)),
            "neighbours": Whole(3, 40, log=True),
            "hops": Whole(1, 2),
            "layers": Whole(1, 3),
            "visible": Real(0.1, 0.9),
            "aside": Real(0.0001, 0.3, log=True),
            "rate": Real(0.0005, 0.02, log=True),
            "half_life": _HALF_LIVES,
        },
        stochastic=True,
        costly=True,
    ),
    Kind(
        "cold-map",
        "Factors by alternating least squares, blended with those that photo and category foretell.",
        lambda seed: ColdMap(seed=seed),
        (COLD_CUSTOMERS,),
        {
            "factors": Choice((16, 32, 64, 128)),
            "regularisation": Real(0.01, 100.0, log=True),
            "alpha": Real(0.5, 50.0, log=True),
            "ridge": Real(0.1, 300.0, log=True),
            "trust": Real(0.5, 200.0, log=True),
            "half_life": _HALF_LIVES,
        },
        stochastic=True,
    ),
    Kind(
        "gru",
        "A recurrent network that reads the photos and ids of what was liked, in order.",
        lambda seed: SequenceModel("gru", seed=seed, name="gru"),
        (COLD_CUSTOMERS,),
        _READING,
        stochastic=True,
        costly=True,
    ),
    Kind(
        "sasrec",
        "Self-attention over the photos and ids of what was liked, in order.",
        lambda seed: SequenceModel("sasrec", seed=seed, name="sasrec"),
        (COLD_CUSTOMERS,),
        {**_READING, "layers": Whole(1, 3), "heads": Choice((1, 2, 4))},
        stochastic=True,
        costly=True,
    ),
)

BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}


def kind(name: str) -> Kind:
    """A model by its word. Raises UsageError for one that there is not."""
    try:
        return BY_NAME[name]
    except KeyError:
        raise UsageError(f"no model {name!r}; there are {', '.join((*BY_NAME, 'vitrine'))}") from None
