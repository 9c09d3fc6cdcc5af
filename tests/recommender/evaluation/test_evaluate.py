from __future__ import annotations

import json
import math

import numpy as np
import pytest

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.evaluation.evaluate import evaluate_dataset
from recommender.evaluation.ranking import rank
from recommender.evaluation.result import Evaluation
from recommender.evaluation.splits import SPLITS, split
from recommender.evaluation.verdict import reason_to_withhold
from recommender.histories import Histories
from recommender.items import Bools, Floats
from recommender.settings import MODELS, Settings
from tests.recommender.makers import data_of, items_of, shop_like


@pytest.fixture(scope="module")
def data() -> Dataset:
    return shop_like(customers=140)


@pytest.fixture(scope="module")
def found(data: Dataset) -> Evaluation:
    return evaluate_dataset(data, "time")


def test_the_shape_that_machines_read(found: Evaluation) -> None:
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert [m["model"] for m in told["models"]] == list(MODELS)
    assert told["split"] == "time"
    assert told["customers"] == len(found.behind.fold.test)
    for model in told["models"]:
        for name in ("recall", "ndcg", "map", "mrr", "hit_rate", "coverage", "novelty", "ild", "gini"):
            for k in (5, 10, 20, 50):
                assert math.isfinite(model["metrics"][f"{name}@{k}"])
        for name in ("recall@10", "ndcg@50", "novelty@5", "ild@20"):
            low, high = model["intervals"][name]
            assert low <= model["metrics"][name] <= high
        assert set(model["slices"]) >= {"cold_items", "warm_items", "cold_customers", "warm_customers"}


def test_the_same_data_gives_the_same_figures(data: Dataset, found: Evaluation) -> None:
    assert evaluate_dataset(data, "time").as_json() == found.as_json()


def test_models_that_know_the_groups_beat_those_that_do_not(found: Evaluation) -> None:
    at = {m.model: m.metrics["ndcg@10"] for m in found.models}
    assert at["vitrine"] > at["popularity"] > 0
    assert at["looks"] > at["random"]
    assert at["vitrine"] >= 0.95 * max(at["looks"], at["item-knn"])


def test_random_finds_what_chance_finds(found: Evaluation) -> None:
    exam = found.behind.fold.test
    open_products = (~exam.barred(0, len(exam))).sum(axis=1)
    expected = float((10 / open_products).mean())
    low, high = found.model("random").intervals["recall@10"]
    assert low - 0.03 <= expected <= high + 0.03


def test_slices_part_the_customers(found: Evaluation) -> None:
    parts = found.model("looks").slices
    histories = sum(parts[name].customers for name in parts if name.startswith("history"))
    assert histories == found.customers
    assert parts["cold_customers"].customers + parts["warm_customers"].customers == found.customers
    assert parts["cold_items"].wanted + parts["warm_items"].wanted == found.behind.fold.test.wanted.nnz


def test_the_comparison_is_with_the_best_baseline(found: Evaluation) -> None:
    compared = found.comparison
    assert compared is not None
    at = {m.model: m.metrics["ndcg@10"] for m in found.models}
    baselines = {name: value for name, value in at.items() if name != "vitrine"}
    assert compared.baseline == max(baselines, key=lambda name: baselines[name])
    gap = compared.differences["ndcg@10"]
    assert gap.mean == pytest.approx(at["vitrine"] - at[compared.baseline])
    assert gap.interval[0] <= gap.mean <= gap.interval[1]


def test_the_headline_says_how_sure_it_is(found: Evaluation) -> None:
    assert found.headline is not None
    assert found.withheld is None
    assert "p = " in found.headline
    assert str(found.customers) in found.headline


@pytest.mark.parametrize("name", SPLITS)
def test_every_split_is_evaluated(data: Dataset, name: str) -> None:
    told = evaluate_dataset(data, name, ["popularity", "looks"]).as_json()
    assert [m["model"] for m in told["models"]] == ["popularity", "looks"]
    assert told["comparison"] is None
    if name == "cold-items":
        popular, looks = (m["metrics"]["recall@20"] for m in told["models"])
        assert looks > popular == 0


def test_too_few_interactions_or_customers_withhold_the_headline() -> None:
    small = evaluate_dataset(shop_like(customers=40), "time", ["popularity"])
    assert small.headline is None
    assert small.as_json()["headline"] is None
    assert "interactions are too few" in str(small.withheld)
    assert reason_to_withhold(1000, 25) is None
    assert "999" in str(reason_to_withhold(999, 25))
    assert "24 customers" in str(reason_to_withhold(1000, 24))


def test_unknown_models_are_refused_before_the_work(data: Dataset) -> None:
    with pytest.raises(UsageError, match="no model 'magic'"):
        evaluate_dataset(data, "time", ["magic"])


def test_a_cold_product_is_found_by_its_looks() -> None:
    items = items_of()
    events = [(f"c{i}", "shoe1", 1.0, 1.0 + i / 100) for i in range(20)]
    events += [(f"c{i}", "hat1", 1.0, 20.0 + i / 100) for i in range(20)]
    events += [(f"c{i}", "shoe2", 1.0, 40.0 + i / 100) for i in range(10)]
    fold = split(data_of(items, events), "time")
    cold = items.row_of["shoe2"]
    assert fold.fit.item_counts()[cold] == 0
    looks = rank(Settings().model("looks").fit(fold.fit), fold.test)
    assert (looks.top[:, :2] == cold).any(axis=1).all()


class Broken:
    """A model that cannot say a number."""

    name = "broken"
    silence = 0.0

    def score(self, histories: Histories, barred: Bools | None = None) -> Floats:
        return np.full((len(histories), 90), np.nan, np.float32)


def test_nan_fails_the_evaluation(data: Dataset) -> None:
    with pytest.raises(UsageError, match="broken"):
        rank(Broken(), split(data, "time").test)


def test_seen_products_are_never_in_a_ranking(found: Evaluation) -> None:
    exam = found.behind.fold.test
    barred = exam.barred(0, len(exam))
    for ranking in found.behind.rankings.values():
        shown = np.where(ranking.top >= 0, ranking.top, 0)
        assert not (np.take_along_axis(barred, shown, 1) & (ranking.top >= 0)).any()


def test_batches_do_not_change_a_ranking(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from recommender.evaluation import ranking

    fold = split(data, "time")
    fitted = Settings().model("vitrine").fit(fold.fit)
    whole = rank(fitted, fold.test).top
    monkeypatch.setattr(ranking, "CELLS", 90 * 7)
    assert np.array_equal(whole, rank(fitted, fold.test).top)
