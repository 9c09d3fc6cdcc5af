from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import SpaceMismatch
from recommender.models.appearance import Appearance
from tests.recommender.makers import items_of

ITEMS = items_of({"a": (1.0, 0.0), "b": (0.0, 1.0)}, more=["blind"])


def test_inputs_are_centred_and_of_unit_spread_and_mark_what_has_no_photo() -> None:
    got = Appearance.of(ITEMS).inputs(ITEMS)
    half = np.sqrt(0.5)
    assert got[ITEMS.row_of["a"]] == pytest.approx([half, -half, 0])
    assert got[ITEMS.row_of["b"]] == pytest.approx([-half, half, 0])
    assert got[ITEMS.row_of["blind"]].tolist() == [0, 0, 1]


def test_a_single_look_is_the_average_look() -> None:
    alone = items_of({"a": (1.0, 0.0)})
    assert Appearance.of(alone).inputs(alone).tolist() == [[0, 0, 0]]


def test_it_is_the_same_after_being_kept() -> None:
    looks = Appearance.of(ITEMS)
    again = Appearance.kept(looks.arrays(), looks.facts())
    assert np.array_equal(again.inputs(ITEMS), looks.inputs(ITEMS))


def test_another_space_or_width_is_refused() -> None:
    looks = Appearance.of(ITEMS)
    for other in (replace(ITEMS, space="x"), replace(ITEMS, vectors=np.zeros((3, 5), np.float32))):
        with pytest.raises(SpaceMismatch):
            looks.inputs(other)
