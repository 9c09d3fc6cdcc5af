from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import nct, t, ttest_1samp

from data.errors import UsageError
from recommender.evaluation.power import customers_needed, detectable_difference, power_of
from recommender.evaluation.significance import PairedTest, compared


@pytest.mark.parametrize(("effect", "customers"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_the_numbers_of_the_textbook(effect: float, customers: int) -> None:
    # G*Power 3.1, paired t-test, two-sided, level .05, power .80
    assert customers_needed(effect, 1.0) == customers
    assert detectable_difference(1.0, customers) <= effect < detectable_difference(1.0, customers - 1)


@pytest.mark.parametrize("customers", [4, 12, 100, 5000])
def test_the_power_agrees_with_scipys_noncentral_t(customers: int) -> None:
    shift = detectable_difference(2.0, customers) / 2.0 * customers**0.5
    critical = t.ppf(0.975, customers - 1)
    power = nct.sf(critical, customers - 1, shift) + nct.cdf(-critical, customers - 1, shift)
    assert power == pytest.approx(0.8, abs=1e-5)


def test_four_of_five_simulated_tests_find_the_detectable_difference() -> None:
    apart = detectable_difference(0.5, 40)
    gaps = np.random.default_rng(0).normal(apart, 0.5, (40, 4000))
    assert (ttest_1samp(gaps, 0.0).pvalue < 0.05).mean() == pytest.approx(0.8, abs=0.025)


def test_a_smaller_difference_needs_many_more_customers() -> None:
    assert customers_needed(0.001, 0.2) == pytest.approx(2.8016**2 * 200**2, rel=1e-3)
    assert customers_needed(1e-9, 1.0) is None
    assert customers_needed(0.1, 0.0) == 2


def test_too_few_customers_show_nothing() -> None:
    assert np.isnan(detectable_difference(1.0, 1))


def test_nonsense_is_refused() -> None:
    with pytest.raises(UsageError, match="above 0"):
        customers_needed(0.0, 1.0)
    with pytest.raises(UsageError, match="between 0 and 1"):
        detectable_difference(1.0, 10, power=1.0)


def _test(shift: float, c: int = 50, deviation: float = 0.5) -> PairedTest:
    gaps = np.random.default_rng(0).normal(0, deviation, c)
    gaps += shift - gaps.mean()
    return compared({"a": gaps, "b": np.zeros(c)}, [("a", "b")], "ndcg@10", 7, "two").tests[0]


def test_words_say_what_could_have_been_seen_and_what_it_would_take() -> None:
    found = power_of(_test(0.05))
    words = found.in_words()
    assert "50 customers" in words
    assert f"{found.detectable:.4f} or more is found in 80%" in words
    assert found.needed is not None
    assert found.needed > 50
    assert "customers would find it" in words
    assert "would find it" not in power_of(_test(0.5)).in_words()
    json.dumps(found.as_json(), allow_nan=False)


def test_a_family_shares_its_level() -> None:
    rng = np.random.default_rng(0)
    values = {name: rng.random(50) for name in "abc"}
    one = compared(values, [("a", "b")], "m", 7, "one").tests[0]
    two = compared(values, [("a", "b"), ("a", "c")], "m", 7, "two").tests[0]
    assert power_of(two).level == 0.025
    assert power_of(two).detectable > power_of(one).detectable


def test_customers_who_all_differ_alike_and_a_single_customer_have_words_too() -> None:
    assert "nothing is left to chance" in power_of(_test(0.1, deviation=0.0)).in_words()
    assert "too few" in power_of(_test(0.1, c=1)).in_words()
    json.dumps(power_of(_test(0.1, c=1)).as_json(), allow_nan=False)
