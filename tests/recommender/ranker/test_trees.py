from __future__ import annotations

import numpy as np
import pytest

from data.errors import Damaged
from recommender.dataset import Dataset
from recommender.evaluation.splits import split
from recommender.ranker.trees import BASE, Lessons, Trees, grow
from recommender.ranker.vitrine import FittedVitrine
from recommender.settings import Settings
from tests.recommender.makers import shop_like

NAMES = ("looks: nearest", "noise")


def planted(customers: int, seed: int) -> Lessons:
    """Customers choose what the first feature is largest for; the blend knows nothing."""
    rng = np.random.default_rng(seed)
    table = rng.random((customers * 40, 2)).astype(np.float32)
    best = table[:, 0].reshape(customers, 40).argmax(axis=1) + np.arange(customers) * 40
    chosen = np.zeros(len(table), np.bool_)
    chosen[best] = True
    return Lessons(table, np.zeros(len(table), np.float32), chosen, np.full(customers, 40))


@pytest.fixture(scope="module")
def trees() -> Trees:
    return grow(planted(120, 1), NAMES, 30, 7)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return shop_like(customers=80)


def test_they_learn_what_is_chosen(trees: Trees) -> None:
    fresh = planted(60, 2)
    scores = trees.scores(fresh.table, fresh.blend).reshape(60, 40)
    found = fresh.chosen.reshape(60, 40)[np.arange(60), scores.argmax(axis=1)]
    assert found.mean() > 0.6


def test_the_same_seed_gives_the_same(trees: Trees) -> None:
    assert grow(planted(120, 1), NAMES, 30, 7) == trees


def test_without_a_feature_they_still_answer(trees: Trees) -> None:
    scores = trees.add({"noise": np.ones(3, np.float32)}, np.zeros(3, np.float32))
    assert np.isfinite(scores).all()


def test_shares_add_up_to_the_score_but_for_a_constant(trees: Trees) -> None:
    lessons = planted(5, 3)
    named = {name: lessons.table[:, at] for at, name in enumerate(NAMES)}
    blend = np.linspace(0, 1, len(lessons.blend), dtype=np.float32)
    rest = trees.add(named, blend) - BASE * blend - trees.shares(named, blend).sum(axis=1)
    assert rest == pytest.approx(np.full(len(rest), rest[0]), abs=1e-4)
    assert np.abs(trees.shares(named, blend)).sum(axis=0)[0] > 0


def test_they_survive_json_and_damage_is_named(trees: Trees) -> None:
    assert Trees.from_json(trees.as_json()) == trees
    with pytest.raises(Damaged, match="vitrine train"):
        Trees.from_json({"models": ["tree\nnot a model"], "names": list(NAMES)})


def test_thinning_keeps_every_choice_and_so_many_others() -> None:
    lessons = planted(20, 4)
    thin = lessons.thinned(5, 7)
    assert thin.chosen.sum() == lessons.chosen.sum() == 20
    assert (thin.sizes == 6).all()
    assert len(thin.table) == thin.sizes.sum()


def test_features_come_from_before_the_question(data: Dataset) -> None:
    """What happens after the question changes no feature."""
    fold = split(data, "time")
    lesson = fold.lessons[-1]
    later = data.until(lesson.known.asof)
    recipe = Settings().vitrine()
    first, second = recipe.fit(lesson.known), recipe.fit(later)
    assert isinstance(first, FittedVitrine)
    histories = lesson.exam.histories.part(0, 5)
    one, other = first.heard(histories, None), second.heard(histories, None)
    told = first.features(histories, one.pairs, one.blended)
    again = second.features(histories, other.pairs, other.blended)
    assert all(np.array_equal(told[name], again[name], equal_nan=True) for name in told)
