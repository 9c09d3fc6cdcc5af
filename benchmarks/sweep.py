"""One ρ of the sweep over simulated customers: the questions, the models' answers, and what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.demo.origin import Origin
from data.demo.preferences import Preferences
from data.demo.satisfaction import list_percentile, true_ndcg
from data.demo.stamp import STAMP
from recommender.dataset import Dataset
from recommender.evaluation.bootstrap import Difference, intervals, paired
from recommender.evaluation.exam import Exam, Lesson, choice_threshold, hold_exam
from recommender.evaluation.leakage import check
from recommender.evaluation.metrics import accuracy
from recommender.evaluation.ranking import batches, rank
from recommender.evaluation.splits import Fold, cuts, hashed_shares, split
from recommender.models.base import Backed, Recipe
from recommender.models.category import Category
from recommender.models.kinds import kind
from recommender.models.popularity import Popularity
from recommender.tuning import tune

NON_VISUAL = ("random", "popularity", "item-knn")
VITRINE = "vitrine"
MIXED = ("looks-knn", VITRINE)
"""Models that use photos beside other things; only what they lose without them counts as won by looks."""
CATEGORY, LOOKS = "category", "looks"
WITHOUT, BARE = ", photos shuffled", ", no photos"
"""What a mixed model's name ends in where photos were taken from it. ``BARE`` is for Vitrine alone: it has
catalogue columns to fall back on, and wrong photos could do worse than none."""
ALL, NEW = "all products", "new products, a fifth at a time"
PARTS = 5
"""In how many parts products are made new, one part after the other, so that no single product decides."""
BASELINES: Mapping[str, tuple[str, ...]] = {ALL: NON_VISUAL, NEW: ("random",)}
PRIMARY, TRUE, PERCENTILE = "ndcg@10", "true ndcg@10", "liking percentile@10"
METRICS = ("recall@10", PRIMARY, PERCENTILE, TRUE)
NEVER = float("inf")
GRIDS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "random": {},
    "popularity": {"half_life": (14.0, 30.0, 60.0, 120.0, 240.0, NEVER)},
    "item-knn": {"half_life": (60.0, NEVER), "shrink": (0.5, 5.0, 50.0)},
    LOOKS: {"half_life": (60.0, NEVER), "mode": ("each", "interests", "mean")},
    "looks-knn": {"half_life": (60.0, NEVER), "looks": (0.3, 1.0, 3.0)},
}
"""Six settings to choose from for each model that has any."""
FEWEST = 25
"""Customers of validation windows below which the usual settings are taken."""

Values = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Gap:
    """How far ``model`` is ahead of ``other`` on the same customers by ``metric``."""

    model: str
    other: str
    metric: str
    difference: Difference

    @property
    def wins(self) -> bool:
        """Whether the interval lies above 0."""
        return self.difference.interval[0] > 0

    def as_json(self) -> dict[str, object]:
        """For ``--json``."""
        words = {"model": self.model, "other": self.other, "metric": self.metric}
        return {**words, **self.difference.as_json(), "wins": self.wins}


@dataclass(frozen=True, slots=True)
class Answer:
    """One question: model → metric → (mean, low, high), and the differences that matter."""

    customers: int
    products: int
    models: Mapping[str, Mapping[str, tuple[float, float, float]]]
    gaps: tuple[Gap, ...]

    @property
    def won_by_looks(self) -> bool:
        """Whether looks beat the best model without photos by what was observed, or a mixed model does that
        also beats itself with photos shuffled among products (and Vitrine itself with none).
        """
        met = [gap for gap in self.gaps if gap.metric == PRIMARY and gap.other != CATEGORY]
        return any(all(gap.wins for gap in met if gap.model == model) for model in {gap.model for gap in met})


@dataclass(frozen=True, slots=True)
class Swept:
    """All of one ρ: question → answer."""

    origin: Origin
    interactions: int
    answers: Mapping[str, Answer]

    @property
    def as_expected(self) -> bool:
        """Whether looks win somewhere where ρ > 0, and nowhere where it is 0."""
        won = any(answer.won_by_looks for answer in self.answers.values())
        return won == (self.origin.dials.visual_share > 0)

    def as_json(self) -> dict[str, object]:
        """For ``--json``."""
        return {
            "stamp": STAMP,
            "rho": self.origin.dials.visual_share,
            "made_from": self.origin.as_json(),
            "interactions": self.interactions,
            "questions": {
                question: {
                    "customers": answer.customers,
                    "products": answer.products,
                    "models": answer.models,
                    "differences": [gap.as_json() for gap in answer.gaps],
                    "won_by_looks": answer.won_by_looks,
                }
                for question, answer in self.answers.items()
            },
            "as_expected": self.as_expected,
        }


def sweep(data: Dataset, origin: Origin, seed: int = 7, vitrine: bool = False) -> Swept:
    """Answer both questions on one simulated shop, with and without its photos in their places.

    vitrine: also with Vitrine, whose tuning takes minutes.
    """
    preferences, mixed = origin.preferences(), shuffled(data, seed)
    names = [*GRIDS, *([VITRINE] if vitrine else [])]
    whole, lost = (split(shop, "time") for shop in (data, mixed))
    recipes = {name: (tuned(name, whole, seed), data) for name in names}
    recipes[CATEGORY] = Backed(Category(), Popularity()), data
    for name in (name for name in MIXED if name in names):
        recipes[name + WITHOUT] = tuned(name, lost, seed), mixed
    if vitrine:
        bare = without_photos(data)
        recipes[VITRINE + BARE] = tuned(VITRINE, split(bare, "time"), seed), bare
    answers = {}
    for question in (ALL, NEW):
        told = {}
        for name, (recipe, shop) in recipes.items():
            folds = [split(shop, "time")] if question == ALL else made_new(shop)
            told[name] = _per_customer(
                [values(recipe, fold, preferences) for fold in folds], len(data.customers)
            )
        answers[question] = _answer(question, told, len(data.items), seed)
    return Swept(origin, len(data.events), answers)


def tuned(name: str, fold: Fold, seed: int) -> Recipe:
    """A model with the settings that do best on the validation windows, by NDCG@10, and its fall-back."""
    if name == VITRINE:
        return tune(fold.lessons).settings.model(name, seed)
    grid, usual = GRIDS[name], kind(name).make(seed)
    choices: list[Any] = [replace(usual, **dict(zip(grid, c, strict=True))) for c in product(*grid.values())]  # type: ignore[type-var]
    if len(choices) > 1 and sum(len(lesson.exam) for lesson in fold.lessons) >= FEWEST:
        usual = max(choices, key=lambda recipe: _quality(recipe, fold.lessons))
    return kind(name).backed(usual, Popularity())


def _quality(recipe: Recipe, lessons: Sequence[Lesson]) -> float:
    """NDCG@10, a mean over all customers of all windows."""
    found = [
        accuracy(rank(recipe.fit(lesson.known), lesson.exam).hits, lesson.exam.wanted_counts)[PRIMARY]
        for lesson in lessons
    ]
    return float(np.concatenate(found).mean())


def made_new(data: Dataset) -> list[Fold]:
    """A global time cut, once for every part of the products (by hash): what happened to the part is hidden
    from the models, and it alone is ranked.
    """
    cut, choice = cuts(data)[-1], choice_threshold(data.events)
    part = (hashed_shares(data.items.ids, "part") * PARTS).astype(np.int64)
    past, after = data.until(cut), data.events.where(data.events.times >= cut)
    folds = []
    for number in range(PARTS):
        new = part == number
        known = past.with_events(past.events.where(~new[past.events.items]))
        asked = after.where(new[after.items])
        exam = hold_exam(known, asked, before=past.events, choice=choice)
        only = exam.items.arriving(np.where(new, exam.items.arrived, np.inf))
        test = replace(exam, items=only)
        folds.append(Fold("cold-items", (), known, test, asked, cut, {"part": number}))
    return folds


def values(recipe: Recipe, fold: Fold, preferences: Preferences) -> tuple[NDArray[np.int64], Values]:
    """The customers asked, and metric → one value for each: what was observed, and what is truly liked."""
    check(fold)
    exam = fold.test
    ranking = rank(recipe.fit(fold.fit), exam)
    observed = accuracy(ranking.hits, exam.wanted_counts)
    who = [fold.fit.customers[i] for i in exam.who]
    liking = preferences.at(who, exam.histories.now, exam.items.ids)
    allowed = ~_barred(exam)
    return exam.who, {
        "recall@10": observed["recall@10"],
        PRIMARY: observed[PRIMARY],
        PERCENTILE: list_percentile(liking, ranking.top, allowed),
        TRUE: true_ndcg(liking, ranking.top, allowed),
    }


def _per_customer(told: Sequence[tuple[NDArray[np.int64], Values]], customers: int) -> Values:
    """metric → the mean of every customer who was asked at all over the times that they were asked."""
    times = np.bincount(np.concatenate([who for who, _ in told]), minlength=customers)
    asked = np.flatnonzero(times)
    sums = {metric: np.zeros(customers) for metric in METRICS}
    for who, row in told:
        for metric in METRICS:
            sums[metric][who] += row[metric]
    return {metric: total[asked] / times[asked] for metric, total in sums.items()}


def _barred(exam: Exam) -> NDArray[np.bool_]:
    return np.concatenate([exam.barred(*rows) for rows in batches(len(exam), len(exam.items))])


def shuffled(data: Dataset, seed: int) -> Dataset:
    """The same shop where products have each other's vectors."""
    rows = np.flatnonzero(data.items.has_vector)
    vectors = data.items.vectors.copy()
    vectors[rows] = vectors[np.random.default_rng(seed).permutation(rows)]
    return replace(data, items=replace(data.items, vectors=vectors))


