"""The settings of all models: what tuning chooses, what is stored, and the recipes that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from data.errors import UsageError
from recommender.models.arrivals import Arrivals
from recommender.models.attributes import Attributes
from recommender.models.base import Backed, Recipe
from recommender.models.blend import DEPTH, Blend, BlendWeights
from recommender.models.category import Category
from recommender.models.item_knn import ItemKnn
from recommender.models.looks import Looks
from recommender.models.popularity import Popularity
from recommender.models.random import Random
from recommender.models.trend import Trend
from recommender.ranker.trees import Trees
from recommender.ranker.vitrine import Vitrine

MODELS = ("random", "popularity", "item-knn", "looks", "vitrine")
SOURCES = ("looks", "together", "attributes", "category", "popular", "rising", "trend", "new")
BASELINES = MODELS[:-1]
RISING = 14.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Half-lives in days; the models' own documentation says what each number does.

    looks, knn, popularity, trend, attributes: the tuned recipes. rising: half-life of what is popular lately.
    trees: of the ranker; None: the blend alone ranks.
    """

    looks: Looks = field(default_factory=Looks)
    knn: ItemKnn = field(default_factory=ItemKnn)
    popularity: Popularity = field(default_factory=Popularity)
    trend: Trend = field(default_factory=Trend)
    rising: float = RISING
    depth: int = DEPTH
    weights: BlendWeights = field(default_factory=BlendWeights)
    attributes: Attributes = field(default_factory=Attributes)
    trees: Trees | None = None

    def model(self, name: str, seed: int = 7) -> Recipe:
        """A model of the table by name. Personal baselines answer by popularity for customers without
        history.

        Raises UsageError for a name that there is not.
        """
        match name:
            case "random":
                return Random(seed)
            case "popularity":
                return self.popularity
            case "item-knn":
                return Backed(self.knn, self.popularity)
            case "looks":
                return Backed(self.looks, self.popularity)
            case "vitrine":
                return self.vitrine()
        raise UsageError(f"no model {name!r}; there are {', '.join(MODELS)}")

    def source(self, name: str) -> Recipe:
        """A source of candidates by name (see ``SOURCES``)."""
        match name:
            case "looks":
                return self.looks
            case "together":
                return replace(self.knn, name="together")
            case "attributes":
                return self.attributes
            case "category":
                return Category(self.popularity.half_life)
            case "popular":
                return Popularity(self.popularity.half_life, "popular")
            case "rising":
                return Popularity(self.rising, "rising")
            case "trend":
                return self.trend
            case "new":
                return Arrivals()
        raise UsageError(f"no source {name!r}; there are {', '.join(SOURCES)}")

    def blend(self) -> Blend:
        """The blend of all sources."""
        return Blend(tuple(self.source(name) for name in SOURCES), self.weights, self.depth)

    def vitrine(self) -> Vitrine:
        """The blend with the trees that correct it."""
        return Vitrine(self.blend(), self.attributes, self.trees)

    def as_json(self) -> dict[str, Any]:
        """For manifests and reports; an infinite half-life becomes the word "never"."""
        return {key: _plain(value) for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Settings:
        """The inverse of ``as_json``."""
        made = {key: _number(part) for key, part in value.items()}
        return cls(
            looks=Looks(**made["looks"]),
            knn=ItemKnn(**made["knn"]),
            popularity=Popularity(**made["popularity"]),
            trend=Trend(**made["trend"]),
            rising=made["rising"],
            depth=int(made["depth"]),
            weights=BlendWeights(**made["weights"]),
            attributes=Attributes(**made.get("attributes", {})),
            trees=Trees.from_json(made["trees"]) if made.get("trees") else None,
        )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return "never" if isinstance(value, float) and value == float("inf") else value


def _number(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _number(part) for key, part in value.items()}
    return float("inf") if value == "never" else value
