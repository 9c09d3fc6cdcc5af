from __future__ import annotations

import numpy as np
import pytest

from recommender.evaluation.bootstrap import paired
from recommender.evaluation.result import Comparison, ModelResult
from recommender.evaluation.significance import Family, against_best
from recommender.evaluation.verdict import headline

CUSTOMERS = 60


def values(gain: float) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """What models were worth to customers; the blend is better than popularity by ``gain`` on the whole."""
    rng = np.random.default_rng(3)
    base = rng.random(CUSTOMERS)
    noise = rng.normal(0, 0.1, (9, CUSTOMERS))
    noise -= noise.mean(axis=1, keepdims=True)
    others = {f"other {at}": base - 0.01 + row for at, row in enumerate(noise[1:])}
    return {"popularity": base, "vitrine": base + gain + noise[0], **others}


def told(gain: float, families: bool) -> tuple[str, Family]:
    table = values(gain)
    gaps = paired({"ndcg@10": table["vitrine"]}, {"ndcg@10": table["popularity"]}, 7)
    models = [ModelResult(name, {"ndcg@10": float(v.mean())}, {}, {}) for name, v in table.items()]
    family = against_best(table, [name for name in table if name != "vitrine"], "ndcg@10", 7)
    compared = Comparison("vitrine", "popularity", gaps, {})
    return headline(models, compared, CUSTOMERS, (family,) if families else ()), family


def test_the_verdict_goes_by_the_corrected_p_value() -> None:
    words, family = told(0.035, families=True)
    test = next(test for test in family.tests if test.model == "vitrine")
    assert test.p_value < 0.05 < test.p_holm
    assert f"p = {test.p_holm:.2g} after Holm over {family.tests[0].family} tests" in words
    assert "cannot be told apart from popularity" in words
    assert "is better than popularity" in told(0.035, families=False)[0]


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [(0.3, "is better than"), (-0.001, "cannot be told apart from"), (-0.3, "is worse than")],
)
def test_large_differences_are_told_and_none_is_not(gain: float, verdict: str) -> None:
    assert verdict in told(gain, families=False)[0]
    if gain > -0.1:  # else another baseline is the best, and the comparison is not in the family
        assert verdict in told(gain, families=True)[0]


def test_without_a_family_there_is_no_correction() -> None:
    words, _ = told(0.3, families=False)
    assert "p = " in words
    assert "Holm" not in words