def without_photos(data: Dataset) -> Dataset:
    """The same shop without a vector for any product."""
    vectors, none = np.zeros_like(data.items.vectors), np.zeros(len(data.items), np.bool_)
    return replace(data, items=replace(data.items, vectors=vectors, has_vector=none))


def _answer(question: str, told: Mapping[str, Values], products: int, seed: int) -> Answer:
    models = {}
    for name, row in told.items():
        bounds = intervals(row, seed)
        models[name] = {metric: (float(np.nanmean(row[metric])), *bounds[metric]) for metric in METRICS}
    gaps = []
    for metric in (PRIMARY, PERCENTILE, TRUE):
        best = max(BASELINES[question], key=lambda name: models[name][metric][0])
        mixed = [name for name in MIXED if name in told]
        pairs = [*((name, best) for name in (LOOKS, *mixed)), *((name, name + WITHOUT) for name in mixed)]
        pairs += [(name, name + BARE) for name in mixed if name + BARE in told]
        for model, other in (*pairs, (LOOKS, CATEGORY)):
            found = paired({metric: told[model][metric]}, {metric: told[other][metric]}, seed)
            gaps.append(Gap(model, other, metric, found[metric]))
    return Answer(len(next(iter(told.values()))[PRIMARY]), products, models, tuple(gaps))
