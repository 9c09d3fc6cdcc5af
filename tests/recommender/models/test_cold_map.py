from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from recommender.items import Items
from recommender.models.als import Als
from recommender.models.appearance import Appearance
from recommender.models.cold_map import ColdMap, _described
from recommender.models.taught import likes_in
from tests.recommender.makers import by_id
from tests.recommender.models.planted import asker, planted

DATA = planted()
ITEMS = DATA.items
RECIPE = ColdMap(factors=6, regularisation=1.0, alpha=2.0, ridge=0.7, trust=3.0)
FITTED = RECIPE.fit(DATA)


def test_what_is_learnt_is_als() -> None:
    plain = Als(factors=6, regularisation=1.0, alpha=2.0).fit(DATA)
    assert np.array_equal(FITTED.kept().per_item["learnt"], plain.factors)


def test_the_mapping_is_a_ridge_weighted_by_how_much_is_known() -> None:
    kept = FITTED.kept()
    counts = likes_in(DATA).counts()
    inputs = _described(Appearance.of(ITEMS), ITEMS, ITEMS.category_names)
    assert inputs.shape[1] == 8 + 1 + 4
    taught = counts > 0
    plain = Ridge(alpha=0.7).fit(
        inputs[taught], kept.per_item["learnt"][taught], sample_weight=counts[taught] / (counts[taught] + 3.0)
    )
    want = plain.predict(inputs)
    assert inputs @ kept.other["table"] + kept.other["constant"] == pytest.approx(want, abs=1e-4)
    share = (counts / (counts + 3.0))[:, None]
    blended = share * kept.per_item["learnt"] + (1 - share) * want
    known = np.asarray([name != "unknown" for name in ITEMS.ids])
    assert FITTED.solver.factors[known] == pytest.approx(blended[known], abs=1e-4)


def test_without_trust_in_the_mapping_it_is_als_for_what_is_liked() -> None:
    plain = Als(factors=6, regularisation=1.0, alpha=2.0).fit(DATA)
    near = ColdMap(factors=6, regularisation=1.0, alpha=2.0, trust=1e-9).fit(DATA)
    liked = likes_in(DATA).counts() > 0
    assert near.solver.factors[liked] == pytest.approx(plain.factors[liked], abs=1e-5)


def test_a_category_alone_is_enough() -> None:
    names = [*ITEMS.ids, "bare0", "bare1"]
    looks = {name: ITEMS.vectors[row] for name, row in ITEMS.row_of.items() if ITEMS.has_vector[row]}
    told = {name: name[:2] for name in ITEMS.ids if name[0] == "g"} | {"bare0": "g0", "bare1": "g1"}
    told["aa"] = "a category that the training never met"
    today = Items.build([*names, "aa"], vectors=looks, categories=told, space="toy")
    again = RECIPE.restored(FITTED.kept().over(today), today)
    got = by_id(today, again.score(asker(today, 0))[0].tolist())
    assert got["bare0"] > got["bare1"]
    assert got["bare0"] > got["aa"]
