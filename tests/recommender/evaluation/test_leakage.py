"""Leaks are planted, and the check must find each of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import LeakageFound
from recommender.dataset import Events
from recommender.evaluation import evaluate as protocol
from recommender.evaluation.exam import Lesson
from recommender.evaluation.leakage import check
from recommender.evaluation.splits import SPLITS, Fold, split
from tests.recommender.makers import shop_like

DATA = shop_like()


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
