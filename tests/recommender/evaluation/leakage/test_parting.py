"""Leaks are planted, and the check must find each of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import LeakageFound
from recommender.dataset import Events
from recommender.evaluation import evaluate as protocol
from recommender.evaluation.exam import Lesson
from recommender.evaluation.leakage import check, parting
from recommender.evaluation.splits import SPLITS, Fold, split
from tests.recommender.evaluation.shops import shop_with_arrivals

DATA = shop_with_arrivals()


def planted(fold: Fold, events: Events) -> Fold:
    return replace(fold, fit=fold.fit.with_events(fold.fit.events.joined(events)))


def one_of(events: Events, at: int = 0) -> Events:
    mask = np.zeros(len(events), np.bool_)
    mask[at] = True
    return events.where(mask)


@pytest.mark.parametrize("name", SPLITS)
def test_an_honest_split_passes_and_says_what_was_compared(name: str) -> None:
    looked = check(split(DATA, name))
    assert looked["test events among those learnt"] > 0
    assert looked["test answers in the histories told"] > 0


@pytest.mark.parametrize("name", SPLITS)
def test_one_test_interaction_in_training_is_found(name: str) -> None:
    fold = split(DATA, name)
    with pytest.raises(LeakageFound, match="leakage"):
        check(planted(fold, one_of(fold.tested, 3)))


@pytest.mark.parametrize("name", SPLITS)
def test_one_test_interaction_in_a_validation_window_is_found(name: str) -> None:
    fold = split(DATA, name)
    first = fold.lessons[0]
    known = first.known.with_events(first.known.events.joined(one_of(fold.tested)))
    with pytest.raises(LeakageFound, match="validation window 1"):
        check(replace(fold, lessons=(Lesson(known, first.exam), *fold.lessons[1:])))


def test_an_answer_learnt_at_another_moment_is_found() -> None:
    fold = split(DATA, "time")
    event = one_of(fold.tested)
    rows, columns = fold.test.wanted.nonzero()
    moved = Events.build(fold.test.who[rows[:1]], columns[:1], [1.0], [float(fold.fit.events.times[0])])
    assert len(event) == len(moved)
    with pytest.raises(LeakageFound, match="same customer"):
        check(planted(fold, moved))


def test_an_event_from_after_the_cut_is_found() -> None:
    fold = split(DATA, "time")
    late = Events.build([0], [0], [1.0], [fold.tested.times.max() + 1])
    with pytest.raises(LeakageFound, match="after the cut"):
        check(planted(fold, late))


def test_an_answer_in_the_history_told_is_found() -> None:
    fold = split(DATA, "time")
    told = fold.test.histories
    items = told.items.copy()
    row = int(np.flatnonzero(np.diff(told.starts))[0])
    items[told.starts[row]] = fold.test.wanted[[row]].indices[0]
    with pytest.raises(LeakageFound, match="histories told"):
        check(replace(fold, test=replace(fold.test, histories=replace(told, items=items))))


def test_a_history_from_after_the_question_is_found() -> None:
    fold = split(DATA, "user")
    told = fold.test.histories
    times = told.times.copy()
    times[-1] = told.now[-1] + 5
    with pytest.raises(LeakageFound, match="after the question"):
        check(replace(fold, test=replace(fold.test, histories=replace(told, times=times))))


def test_a_cold_product_that_was_learnt_is_found() -> None:
    fold = split(DATA, "cold-items")
    product = int(fold.test.wanted.indices[0])
    others = np.setdiff1d(np.arange(len(DATA.customers)), fold.tested.customers[fold.tested.items == product])
    early = Events.build([int(others[0])], [product], [1.0], [float(fold.fit.events.times[0])])
    with pytest.raises(LeakageFound, match="cold"):
        check(planted(fold, early))


def test_a_leaking_evaluation_never_comes_to_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = split(DATA, "time")
    monkeypatch.setattr(protocol, "split", lambda *_: planted(honest, one_of(honest.tested)))
    with pytest.raises(LeakageFound):
        protocol.evaluate_dataset(DATA, "time", ["popularity"])


def status_of(fold: Fold, name: str) -> str:
    return {finding.name: finding.status for finding in parting(fold)}[name]


def test_interactions_that_do_not_rise_in_time_are_found() -> None:
    fold = split(DATA, "time")
    events = fold.fit.events
    turned = Events(events.customers, events.items, events.weights, events.times[::-1].copy())
    assert status_of(fold, "times in order") == "passed"
    with pytest.raises(LeakageFound, match="after a later one"):
        check(replace(fold, fit=fold.fit.with_events(turned)))


def test_a_model_fitted_as_of_a_moment_after_the_cut_is_found() -> None:
    fold = split(DATA, "time")
    with pytest.raises(LeakageFound, match="1 datasets are fitted as of"):
        check(replace(fold, fit=replace(fold.fit, asof=float(fold.tested.times.max()))))


def test_a_tested_event_from_before_the_cut_is_found() -> None:
    fold = split(DATA, "time")
    assert fold.until is not None
    early = Events.build([0], [0], [1.0], [fold.until - 1])
    with pytest.raises(LeakageFound, match="1 tested events"):
        check(replace(fold, tested=fold.tested.joined(early)))


def test_a_validation_window_after_the_cut_is_found() -> None:
    fold = split(DATA, "time")
    first = fold.lessons[0]
    late = replace(first, exam=fold.test)
    assert status_of(fold, "validation windows before the cut") == "passed"
    assert status_of(replace(fold, lessons=(late,)), "validation windows before the cut") == "failed"


def test_where_choices_may_repeat_a_pair_may_be_on_both_sides_but_no_moment() -> None:
    fold = split(DATA, "time", repeat=True)
    assert status_of(fold, "test answers among pairs learnt") == "not possible"
    assert check(fold)
    with pytest.raises(LeakageFound, match="interactions that the test asks for"):
        check(planted(fold, one_of(fold.tested)))


def test_what_a_split_without_a_cut_cannot_promise_is_said() -> None:
    for name in ("last", "user", "random"):
        assert status_of(split(DATA, name), "events learnt after the cut") == "not possible"
