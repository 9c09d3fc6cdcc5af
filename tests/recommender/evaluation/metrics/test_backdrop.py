"""All that is measured beside accuracy, in one go."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from recommender.evaluation.metrics import (
    ACCURACY,
    FORMULAS,
    KS,
    Backdrop,
    accuracy,
    exposure,
    formula,
    hits_in,
)
from recommender.evaluation.ranking import rank
from recommender.evaluation.splits import split
from recommender.models.popularity import Popularity
from tests.recommender.makers import shop_like

FOLD = split(shop_like(), "time")
RANKING = rank(Popularity().fit(FOLD.fit), FOLD.test)


def test_every_metric_has_a_formula_and_a_value() -> None:
    values = Backdrop.of(FOLD.fit, FOLD.test).values(RANKING.top, RANKING.hits)
    for name, value in values.items():
        assert formula(name)
        assert value.shape == (len(FOLD.test),)
        assert math.isfinite(np.nanmean(value))
    measured = {name.split("@")[0] for name in (*values, *exposure(RANKING.top, len(FOLD.test.items)))}
    assert measured | {*ACCURACY, "auc", "candidate_recall"} == set(FORMULAS)
    assert {int(name.split("@")[1]) for name in values} == set(KS)
    assert accuracy(RANKING.hits, FOLD.test.wanted_counts).keys().isdisjoint(values)


def test_popularity_itself_is_popular_and_never_serendipitous() -> None:
    backdrop = Backdrop.of(FOLD.fit, FOLD.test)
    hits = hits_in(backdrop.popular, FOLD.test)
    values = backdrop.values(backdrop.popular, hits)
    assert hits[:, :10].any()
    assert values["serendipity@10"].max() == 0
    assert values["popularity_lift@5"].mean() > 1 > 0 == values["long_tail@5"].max()


def test_diversity_is_measured_with_the_vectors_of_the_evaluation_whatever_the_exam_holds() -> None:
    items = FOLD.test.items
    blind = replace(FOLD.test, items=replace(items, vectors=items.vectors * 0, has_vector=~items.has_vector))
    real = Backdrop.of(FOLD.fit, FOLD.test).values(RANKING.top, RANKING.hits)
    same = Backdrop.of(FOLD.fit, blind, looks=items).values(RANKING.top, RANKING.hits)
    assert np.array_equal(real["ild@10"], same["ild@10"])
    assert np.isnan(Backdrop.of(FOLD.fit, blind).values(RANKING.top, RANKING.hits)["ild@10"]).all()
