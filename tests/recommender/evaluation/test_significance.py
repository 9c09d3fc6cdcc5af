from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import permutation_test, ttest_rel, wilcoxon

from data.errors import UsageError
from recommender.evaluation import significance
from recommender.evaluation.significance import FLIPS, against_best, all_pairs, compared, holm, sign_flip_p


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.7])
def test_the_test_agrees_with_scipys_exact_one(shift: float) -> None:
    gaps = np.random.default_rng(3).normal(shift, 1.0, 11)
    exact = permutation_test(
        (gaps, np.zeros(11)),
        lambda a, b, axis: (a - b).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    ).pvalue
    assert sign_flip_p(gaps[:, None], 7)[0] == pytest.approx(exact, abs=0.015)


def test_the_test_agrees_with_a_plain_loop() -> None:
    gaps = np.random.default_rng(4).normal(0.15, 1.0, 60)
    rng = np.random.default_rng(11)
    extreme = 0
    for _ in range(4000):
        signs = np.where(rng.random(60) < 0.5, 1.0, -1.0)
        extreme += abs((signs * gaps).mean()) >= abs(gaps.mean())
    assert sign_flip_p(gaps[:, None], 7)[0] == pytest.approx((1 + extreme) / 4001, abs=0.03)


def test_p_is_never_nought() -> None:
    assert sign_flip_p(np.full((60, 1), 0.1), 7)[0] == 1 / (FLIPS + 1)


def test_models_that_differ_nowhere_cannot_be_told_apart() -> None:
    assert sign_flip_p(np.zeros((20, 2)), 7).tolist() == [1.0, 1.0]
    assert sign_flip_p(np.zeros((0, 1)), 7).tolist() == [1.0]


def test_flips_that_equal_the_observed_difference_but_for_rounding_are_as_extreme() -> None:
    whole = np.random.default_rng(0).integers(-3, 5, (12, 1)).astype(np.float64)
    assert sign_flip_p(whole * 0.1, 7) == sign_flip_p(whole, 7)


def test_customers_without_a_value_change_nothing() -> None:
    gaps = np.random.default_rng(0).normal(0.3, 1.0, (40, 1))
    with_gap = np.concatenate([gaps, np.full((5, 1), np.nan)])
    assert sign_flip_p(with_gap, 7)[0] == pytest.approx(sign_flip_p(gaps, 7)[0], abs=0.02)


def test_the_size_of_the_blocks_changes_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    gaps = np.random.default_rng(0).normal(0.3, 1.0, (40, 2))
    before = sign_flip_p(gaps, 7)
    monkeypatch.setattr(significance, "CELLS", 100)
    assert sign_flip_p(gaps, 7) == pytest.approx(before, abs=0.02)


def test_equal_models_are_found_different_about_as_rarely_as_promised() -> None:
    gaps = np.random.default_rng(1).normal(0.0, 1.0, (50, 400))
    assert 0.02 <= (sign_flip_p(gaps, 7, 999) < 0.05).mean() <= 0.09


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == pytest.approx([1.0, 1.0])
    assert holm([]).tolist() == []


def test_holm_agrees_with_its_stepwise_definition() -> None:
    p = np.random.default_rng(2).random(9) ** 3
    rejected: set[int] = set()
    for step, at in enumerate(np.argsort(p)):
        if p[at] > 0.05 / (9 - step):
            break
        rejected.add(int(at))
    assert set(np.flatnonzero(holm(p) <= 0.05).tolist()) == rejected
    assert 0 < len(rejected) < 9


def _values(seed: int = 0, c: int = 60) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    base = rng.normal(1.0, 0.5, c)
    return {
        "ours": base + rng.normal(0.3, 0.3, c),
        "knn": base,
        "popular": base - rng.normal(0.2, 0.3, c),
        "random": rng.normal(0.0, 0.5, c),
    }


def test_every_model_meets_the_baseline_with_the_highest_mean() -> None:
    family = against_best(_values(), ["random", "popular", "knn", "absent"], "ndcg@10", 7)
    assert {test.baseline for test in family.tests} == {"knn"}
    assert [test.model for test in family.tests] == ["ours", "popular", "random"]
    assert [test.verdict for test in family.tests] == ["better", "worse", "worse"]
    assert all(test.family == 3 and test.p_holm >= test.p_value for test in family.tests)
    assert "knn" in family.about


