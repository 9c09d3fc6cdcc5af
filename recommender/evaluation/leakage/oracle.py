"""Models that know the future: by who is asked, or because they were made with the test at hand.

A list that is good proves nothing: honest models are good too. Two questions have an answer that does not
depend on how good a model is.

*Strangers.* A fitted model knows a customer by the history alone. If everybody keeps the name, the moment
and the place in the line, but is given the history of somebody else who is asked at about the same time,
an honest list says no more of one's own answers than of those of a third person. A model that remembers
answers by name keeps finding them.

*Another future.* If every product that stands in the test is exchanged for another one, and the model is
made anew in that world, an honest model is the same as before to the last list, since nothing that it may
read has changed. Whatever changes has been read from the test: answers, popularity after the cut, features,
settings. It needs a second fit, and finds every leak that goes through the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from recommender.dataset import Dataset, Events
from recommender.evaluation.exam import Exam
from recommender.evaluation.leakage.chance import excess
from recommender.evaluation.leakage.finding import Finding, judged
from recommender.evaluation.leakage.matching import shared
from recommender.evaluation.ranking import rank
from recommender.evaluation.splits import Fold
from recommender.histories import Histories
from recommender.items import Ints
from recommender.models.base import Fitted

BLOCK = 25  # customers asked at about the same time
FEWEST = 50
MOST = 500


def strangers_check(model: Fitted, exam: Exam, seed: int = 7, k: int = 10) -> Finding:
    """Whether the model knows answers by who is asked (see the module), on at most ``MOST`` customers."""
    name = f"future known by name: {model.name}"
    part = exam.first(MOST)
    if len(part) < FEWEST:
        words = f"{len(part)} customers are too few ({FEWEST} needed)"
        return Finding(name, "not possible", len(part), words)
    blocks = _blocks(part.histories.now)
    others = _others(blocks, seed)
    lists = rank(model, part.with_histories(exchanged(part.histories, others), others), k).top
    found = excess(lists, part.wanted, blocks, seed, related=others)
    return judged(
        name,
        len(part),
        found.beyond_chance,
        f"{model.name!r} finds customers' answers without their histories: recall@{k} {found.observed:.4f} "
        f"with a stranger's history, {found.expected:.4f} by chance",
        f"with a stranger's history recall@{k} is {found.observed:.4f}, by chance {found.expected:.4f}",
    )


def exchanged(histories: Histories, others: Ints) -> Histories:
    """Customer r keeps key and moment, and has the events of customer ``others[r]``, as old as they were when
    that one was asked.
    """
    lengths = np.diff(histories.starts)[others]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    places = np.arange(starts[-1]) + np.repeat(histories.starts[:-1][others] - starts[:-1], lengths)
    later = np.repeat(histories.now - histories.now[others], lengths)
    return replace(
        histories,
        starts=starts,
        items=histories.items[places],
        weights=histories.weights[places],
        times=histories.times[places] + later,
    )


def oracle_check(
    model: Fitted,
    build: Callable[[Dataset], tuple[Fold, Fitted]],
    data: Dataset,
    fold: Fold,
    seed: int = 7,
    k: int = 10,
) -> Finding:
    """Whether the model changes when only the future does (see the module), on at most ``MOST`` customers.

    model: the one that is evaluated. build: makes the fold and the model from a whole dataset, in the very
    way in which they were made from ``data``, with the same seed.
    """
    name = f"future read: {model.name}"
    if not fold.conclusive:
        words = f"the split {fold.split!r} draws pairs, so that another future is another split"
        return Finding(name, "not possible", 0, words)
    other_fold, other_model = build(other_future(data, fold, seed))
    part = fold.test.first(MOST)
    here, there = rank(model, part, k).top, rank(other_model, part, k).top
    changed = int((here != there).any(axis=1).sum())
    moved = not _same(fold.fit.events, other_fold.fit.events)
    learnt = "what is learnt and " if moved else ""
    return judged(
        name,
        len(part),
        changed + moved,
        f"{learnt}the lists of {changed} customers by {model.name!r} changed when only the test did",
        "made anew with another future, every list is the same",
    )


def other_future(data: Dataset, fold: Fold, seed: int) -> Dataset:
    """The same shop with the same past, in which everything from after the cut (without a cut: everything
    tested) happened to other products: all products change places at random.
    """
    n = len(data.items)
    events = data.events
    future = shared(events, fold.tested, n)
    if fold.until is not None:
        future |= events.times >= fold.until
    places = np.random.default_rng(seed).permutation(n)
    items = np.where(future, places[events.items], events.items)
    return data.with_events(Events.build(events.customers, items, events.weights, events.times))


def _same(a: Events, b: Events) -> bool:
    return all(
        np.array_equal(getattr(a, field), getattr(b, field))
        for field in ("customers", "items", "weights", "times")
    )


def _blocks(now: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Ints:
    """int64 (c,): customers asked one after the other share a block of ``BLOCK`` or a little more."""
    place = np.empty(len(now), np.int64)
    place[np.argsort(now, kind="stable")] = np.arange(len(now))
    blocks: Ints = np.minimum(place // BLOCK, max(len(now) // BLOCK - 1, 0))
    return blocks


def _others(blocks: Ints, seed: int) -> Ints:
    """int64 (c,): for everybody another customer of the same block, each taken once."""
    rng = np.random.default_rng(seed)
    others = np.empty(len(blocks), np.int64)
    for block in np.unique(blocks):
        circle = rng.permutation(np.flatnonzero(blocks == block))
        others[circle] = np.roll(circle, 1)
    return others
