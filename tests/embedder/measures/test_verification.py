"""Error rates of pairs: against scikit-learn, by hand, and with sampled pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from embedder.measures import Pairs, pairs, roc, verify
from embedder.measures.verification import operating


def made(genuine: list[float], impostor: list[float], label: list[int] | None = None) -> Pairs:
    """Pairs with these cosines; each genuine one of a label of its own unless said."""
    owners = np.arange(len(genuine)) if label is None else np.asarray(label)
    return Pairs(
        np.asarray(genuine, np.float32),
        owners.astype(np.int64),
        np.asarray(impostor, np.float32),
        len(genuine),
        len(impostor),
    )


@pytest.mark.parametrize("seed", range(3))
def test_pairs_are_those_of_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, labels, groups = rng.normal(size=(40, 6)), rng.integers(0, 5, 40), rng.integers(0, 20, 40)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    told: dict[bool, list[float]] = {True: [], False: []}
    for a, b in combinations(range(40), 2):
        if groups[a] != groups[b]:
            told[bool(labels[a] == labels[b])].append(float(unit[a] @ unit[b]))
    found = pairs(vectors, labels, groups)
    np.testing.assert_allclose(np.sort(found.genuine), np.sort(told[True]), atol=1e-6)
    np.testing.assert_allclose(np.sort(found.impostor), np.sort(told[False]), atol=1e-6)
    assert (found.genuine_total, found.impostor_total) == (len(told[True]), len(told[False]))


def test_only_pairs_among_the_chosen_rows() -> None:
    vectors, labels = np.random.default_rng(0).normal(size=(20, 4)), ["a", "b"] * 10
    found = pairs(vectors, labels, rows=[0, 2, 5])
    assert (len(found.genuine), len(found.impostor)) == (1, 2)


@pytest.mark.parametrize("seed", range(3))
def test_the_curve_is_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    genuine = np.round(rng.normal(0.6, 0.2, 80), 2)
    impostor = np.round(rng.normal(0.2, 0.2, 300), 2)
    scores = np.concatenate([genuine, impostor])
    truth = np.repeat([1, 0], [80, 300])
    fmr, tmr, threshold = roc_curve(truth, scores, drop_intermediate=False)
    found = roc(genuine, impostor)
    np.testing.assert_allclose(found.fmr, fmr)
    np.testing.assert_allclose(1 - found.fnmr, tmr)
    np.testing.assert_allclose(found.threshold[1:], threshold[1:])
    assert found.auc == pytest.approx(roc_auc_score(truth, scores))
    closest = np.argmin(np.abs(fmr - (1 - tmr)))
    assert found.eer == pytest.approx((fmr[closest] + 1 - tmr[closest]) / 2)


def test_the_threshold_lets_no_more_impostors_pass_than_wished() -> None:
    found = operating(made([0.5, 0.85, 0.95], [0.9, 0.8, *np.linspace(0, 0.7, 98)]), 0.01)
    # One of a hundred may pass: 0.9 does, 0.8 does not.
    assert 0.8 < found.threshold < 0.81
    assert found.fmr == 0.01
    assert found.fnmr.mean == pytest.approx(1 / 3)


def test_impostors_with_the_same_cosine_pass_together_or_not_at_all() -> None:
    found = operating(made([0.95], [0.9, 0.9, *[0.1] * 98]), 0.01)
    assert found.fmr == 0.0
    assert found.threshold > 0.9


def test_no_rate_is_told_that_so_few_impostors_cannot_show() -> None:
    found = verify(made([0.9, 0.8], list(np.linspace(0, 0.5, 500))))
    assert [point.wanted for point in found.at] == [0.01]


def test_pairs_of_one_label_are_resampled_together() -> None:
    genuine, impostor = [0.9, 0.1] * 50, list(np.linspace(0.2, 0.5, 200))
    apart = operating(made(genuine, impostor), 0.01).fnmr
    together = operating(made(sorted(genuine), impostor, label=[0] * 50 + [1] * 50), 0.01).fnmr
    assert apart.mean == together.mean == 0.5
    assert together.high - together.low > 3 * (apart.high - apart.low)


def test_a_sample_of_pairs_is_seeded_and_about_as_large_as_wished() -> None:
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(200, 5)), rng.integers(0, 4, 200)
    whole, some = pairs(vectors, labels), pairs(vectors, labels, most=2000, seed=3)
    assert (some.genuine_total, some.impostor_total) == (whole.genuine_total, whole.impostor_total)
    assert len(some.impostor) == pytest.approx(2000, rel=0.1)
    assert some.impostor.mean() == pytest.approx(whole.impostor.mean(), abs=0.03)
    assert len(some.label) == len(some.genuine)
    again = pairs(vectors, labels, most=2000, seed=3)
    np.testing.assert_array_equal(some.impostor, again.impostor)


def test_a_thinned_curve_keeps_its_ends() -> None:
    rng = np.random.default_rng(1)
    whole = roc(rng.normal(0.5, 0.2, 3000), rng.normal(0.2, 0.2, 9000))
    thin = whole.thinned(50)
    assert len(thin.fmr) <= 50
    assert thin.fmr[0] == 0.0
    assert thin.fmr[-1] == 1.0
    assert np.isin(thin.fmr, whole.fmr).all()


def test_without_a_pair_there_are_no_rates() -> None:
    with pytest.raises(ValueError, match="one impostor"):
        roc([0.5], [])
