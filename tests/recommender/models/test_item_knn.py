from __future__ import annotations

import math

import numpy as np
import pytest

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.models.als import plain
from recommender.models.item_knn import ItemKnn, Weighting, weighted
from recommender.models.likes import everyones_likes
from recommender.settings import Settings
from tests.recommender.makers import by_id, data_of, history_of, items_of, shop_like

nearest = pytest.importorskip("implicit.nearest_neighbours")

ITEMS = items_of({}, more=["a", "b", "c", "d"])
# a and b are liked together by two customers, a and c by one; d by nobody else.
DATA = data_of(
    ITEMS,
    [
        ("u1", "a", 1, 1),
        ("u1", "b", 1, 2),
        ("u2", "a", 1, 1),
        ("u2", "b", 1, 2),
        ("u3", "a", 1, 1),
        ("u3", "c", 1, 2),
        ("u4", "d", 1, 1),
    ],
)


def test_similarity_is_the_shrunk_cosine() -> None:
    fitted = ItemKnn(shrink=2.0, half_life=float("inf"), damp=False).fit(DATA)
    got = by_id(ITEMS, fitted.score(history_of(ITEMS, [("a", 1.0, 1)]))[0].tolist())
    assert got["b"] == pytest.approx(2 / (math.sqrt(3) * math.sqrt(2) + 2))
    assert got["c"] == pytest.approx(1 / (math.sqrt(3) * 1 + 2))
    assert got["a"] == got["d"] == 0.0


def test_a_history_adds_up_and_fades() -> None:
    fitted = ItemKnn(shrink=0.0, half_life=10.0, damp=False).fit(DATA)
    alone = by_id(ITEMS, fitted.score(history_of(ITEMS, [("b", 1.0, 0)]))[0].tolist())["a"]
    faded = by_id(ITEMS, fitted.score(history_of(ITEMS, [("b", 1.0, 0), ("d", 1.0, 10)]))[0].tolist())["a"]
    assert faded == pytest.approx(alone / 2)


def test_a_dislike_counts_against() -> None:
    fitted = ItemKnn().fit(DATA)
    assert by_id(ITEMS, fitted.score(history_of(ITEMS, [("a", -1.0, 0)]))[0].tolist())["b"] < 0


def test_customers_who_like_everything_say_less_of_a_pair() -> None:
    events = [("few", "a", 1.0, 1.0), ("few", "b", 1.0, 1.0)]
    events += [("many", name, 1.0, 1.0) for name in ("a", "c", "d")]
    damped = ItemKnn(shrink=1.0).fit(data_of(ITEMS, events))
    got = by_id(ITEMS, damped.score(history_of(ITEMS, [("a", 1.0, 0)]))[0].tolist())
    assert got["b"] > got["c"] > 0


def test_only_the_strongest_neighbours_are_kept() -> None:
    fitted = ItemKnn(neighbours=1, damp=False).fit(DATA)
    got = by_id(ITEMS, fitted.score(history_of(ITEMS, [("a", 1.0, 1)]))[0].tolist())
    assert got["b"] > 0
    assert got["c"] == 0


def test_liking_twice_is_liking_once() -> None:
    twice = data_of(ITEMS, [("u", "a", 1, 1), ("u", "a", 1, 2), ("u", "b", 1, 3)])
    once = data_of(ITEMS, [("u", "a", 1, 1), ("u", "b", 1, 3)])
    asked = history_of(ITEMS, [("a", 1.0, 1)])
    assert ItemKnn().fit(twice).score(asked).tolist() == ItemKnn().fit(once).score(asked).tolist()


def dense(recipe: ItemKnn, data: Dataset) -> np.ndarray:  # type: ignore[type-arg]
    return recipe.fit(data).similarity.toarray()


@pytest.mark.filterwarnings("ignore:Method expects CSR input")
@pytest.mark.parametrize("neighbours", [4, 30])
@pytest.mark.parametrize(
    ("theirs", "weighting"), [(nearest.CosineRecommender, "none"), (nearest.TFIDFRecommender, "tfidf")]
)
def test_implicit_agrees(theirs: type, weighting: Weighting, neighbours: int) -> None:
    """Its K counts the product itself; its cosine takes balances where ours counts likes."""
    data = shop_like(60, 30)
    likes = plain(everyones_likes(data))
    if weighting == "none":
        likes.data[:] = 1.0
    model = theirs(K=neighbours + 1, num_threads=1)
    model.fit(likes, show_progress=False)
    wanted = model.similarity.toarray()
    np.fill_diagonal(wanted, 0.0)
    found = dense(ItemKnn(0.0, neighbours, damp=False, weighting=weighting), data)
    assert found.max() > 0.3
    assert found == pytest.approx(wanted, abs=1e-6)


