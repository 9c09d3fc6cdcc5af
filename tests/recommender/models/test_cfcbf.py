from __future__ import annotations

import math

import numpy as np
import pytest

from data.errors import UsageError
from recommender.models.cfcbf import LooksKnn
from recommender.models.item_knn import ItemKnn
from recommender.models.likes import everyones_likes
from tests.recommender.makers import by_id, data_of, history_of, items_of, shop_like

NEVER = float("inf")
ITEMS = items_of(more=["blind"])
# shoe1 and hat1 are liked together by one customer, shoe1 and blind by another; shoe2 by nobody.
DATA = data_of(ITEMS, [("u", "shoe1", 1, 1), ("u", "hat1", 1, 1), ("v", "shoe1", 1, 1), ("v", "blind", 1, 1)])
PLAIN = LooksKnn(looks=2.0, shrink=0.5, half_life=NEVER, damp=False)


def scores(recipe: LooksKnn, *liked: str) -> dict[str, float]:
    asked = history_of(ITEMS, [(name, 1.0, 1) for name in liked])
    return by_id(ITEMS, recipe.fit(DATA).score(asked)[0].tolist())


def test_the_cosine_of_likes_and_looks_side_by_side_by_hand() -> None:
    """‖shoe1‖² = 2 + 4, ‖hat1‖² = 1 + 4, ‖shoe2‖² = 0 + 4, ‖blind‖² = 1 + 0."""
    got = scores(PLAIN, "shoe1")
    assert got["hat1"] == pytest.approx((1 + 4 * 0) / (math.sqrt(6 * 5) + 0.5))
    assert got["shoe2"] == pytest.approx((0 + 4 * 0.96) / (math.sqrt(6 * 4) + 0.5))
    assert got["blind"] == pytest.approx(1 / (math.sqrt(6 * 1) + 0.5))
    assert got["shoe1"] == 0.0


def test_a_product_nobody_liked_is_found_by_its_looks() -> None:
    got = scores(PLAIN, "hat1")
    assert max(got, key=lambda name: got[name]) == "hat2"


def test_a_cold_product_has_neighbours_though_none_has_it() -> None:
    """Likes bring hat1 and blind nearer to shoe1 than shoe2 is, but shoe2's own two nearest are shoes."""
    got = scores(LooksKnn(looks=0.5, shrink=0.5, neighbours=2, half_life=NEVER, damp=False), "shoe1")
    assert got["hat1"] > got["shoe2"]
    assert got["shoe2"] == pytest.approx(0.25 * 0.96 / (math.sqrt(2.25 * 0.25) + 0.5))


def test_without_looks_it_is_item_knn_per_candidate() -> None:
    data = shop_like(60, 30)
    histories = data.histories(np.arange(20), np.full(20, data.asof))
    ours = LooksKnn(looks=0.0, shrink=3.0, neighbours=1000).fit(data).score(histories)
    theirs = ItemKnn(shrink=3.0, neighbours=1000, per="candidate").fit(data).score(histories)
    assert ours == pytest.approx(theirs, abs=1e-5)


def test_a_dense_computation_agrees() -> None:
    data = shop_like(60, 30)
    rows = np.hstack([(everyones_likes(data).toarray() > 0).T, 1.5 * data.items.vectors])
    norms = np.linalg.norm(rows, axis=1)
    cosines = rows @ rows.T / (np.outer(norms, norms) + 2.0)
    np.fill_diagonal(cosines, 0.0)
    wanted = np.where((cosines > 0) & (cosines >= np.sort(cosines, axis=1)[:, [-4]]), cosines, 0.0)
    found = LooksKnn(1.5, 2.0, 4, damp=False).fit(data).similarity.toarray().T
    assert found == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("bad", [{"looks": -1.0}, {"shrink": -1.0}, {"neighbours": 0}, {"recency": 1.5}])
def test_settings_that_make_no_model_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="looks-knn"):
        LooksKnn(**bad)  # type: ignore[arg-type]
