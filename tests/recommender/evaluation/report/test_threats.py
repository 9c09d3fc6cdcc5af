from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recommender.evaluation.evaluate import Plan, carry_out
from recommender.evaluation.leakage import Finding
from recommender.evaluation.leakage.embedder import NAME as EMBEDDER
from recommender.evaluation.report.threats import Threat, threats
from recommender.evaluation.result import Evaluation
from recommender.evaluation.splits import split
from tests.recommender.evaluation.shops import shop_with_arrivals


@pytest.fixture(scope="module")
def found() -> Evaluation:
    data = shop_with_arrivals(customers=120)
    return carry_out(Plan("time", ("random", "popularity", "looks")), data, split(data, "time"))


def told(found: Evaluation) -> dict[str, Threat]:
    return {threat.name: threat for threat in threats(found)}


def test_the_heaviest_come_first(found: Evaluation) -> None:
    weights = [threat.weight for threat in threats(replace(found, openings=1, simulated=True))]
    order = ["heavy", "some", "none seen"]
    assert weights == sorted(weights, key=order.index)
    assert set(weights) == set(order)


def test_simulated_customers_are_a_heavy_threat_and_only_where_there_are_any(found: Evaluation) -> None:
    assert "simulated customers" not in told(found)
    assert told(replace(found, simulated=True))["simulated customers"].weight == "heavy"


@pytest.mark.parametrize(
    ("openings", "weight"), [(None, "some"), (1, "none seen"), (2, "some"), (9, "heavy")]
)
def test_every_opening_of_the_test_makes_it_worth_less(
    found: Evaluation, openings: int | None, weight: str
) -> None:
    threat = told(replace(found, openings=openings))["the test was opened before"]
    assert threat.weight == weight
    assert openings is None or openings == 1 or f"{openings} times" in threat.words


def test_few_customers_are_told_with_the_size_that_could_be_seen(found: Evaluation) -> None:
    assert found.power is not None
    threat = told(found)["too few customers"]
    assert f"{found.power.detectable:.4f}" in threat.words
    sharp = replace(found.power, detectable=found.families[0].tests[0].theirs / 50)
    assert told(replace(found, power=sharp, customers=5000))["too few customers"].weight == "none seen"


def test_one_window_is_told_with_its_days_and_several_are_no_threat(found: Evaluation) -> None:
    assert "one window of 33 days" in told(found)["one window only"].words
    assert told(found)["one window only"].weight == "some"
    rolled = replace(found, split="rolling", described={"window": "2 of 3"})
    assert told(rolled)["one window only"].weight == "none seen"
    last = replace(found, split="last", described={})
    assert "flatters" in told(last)["no cut in time"].words


def test_shares_are_counted_from_the_data(found: Evaluation) -> None:
    chosen = found.behind.fold.test.wanted.indices
    cold = int((found.behind.fold.fit.item_counts()[chosen] == 0).sum())
    assert cold > 0
    assert f"({cold:,} of {len(chosen):,})" in told(found)["new products and customers"].words
    seen = found.dropped["seen_before"]
    assert f"({seen:,} of {seen + len(chosen):,})" in told(found)["products seen before are left out"].words


def test_unknown_dates_of_the_catalogue_are_counted(found: Evaluation) -> None:
    items = found.behind.fold.test.items
    assert "100 % of the products (90 of 90)" in told(found)["dates of the catalogue"].words
    dated = replace(items, arrived=np.where(np.arange(90) < 30, -np.inf, 5.0))
    fold = replace(found.behind.fold, test=replace(found.behind.fold.test, items=dated))
    some = replace(found, behind=replace(found.behind, fold=fold))
    assert "33 % of the products (30 of 90)" in told(some)["dates of the catalogue"].words


def test_where_nobody_buys_a_look_is_a_choice(found: Evaluation) -> None:
    assert told(found)["weak choices"].weight == "none seen"
    data = found.behind.data
    views = data.with_events(replace(data.events, weights=np.full(len(data.events), 0.1)))
    looked = replace(found, behind=replace(found.behind, data=views))
    assert told(looked)["weak choices"].weight == "heavy"


@pytest.mark.parametrize(
    ("status", "weight"), [("passed", "none seen"), ("flagged", "heavy"), ("not possible", "some")]
)
def test_the_embedder_weighs_as_the_audit_found_it(found: Evaluation, status: str, weight: str) -> None:
    finding = Finding(EMBEDDER, status, 1, "words of the audit")  # type: ignore[arg-type]
    threat = told(replace(found, findings=(finding,)))["what the embedder has seen"]
    assert (threat.weight, threat.words) == (weight, "Words of the audit.")


def test_baselines_that_were_not_tuned_are_named(found: Evaluation) -> None:
    assert told(found)["effort spent on baselines"].weight == "none seen"
    ours = {"model": "vitrine", "tries": 29}
    lazy = replace(found, contestants=(*found.contestants, {"model": "vbpr", "tries": 1}, ours))
    threat = told(lazy)["effort spent on baselines"]
    assert threat.weight == "heavy"
    assert "Not tuned at all: vbpr" in threat.words


def test_few_seeds_are_told(found: Evaluation) -> None:
    assert told(found)["few seeds"].weight == "none seen"
    first = found.models[0]
    once = {name: replace(one, means=one.means[:1]) for name, one in first.spreads.items()}
    few = replace(found, models=(replace(first, spreads=once), *found.models[1:]))
    assert "Of random fewer" in told(few)["few seeds"].words