def test_implicit_weights_by_bm25_alike() -> None:
    """It takes inner products of what it weighs in place of cosines, so only the weights are compared."""
    data = shop_like(60, 30)
    theirs = nearest.bm25_weight(plain(everyones_likes(data)).T, 1.2, 0.75).T.toarray()
    assert weighted(everyones_likes(data), "bm25", damp=False).toarray() == pytest.approx(theirs, rel=1e-6)


def test_customers_who_like_everything_count_least_in_tf_idf() -> None:
    """n = 4: idf of the customer with two likes ln(4/3), of the one with three ln(4/4) = 0."""
    events = [("few", "a", 1.0, 1.0), ("few", "b", 1.0, 1.0)]
    events += [("many", name, 4.0, 1.0) for name in ("a", "c", "d")]
    x = weighted(everyones_likes(data_of(ITEMS, events)), "tfidf", damp=False).toarray()
    assert by_id(ITEMS, x[0].tolist()) == pytest.approx(
        {"a": math.log(4 / 3), "b": math.log(4 / 3), "c": 0, "d": 0}
    )
    assert not x[1].any()


def test_bm25_saturates_with_the_balance() -> None:
    """Lengths a 3, b 1, c 1, d 1 (mean 1.5); idf of one like among four products ln(4/2)."""
    events = [("u1", "a", 3.0, 1.0), ("u2", "b", 1.0, 1.0), ("u3", "c", 1.0, 1.0), ("u4", "d", 1.0, 1.0)]
    x = weighted(everyones_likes(data_of(ITEMS, events)), "bm25", damp=False).toarray()
    of_a = 3 * 2.2 / (1.2 * (0.25 + 0.75 * 3 / 1.5) + 3)
    of_b = 1 * 2.2 / (1.2 * (0.25 + 0.75 * 1 / 1.5) + 1)
    assert x.max(axis=1) == pytest.approx(np.asarray([of_a, of_b, of_b, of_b]) * math.log(2))


def test_neighbours_can_be_those_of_the_candidate() -> None:
    """a's nearest is b, c's nearest is a: asked for a, c is found per candidate only."""
    asked = history_of(ITEMS, [("a", 1.0, 1)])
    for per, found in (("history", False), ("candidate", True)):
        got = ItemKnn(neighbours=1, damp=False, per=per).fit(DATA).score(asked)[0].tolist()  # type: ignore[arg-type]
        assert by_id(ITEMS, got)["b"] > 0
        assert (by_id(ITEMS, got)["c"] > 0) is found


def test_recency_weighs_by_rank() -> None:
    fitted = ItemKnn(shrink=0.0, half_life=float("inf"), damp=False, recency=0.5).fit(DATA)
    alone = by_id(ITEMS, fitted.score(history_of(ITEMS, [("b", 1.0, 0)]))[0].tolist())["a"]
    before = by_id(ITEMS, fitted.score(history_of(ITEMS, [("b", 1.0, 0), ("d", 1.0, 99)]))[0].tolist())["a"]
    assert before == pytest.approx(alone / 2)


def test_epsilon_keeps_the_denominator_from_nought() -> None:
    with_it = dense(ItemKnn(shrink=0.0, damp=False, epsilon=1.0), DATA)
    assert np.array_equal(with_it, dense(ItemKnn(shrink=1.0, damp=False, epsilon=0.0), DATA))


def test_settings_stored_by_an_older_version_still_load() -> None:
    stored = {"shrink": 0.5, "neighbours": 100, "half_life": "never", "damp": False, "name": "item-knn"}
    whole = Settings().as_json()
    loaded = Settings.from_json({**whole, "knn": stored}).knn
    assert loaded == ItemKnn(0.5, 100, float("inf"), False)
    assert Settings.from_json(whole).knn == ItemKnn()


@pytest.mark.parametrize("bad", [{"neighbours": 0}, {"recency": 0.0}, {"weighting": "idf"}, {"per": "row"}])
def test_settings_that_make_no_model_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        ItemKnn(**bad)  # type: ignore[arg-type]
