"""What photos were worth: the same models with real photos, with photos shuffled among products, with none.

Every variant is tuned anew, so that a model which finds photos useless may say so. Lists are compared on the
same customers; what is lost with shuffled photos is what looks told of products, and what is lost beyond that
without any is what was gained by having a photo at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from recommender.dataset import Dataset
from recommender.evaluation.bootstrap import paired
from recommender.evaluation.exam import Exam, Lesson
from recommender.evaluation.ranking import rank
from recommender.evaluation.slices import parts, values_in
from recommender.evaluation.splits import Fold
from recommender.evaluation.worth import SHUFFLED, Ablation, Worth
from recommender.items import Doubles, Floats, Items
from recommender.tuning import Tell, tune

REAL, NONE = "real", "none"
MEASURED = ("ndcg@10", "recall@10")
PARTS = ("all", "warm_items", "cold_items")


def ablate(fold: Fold, models: Sequence[str], seed: int, tell: Tell) -> Ablation:
    """Run models (names that the tuned settings know) on the three variants of a fold."""
    tables: dict[str, dict[str, dict[str, Mapping[str, Doubles]]]] = {}
    shown = _parts(fold)
    for variant in (REAL, SHUFFLED, NONE):
        tell(f"ablation: {variant} photos")
        changed = _changed(fold, variant, seed)
        settings = tune(changed.lessons, tell, seed).settings
        for name in models:
            ranking = rank(settings.model(name, seed).fit(changed.fit), changed.test)
            values: dict[str, Mapping[str, Doubles]] = {
                part: values_in(of, fold.test, ranking) for part, of in shown.items()
            }
            tables.setdefault(name, {})[variant] = values
    worths = [
        _worth(name, variant, part, tables[name], seed)
        for name in models
        for variant in (SHUFFLED, NONE)
        for part in PARTS
        if shown[part].customers.any()
    ]
    return Ablation(tuple(worths))


def _worth(
    name: str, variant: str, part: str, tables: Mapping[str, Mapping[str, Mapping[str, Doubles]]], seed: int
) -> Worth:
    real = {metric: tables[REAL][part][metric] for metric in MEASURED}
    other = {metric: tables[variant][part][metric] for metric in MEASURED}
    means = {metric: (float(real[metric].mean()), float(other[metric].mean())) for metric in MEASURED}
    return Worth(name, variant, part, len(real[MEASURED[0]]), means, paired(real, other, seed))


def _parts(fold: Fold) -> dict[str, Any]:
    found = parts(fold.test, fold.fit.item_counts())
    everyone = np.ones(len(fold.test), np.bool_)
    return {"all": replace(found["warm_customers"], customers=everyone), **{p: found[p] for p in PARTS[1:]}}


def _changed(fold: Fold, variant: str, seed: int) -> Fold:
    if variant == REAL:
        return fold
    items = _with_looks(fold.test.items, variant, seed)

    def data(of: Dataset) -> Dataset:
        return replace(of, items=replace(items, arrived=of.items.arrived))

    def exam(of: Exam) -> Exam:
        return replace(of, items=replace(items, arrived=of.items.arrived))

    lessons = tuple(Lesson(data(part.known), exam(part.exam)) for part in fold.lessons)
    return replace(fold, lessons=lessons, fit=data(fold.fit), test=exam(fold.test))


def _with_looks(items: Items, variant: str, seed: int) -> Items:
    vectors: Floats = np.zeros_like(items.vectors)
    if variant == NONE:
        return replace(items, vectors=vectors, has_vector=np.zeros(len(items), np.bool_))
    having = np.flatnonzero(items.has_vector)
    vectors[having] = items.vectors[np.random.default_rng(seed).permutation(having)]
    return replace(items, vectors=vectors)
