"""Articles that come again under another id."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.evaluation.leakage import check_photos, photos
from recommender.evaluation.splits import Fold, split
from tests.recommender.evaluation.shops import shop_with_arrivals

FOLD = split(shop_with_arrivals(), "cold-natural")
COLD = int(np.unique(FOLD.test.wanted.indices)[0])
LEARNT = int(np.unique(FOLD.fit.events.items)[4])


def looking_like(fold: Fold, cosine: float) -> Fold:
    """One cold product looks nearly like one that was learnt."""
    items = fold.test.items
    vectors = items.vectors.copy()
    own = vectors[COLD] - (vectors[COLD] @ vectors[LEARNT]) * vectors[LEARNT]
    own /= np.linalg.norm(own)
    vectors[COLD] = cosine * vectors[LEARNT] + (1 - cosine**2) ** 0.5 * own
    return replace(fold, test=replace(fold.test, items=replace(items, vectors=vectors)))


def test_a_re_listed_article_is_flagged_with_its_twin() -> None:
    found = check_photos(looking_like(FOLD, 0.999))
    ids = FOLD.test.items.ids
    assert found.status == "flagged"
    assert found.examples[0].startswith(f"{ids[COLD]} ~ {ids[LEARNT]} (0.999)")
    assert f"of {found.compared} cold products" in found.words


def test_similar_is_not_the_same() -> None:
    assert check_photos(FOLD, 0.9999).status == "passed"
    assert check_photos(looking_like(FOLD, 0.999), 0.9999).status == "passed"


def test_the_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = check_photos(FOLD, 0.5)
    monkeypatch.setattr(photos, "CELLS", 1)
    assert check_photos(FOLD, 0.5) == whole
    assert whole.status == "flagged"


def test_other_vectors_can_be_given_and_none_cannot_be_compared() -> None:
    items = FOLD.test.items
    blind = replace(items, has_vector=np.zeros(len(items), np.bool_))
    hidden = replace(FOLD, test=replace(FOLD.test, items=blind))
    assert check_photos(hidden).status == "not possible"
    assert check_photos(hidden, looks=looking_like(FOLD, 0.999).test.items).status == "flagged"
