"""Who takes part in an evaluation: models by name, with the settings that validation chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data.errors import UsageError
from recommender.evaluation.exam import Lesson, asking
from recommender.models.base import Recipe
from recommender.models.kinds import BY_NAME, KINDS, Kind, kind
from recommender.search import Search
from recommender.settings import MODELS
from recommender.tuning import RECENT, Tell, Tuned

OURS = "vitrine"
ALL = "all"
USUAL_TRIES = 6
"""As many as the tuning of the blend's own sources takes for each."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One model. kind: None for the blend itself. recipe: for a seed, with its fall-back.

    tries: how many settings were looked at. tried: which ones.
    """

    name: str
    kind: Kind | None
    recipes: Mapping[int, Recipe]
    tries: int
    tried: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stochastic(self) -> bool:
        """Whether the seed changes what it learns."""
        return self.kind is not None and self.kind.stochastic

    def as_json(self) -> dict[str, Any]:
        """For reports: what it is, what it cannot do and what answers then."""
        told = {"model": self.name, "tries": self.tries, "tried": self.tried, "seeds": sorted(self.recipes)}
        if self.kind is None:
            return {
                **told,
                "about": "All sources' candidates in the order of the blend and the trees that correct it.",
                "cannot": [],
                "fallback": "none needed",
            }
        return {
            **told,
            "about": self.kind.about,
            "cannot": list(self.kind.cannot),
            "fallback": self.kind.fallback,
        }


def names_of(asked: Sequence[str] | None) -> list[str]:
    """Names in the order of the table: the quick ones, those that were asked for, or ``all``.

    Raises UsageError for a name that there is not.
    """
    everything = [*BY_NAME, OURS]
    if asked is None:
        return list(MODELS)
    for name in asked:
        if name not in (*everything, ALL):
            raise UsageError(f"no model {name!r}; there are {', '.join(everything)}, and all")
    return everything if ALL in asked else [name for name in everything if name in asked]


def contestants(
    names: Sequence[str],
    tuned: Tuned,
    lessons: Sequence[Lesson],
    seeds: Sequence[int],
    search: Search | None,
    tell: Tell,
) -> list[Contestant]:
    """The models with their settings.

    search: None: the blend's own sources keep what tuning chose for them, others get ``USUAL_TRIES``, and
    models that are trained for minutes keep their usual settings. Else every model is searched alike. seeds:
    a stochastic model is run with each.
    """
    found = []
    for name in names:
        if name == OURS:
            tries = sum(len(tries) for tries in tuned.tried.values())
            found.append(Contestant(name, None, {seeds[0]: tuned.settings.vitrine()}, tries))
            continue
        of = kind(name)
        if name in MODELS:
            tried = tuned.tried.get({"item-knn": "knn"}.get(name, name), [])
            runs = seeds if of.stochastic else seeds[:1]
            recipes = {seed: tuned.settings.model(name, seed) for seed in runs}
            found.append(Contestant(name, of, recipes, max(len(tried), 1), tried))
            continue
        found.append(_searched(of, tuned, lessons, seeds, search, tell))
    return found


def _searched(
    of: Kind,
    tuned: Tuned,
    lessons: Sequence[Lesson],
    seeds: Sequence[int],
    search: Search | None,
    tell: Tell,
) -> Contestant:
    enough = bool(tuned.tried)  # too few validation customers leave every model its usual settings
    popularity = tuned.settings.popularity
    chosen = search or Search(1 if of.costly else USUAL_TRIES, seeds[0])
    tried: list[dict[str, Any]] = []
    best = of.make(seeds[0])
    if enough and chosen.tries > 1 and of.space:
        tell(f"tuning {of.name}")
        outcome = chosen.run(of, asking(lessons)[-RECENT:], popularity)
        best, tried = outcome.recipe, outcome.tried
    recipes = {
        seed: of.backed(of.seeded(best, seed), popularity) for seed in (seeds if of.stochastic else seeds[:1])
    }
    return Contestant(of.name, of, recipes, len(tried) or 1, tried)


__all__ = ["ALL", "KINDS", "OURS", "Contestant", "contestants", "names_of"]
