from __future__ import annotations

import numpy as np
import pytest

from data.errors import UsageError
from recommender.items import Items, tie_order


def test_the_order_of_the_file_does_not_matter() -> None:
    ids = [f"p{i}" for i in range(50)]
    assert Items.build(ids).ids == Items.build(ids[::-1]).ids
    assert [ids[i] for i in tie_order(ids)] != ids


def test_vectors_categories_and_dates_follow_their_product() -> None:
    items = Items.build(
        ["a", "b", "c"],
        vectors=(["c", "gone", "a"], np.asarray([[0, 1], [1, 1], [1, 0]], np.float32)),
        arrived={"b": 5.0},
        categories={"a": "hat", "c": "hat", "b": None},
    )
    at = items.row_of
    assert items.vectors[at["c"]].tolist() == [0, 1]
    assert items.has_vector[[at["a"], at["b"], at["c"]]].tolist() == [True, False, True]
    assert items.arrived[at["b"]] == 5.0
    assert items.arrived[at["a"]] == -np.inf
    assert items.categories[at["b"]] == -1
    assert items.category_names[items.categories[at["a"]]] == "hat"


def test_unknown_ids_have_row_minus_one() -> None:
    assert Items.build(["a"]).rows(["a", "x"]).tolist() == [0, -1]


def test_a_repeated_id_and_a_bad_vector_are_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        Items.build(["a", "a"])
    with pytest.raises(UsageError, match="NaN"):
        Items.build(["a"], vectors={"a": np.asarray([np.nan, 1], np.float32)})
