"""Choosing every setting on validation windows: the sources' own settings first, then the blend's weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recommender.evaluation.exam import Lesson, asking
from recommender.evaluation.metrics import accuracy
from recommender.evaluation.ranking import batches, rank
from recommender.fitting import LIST, Pool, fit_weights
from recommender.items import Doubles
from recommender.models.attributes import Attributes
from recommender.models.base import Recipe
from recommender.models.blend import Blend, BlendWeights, is_warm
from recommender.models.item_knn import ItemKnn
from recommender.models.kinds import kind
from recommender.models.looks import Looks
from recommender.models.popularity import Popularity
from recommender.models.trend import Trend
from recommender.ranker.training import Growth, learn
from recommender.search import Search
from recommender.settings import SOURCES, Settings

Tell = Callable[[str], None]

FEWEST = 25  # customers below which a part of the settings is left at its default
RECENT = 3  # windows, the newest, that settings and weights are chosen on; the trees learn from all
MOST = 500  # customers of one window that are looked at; more would only cost time
NEVER = float("inf")

# Settings are tried one after the other, each with the best of those before it.
GRIDS: Mapping[str, tuple[Recipe, Mapping[str, tuple[Any, ...]]]] = {
    "popularity": (Popularity(60.0), {"half_life": (14.0, 30.0, 60.0, 120.0, 240.0, NEVER)}),
    "looks": (
        Looks(),
        {"half_life": (30.0, 120.0, NEVER), "temperature": (0.03, 0.1), "mode": ("interests", "mean")},
    ),
    "knn": (ItemKnn(), {"half_life": (60.0, NEVER), "shrink": (0.5, 50.0), "damp": (False,)}),
    "trend": (Trend(), {"half_life": (14.0, 60.0), "temperature": (0.03, 0.2)}),
    "attributes": (Attributes(), {"smoothing": (0.5, 8.0), "popular": (0.0, 0.5, 1.0)}),
}


KINDRED = {"popularity": "popularity", "looks": "looks", "knn": "item-knn"}
"""family → the model of the table that it is."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """What tuning came to.

    settings: chosen. tried: family → [{"settings", "ndcg@50"}], everything that was looked at.
    validation: model or source → mean NDCG@50 over the validation windows under the chosen settings.
    customers: how many validation customers, over all windows; below ``FEWEST`` nothing is tuned. note: in
    words. growth: of the ranker's trees.
    """

    settings: Settings
    tried: dict[str, list[dict[str, Any]]]
    validation: dict[str, float]
    customers: int
    note: str
    growth: Growth | None = None

    def as_json(self) -> dict[str, Any]:
        """For manifests and reports."""
        return {
            "settings": {**self.settings.as_json(), "trees": None},
            "ranker": None if self.growth is None else self.growth.as_json(),
            "validation_ndcg@50": {name: round(value, 6) for name, value in self.validation.items()},
            "validation_customers": self.customers,
            "note": self.note,
            "tried": self.tried,
        }


def tune(
    lessons: Sequence[Lesson], tell: Tell | None = None, seed: int = 7, search: Search | None = None
) -> Tuned:
    """Settings that do best on the lessons' validation windows, by NDCG@50, a mean over windows.

    The same number of settings is tried in every run; nothing of a test window is ever looked at. seed:
    of the trees. search: tries as many settings of every source that there is a kind of, instead of the usual
    few.
    """
    say = tell or silent
    lessons = [Lesson(part.known, part.exam.first(MOST)) for part in asking(lessons)]
    customers = sum(len(lesson.exam) for lesson in lessons)
    if customers < FEWEST:
        words = f"only {customers} customers in the validation windows ({FEWEST} needed): default settings"
        return Tuned(Settings(), {}, {}, customers, words)
    recent = lessons[-RECENT:]
    tried: dict[str, list[dict[str, Any]]] = {}
    best: dict[str, Any] = {}
    for family, (start, grid) in GRIDS.items():
        say(f"tuning {family}")
        if search is not None and family in KINDRED:
            outcome = search.run(kind(KINDRED[family]), recent, best.get("popularity", Popularity()))
            best[family], tried[family] = outcome.recipe, outcome.tried
            continue
        looked_at = _search(start, grid, recent)
        best[family] = max(looked_at, key=lambda recipe: looked_at[recipe])
        tried[family] = [{"settings": repr(r), "ndcg@50": round(v, 6)} for r, v in looked_at.items()]
    settings = Settings(**best)
    say("fitting the blend")
    weights, quality = _fit_blend(settings, recent)
    settings = replace(settings, weights=weights)
    say("growing the ranker's trees")
    judged = settings
    if len(recent) > 1:
        judged = replace(settings, weights=_fit_blend(settings, recent[:-1])[0])
    growth = learn(judged.vitrine(), settings.vitrine(), lessons, seed)
    note = f"tuned on {customers} validation customers in {len(lessons)} windows; {growth.note}"
    return Tuned(replace(settings, trees=growth.trees), tried, quality, customers, note, growth)


def _search(
    start: Recipe, grid: Mapping[str, tuple[Any, ...]], lessons: Sequence[Lesson]
) -> dict[Recipe, float]:
    """Recipe → quality of all that were looked at; recipes are frozen dataclasses, so they can be keys."""
    looked_at = {start: _quality(start, lessons)}
    for field, values in grid.items():
        best = max(looked_at, key=lambda recipe: looked_at[recipe])
        for value in values:
            recipe: Recipe = replace(best, **{field: value})  # type: ignore[type-var]
            if recipe not in looked_at:
                looked_at[recipe] = _quality(recipe, lessons)
    return looked_at


def _quality(recipe: Recipe, lessons: Sequence[Lesson]) -> float:
    """Mean NDCG@50 over windows."""
    means = []
    for lesson in lessons:
        ranking = rank(recipe.fit(lesson.known), lesson.exam, LIST)
        means.append(float(accuracy(ranking.hits, lesson.exam.wanted_counts, (LIST,))[f"ndcg@{LIST}"].mean()))
    return float(np.mean(means))


def _fit_blend(settings: Settings, lessons: Sequence[Lesson]) -> tuple[BlendWeights, dict[str, float]]:
    """Weights for warm and cold customers, and the quality of every source and of the blend on all of
    them.
    """
    blend = settings.blend()
    pools, warm = zip(*(part for lesson in lessons for part in _pools(blend, lesson)), strict=True)
    pool, is_known = Pool.joined(pools), np.concatenate(warm)
    default = BlendWeights()
    tables = {}
    for warmth, mask, fallback in (("warm", is_known, default.warm), ("cold", ~is_known, default.cold)):
        enough = int(mask.sum()) >= FEWEST
        tables[warmth] = _named(fit_weights(pool.of(mask), _vector(fallback))) if enough else dict(fallback)
    weights = BlendWeights(warm=tables["warm"], cold=tables["cold"])
    quality = {name: float(pool.ndcg(np.eye(len(SOURCES))[at]).mean()) for at, name in enumerate(SOURCES)}
    parts = ((is_known, weights.warm), (~is_known, weights.cold))
    total = sum(float(pool.of(mask).ndcg(_vector(table)).sum()) for mask, table in parts)
    return weights, {**quality, "vitrine": total / len(pool.wanted)}


def _pools(blend: Blend, lesson: Lesson) -> list[tuple[Pool, Any]]:
    fitted = blend.fit(lesson.known)
    made = []
    for first, last in batches(len(lesson.exam), len(lesson.exam.items) * 2):
        barred = lesson.exam.barred(first, last)
        standing = fitted.standings(lesson.exam.histories.part(first, last), barred)
        pool = Pool.gather(standing, lesson.exam.wanted_mask(first, last), barred)
        made.append((pool, is_warm(standing, list(SOURCES))))
    return made


def _vector(table: Mapping[str, float]) -> Doubles:
    return np.asarray([table.get(name, 0.0) for name in SOURCES], np.float64)


def _named(theta: Doubles) -> dict[str, float]:
    return {name: round(float(weight), 6) for name, weight in zip(SOURCES, theta, strict=True)}


def silent(words: str) -> None:
    """Say nothing."""
