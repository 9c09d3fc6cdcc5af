from __future__ import annotations

import numpy as np
import pytest

from data.errors import UsageError
from recommender.models.blend import Blend, BlendWeights
from recommender.models.looks import Looks
from recommender.models.popularity import Popularity
from tests.recommender.makers import by_id, data_of, history_of, items_of

ITEMS = items_of()
DATA = data_of(ITEMS, [("a", "hat1", 1, 99), ("b", "hat1", 1, 99), ("c", "shoe3", 1, 99)])
SOURCES = (Looks(mode="mean"), Popularity(30.0, "popular"))


def blend(warm: dict[str, float], cold: dict[str, float] | None = None) -> Blend:
    return Blend(SOURCES, BlendWeights(warm, cold or {"popular": 1.0}), depth=5)


def test_the_score_is_the_sum_of_what_the_sources_add() -> None:
    fitted = blend({"looks": 0.7, "popular": 0.3}).fit(DATA)
    asked = history_of(ITEMS, [("shoe1", 1.0, 1)])
    parts, scores = fitted.summands(asked), fitted.score(asked)
    assert parts.shape == (2, 1, 5)
    assert parts.sum(axis=0) == pytest.approx(scores)
    got = by_id(ITEMS, parts[0, 0].tolist())
    assert got["shoe1"] == pytest.approx(0.7)  # the first by looks has standing 1
    assert by_id(ITEMS, parts[1, 0].tolist())["hat1"] == pytest.approx(0.3)


def test_a_source_with_weight_nought_changes_nothing() -> None:
    asked = history_of(ITEMS, [("shoe1", 1.0, 1)])
    alone = (
        Blend((Looks(mode="mean"),), BlendWeights({"looks": 1.0}, {"looks": 1.0}), 5).fit(DATA).score(asked)
    )
    assert blend({"looks": 1.0, "popular": 0.0}).fit(DATA).score(asked) == pytest.approx(alone)


def test_cold_customers_have_weights_of_their_own() -> None:
    fitted = blend({"looks": 1.0}, {"popular": 1.0}).fit(DATA)
    got = by_id(ITEMS, fitted.score(history_of(ITEMS, []))[0].tolist())
    assert got["hat1"] == 1.0
    assert got["shoe1"] == 0.0


def test_what_is_barred_is_neither_scored_nor_ranked() -> None:
    fitted = blend({"looks": 1.0}).fit(DATA)
    barred = np.zeros((1, 5), np.bool_)
    barred[0, ITEMS.row_of["shoe1"]] = True
    got = by_id(ITEMS, fitted.score(history_of(ITEMS, [("shoe1", 1.0, 1)]), barred)[0].tolist())
    assert got["shoe1"] == 0.0
    assert got["shoe2"] == 1.0


@pytest.mark.parametrize(
    "bad", [{}, {"looks": -0.1, "popular": 1.0}, {"looks": 0.0}, {"looks": float("nan")}]
)
def test_bad_weights_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="weights"):
        BlendWeights(bad, {"popular": 1.0})