def test_all_pairs_name_the_higher_mean_first() -> None:
    family = all_pairs(_values(), "ndcg@10", 7)
    assert len(family.tests) == 6
    assert all(test.difference >= 0 for test in family.tests)
    assert {test.model for test in family.tests} == {"ours", "knn", "popular"}


def test_sizes_by_hand() -> None:
    values = {"a": np.asarray([1.0, 1.0, 0.0, 0.5, np.nan]), "b": np.asarray([0.0, 0.5, 1.0, 0.5, 0.2])}
    (test,) = compared(values, [("a", "b")], "m", 7, "two").tests
    gaps = [1.0, 0.5, -1.0, 0.0]
    assert (test.customers, test.missing) == (4, 1)
    assert (test.wins, test.ties, test.losses) == (2, 1, 1)
    assert test.superiority == (2 + 0.5) / 4
    assert test.difference == pytest.approx(0.125)
    assert test.ours - test.theirs == pytest.approx(0.125)
    assert test.deviation == pytest.approx(np.std(gaps, ddof=1))
    assert test.effect == pytest.approx(0.125 / np.std(gaps, ddof=1))


def test_the_effect_is_the_t_statistic_without_the_number_of_customers() -> None:
    values = _values()
    (test,) = compared(values, [("ours", "knn")], "m", 7, "two").tests
    statistic = ttest_rel(values["ours"], values["knn"]).statistic
    assert test.effect == pytest.approx(statistic / 60**0.5)


def test_differences_that_are_all_alike_have_an_infinite_effect_and_null_in_json() -> None:
    base = np.random.default_rng(0).random(30)
    (test,) = compared({"a": base + 0.1, "b": base}, [("a", "b")], "m", 7, "two").tests
    assert test.effect == np.inf
    assert test.verdict == "better"
    told = json.loads(json.dumps(test.as_json(), allow_nan=False))
    assert told["effect"] is None
    assert told["deviation"] == 0
    assert told["verdict"] == "better"


def test_a_model_against_its_double_has_no_effect() -> None:
    base = np.random.default_rng(0).random(30)
    (test,) = compared({"a": base, "b": base}, [("a", "b")], "m", 7, "two").tests
    assert (test.effect, test.p_holm, test.superiority, test.ties) == (0.0, 1.0, 0.5, 30)
    assert "cannot be told apart from" in test.in_words()


def test_models_that_share_no_customer_are_told_as_such() -> None:
    values = {"a": np.asarray([1.0, np.nan]), "b": np.asarray([np.nan, 1.0])}
    family = compared(values, [("a", "b")], "m", 7, "two")
    assert "share no customer" in family.tests[0].in_words()
    json.dumps(family.as_json(), allow_nan=False)


def test_correction_turns_a_lucky_find_into_none() -> None:
    rng = np.random.default_rng(6)
    values = {f"m{i}": rng.normal(0.0, 1.0, 40) for i in range(20)} | {"base": np.zeros(40)}
    family = against_best(values, ["base"], "m", 7)
    assert min(test.p_value for test in family.tests) < 0.05
    assert all(test.verdict == "not told apart" for test in family.tests)
    assert "after Holm over 20 tests" in family.tests[0].in_words()


def test_what_cannot_be_paired_is_refused() -> None:
    with pytest.raises(UsageError, match="same customers"):
        compared({"a": np.ones(3), "b": np.ones(4)}, [("a", "b")], "m", 7, "two")
    with pytest.raises(UsageError, match="no baseline"):
        against_best({"a": np.ones(3)}, ["knn"], "m", 7)
    assert against_best({"knn": np.ones(3)}, ["knn"], "m", 7).tests == ()


def test_skewed_differences_with_mean_nought_raise_no_alarm_here_but_always_with_wilcoxon() -> None:
    rng = np.random.default_rng(0)
    helped = rng.random((200, 200)) < 0.1  # one customer in ten gains .9, nine lose .1: nothing on average
    gaps = np.where(helped, 0.9, -0.1) + rng.normal(0, 0.02, (200, 200))
    assert (sign_flip_p(gaps, 7, 999) < 0.05).mean() <= 0.1
    assert np.mean([wilcoxon(gaps[:, at]).pvalue < 0.05 for at in range(40)]) == 1.0
