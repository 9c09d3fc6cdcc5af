"""Several windows as one test, in which a customer is one unit however often they were asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import UsageError
from recommender.evaluation import evaluate
from recommender.evaluation.evaluate import Plan, carry_out
from recommender.evaluation.pooled import METRICS, pool
from recommender.evaluation.report import write_windows
from recommender.evaluation.result import Evaluation
from recommender.evaluation.splits import folds
from recommender.settings import Settings
from recommender.tuning import Tuned
from tests.recommender.makers import shop_like

MODELS = ("random", "popularity", "looks")


@pytest.fixture(scope="module")
def found() -> list[Evaluation]:
    data = shop_like(90)
    plan = Plan("rolling", MODELS, seeds=1)
    with pytest.MonkeyPatch.context() as patch:  # tuning is not what is asked here, and takes its time
        patch.setattr(evaluate, "tune", lambda *_: Tuned(Settings(), {}, {}, 0, "not tuned"))
        return [carry_out(plan, data, fold) for fold in folds(data, "rolling", 3, False)]


def with_values(one: Evaluation, values: dict[str, np.ndarray]) -> Evaluation:
    """The same window in which every model is worth something else, alike in all metrics."""
    table = {model: dict.fromkeys(METRICS, values[model]) for model in MODELS}
    return replace(one, behind=replace(one.behind, values=table))


def customers(one: Evaluation) -> list[str]:
    return [one.behind.data.customers[row] for row in one.behind.fold.test.who.tolist()]


def test_a_customer_counts_once_with_the_mean_over_their_windows(found: list[Evaluation]) -> None:
    pooled = pool(found, 7)
    by_customer: dict[str, list[float]] = {}
    for one in found:
        for name, value in zip(customers(one), one.behind.values["looks"]["ndcg@10"], strict=True):
            by_customer.setdefault(name, []).append(float(value))
    assert (pooled.windows, pooled.customers) == (3, len(by_customer))
    assert pooled.answers == sum(len(values) for values in by_customer.values())
    assert 0 < pooled.several == sum(len(values) > 1 for values in by_customer.values())
    looks = next(model for model in pooled.models if model.model == "looks")
    assert looks.metrics["ndcg@10"] == pytest.approx(np.mean([np.mean(v) for v in by_customer.values()]))
    low, high = looks.intervals["ndcg@10"]
    assert low < looks.metrics["ndcg@10"] < high
    assert [family.metric for family in pooled.families] == ["ndcg@10", "recall@12", "map@12"]
    assert {test.customers for family in pooled.families for test in family.tests} == {pooled.customers}
    assert all(test.p_holm >= test.p_value for test in pooled.families[0].tests)
    assert pooled.families[0].tests[0].family == 2


def test_the_same_window_twice_tells_nothing_more(found: list[Evaluation]) -> None:
    once, twice = pool(found[:1], 7), pool([found[0], found[0]], 7)
    assert (twice.customers, twice.several, twice.answers) == (
        once.customers,
        once.customers,
        2 * once.answers,
    )
    assert twice.models == once.models, "intervals are no narrower"
    assert twice.families == once.families, "and the p-values no smaller"


def test_customers_of_many_windows_do_not_make_a_difference_out_of_chance(found: list[Evaluation]) -> None:
    """Models alike on average, customers who are not: lists counted apart would raise a false alarm far too
    often, as one customer's lists go the same way.
    """
    rng = np.random.default_rng(5)
    names = sorted({name for one in found for name in customers(one)})
    alarms, naive = 0, 0
    for _ in range(40):
        tastes = dict(zip(names, rng.normal(0, 1, len(names)), strict=True))
        drawn = []
        for one in [found[0], *found]:  # the first window twice: half of its lists say nothing new
            gap = np.asarray([tastes[name] for name in customers(one)])
            zero = np.zeros(len(gap))
            drawn.append(with_values(one, {"random": zero, "popularity": zero, "looks": gap}))
        test = next(t for t in pool(drawn, 7).families[0].tests if "looks" in (t.model, t.baseline))
        alarms += test.p_value < 0.05
        lists = np.concatenate([one.behind.values["looks"]["ndcg@10"] for one in drawn])
        naive += abs(lists.mean()) / (lists.std(ddof=1) / len(lists) ** 0.5) > 1.96
    assert alarms <= 6
    assert naive > 2 * max(alarms, 2)


def test_windows_of_other_models_are_refused(found: list[Evaluation]) -> None:
    with pytest.raises(UsageError, match="same models"):
        pool([found[0], replace(found[1], models=found[1].models[:1])], 7)
    with pytest.raises(UsageError, match="same models"):
        pool([], 7)


def test_the_page_shows_the_pooled_figures_and_leads_to_the_windows(
    found: list[Evaluation], tmp_path_factory: pytest.TempPathFactory
) -> None:
    pooled = replace(pool(found, 7), simulated=True)
    page = write_windows(found, pooled, tmp_path_factory.mktemp("pooled") / "deep").read_text("utf-8")
    looks = next(model for model in pooled.models if model.model == "looks")
    assert f"{looks.metrics['ndcg@10']:.4f}" in page
    assert [f'href="window-{n}/report.html"' in page for n in (1, 2, 3)] == [True] * 3
    assert "SIMULATED" in page
    for word in ("<script", "http://", "https://", "src="):
        assert word not in page.replace("http://www.w3.org/2000/svg", "")
