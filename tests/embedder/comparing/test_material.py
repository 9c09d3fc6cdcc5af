"""What a comparison asks: the split of each seed, drawn by it or one of the folds that all seeds share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import UsageError
from data.shop import Shop
from embedder.comparing.material import Material
from embedder.embedder import Embedder
from tests.embedder.comparing.planted import design


def test_the_folds_of_all_seeds_test_every_photo_once(hidden: Shop, tiny: Embedder) -> None:
    folds = replace(design(("fixed",), seeds=4), split="k-fold")
    material = Material.read(hidden, tiny, folds)
    assert list(material.held) == [7, 8, 9, 10]
    tests = np.sum([held.split.test for held in material.held.values()], axis=0)
    assert (tests == 1).all()
    assert sorted(np.concatenate([material.measured(seed) for seed in material.held])) == list(
        range(len(material.examples))
    )
    assert len({material.digest((seed,)) for seed in material.held}) == 4


def test_without_folds_every_seed_draws_its_own_split(hidden: Shop, tiny: Embedder) -> None:
    material = Material.read(hidden, tiny, design(("fixed",), seeds=2))
    assert (np.sum([held.split.test for held in material.held.values()], axis=0) == 2).any()


def test_one_fold_is_none() -> None:
    with pytest.raises(UsageError, match="every seed is a fold: take at least 2 seeds"):
        replace(design(("fixed",), seeds=1), split="k-fold")
