"""A recommendation model as the target policy of an off-policy evaluation: what it would have shown where and
when the log says that something was shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from data.errors import NotReady, UsageError
from recommender.dataset import Dataset, customer_key
from recommender.evaluation.contestants import ALL, contestants, names_of
from recommender.evaluation.exam import Exam
from recommender.evaluation.policylog import MOMENT, PolicyLog
from recommender.evaluation.ranking import rank
from recommender.evaluation.splits import as_date
from recommender.histories import Histories
from recommender.items import Bools, Doubles, Ints
from recommender.models.base import Fitted
from recommender.search import Search
from recommender.training import lessons_of
from recommender.tuning import Tell, silent, tune


@dataclass(frozen=True, slots=True)
class Rules:
    """What the target policy may not show, beside what had not arrived: what the customer has met, unless
    ``repeat``, and products that are sold out (ids), unless the log shows that they could be shown.
    """

    repeat: bool = False
    sold_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A model's policy on a log.

    probabilities: float64 (n,), 1 where the model puts the row's product at the row's position, else 0.
    interactions, until: what it learnt from, and the moment (UTC seconds) that all of it is before. gone:
    rows of products that are no longer in the shop, which it never shows. sold_out: products it may not show.
    """

    model: str
    probabilities: Doubles
    interactions: int
    until: float
    gone: int
    sold_out: int

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "policy": self.model,
            "interactions": self.interactions,
            "until": as_date(self.until),
            "rows_matched": int(self.probabilities.sum()),
            "rows_of_products_no_longer_in_the_shop": self.gone,
            "products_sold_out": self.sold_out,
        }


def target_of(
    name: str,
    log: PolicyLog,
    data: Dataset,
    rules: Rules | None = None,
    seed: int = 7,
    search: Search | None = None,
    tell: Tell | None = None,
) -> Target:
    """Tune and fit a model of the table (or ``vitrine``) on what was known before the log's first answer, and
    let it answer every question of the log.

    A question is answered from the customer's interactions before it, with a list as long as the log's.
    Raises UsageError for an unknown model, a log without moments or with positions below 1, or an answer to
    several customers; NotReady where nothing was known before the first answer.
    """
    chosen = names_of((name,))
    if name == ALL:
        raise UsageError("an off-policy evaluation has one target policy: name one model")
    asked, told = _Questions.of(log), rules or Rules()
    shown = data.items.rows(log.products.tolist())
    data = _there_when_shown(data, shown, asked.times[asked.place])
    first = float(asked.times.min())
    past = data.until(first)
    if not len(past.events):
        raise NotReady(
            f"no interaction is from before the log's first answer ({as_date(first)}), so there is nothing "
            "that the model may learn from"
        )
    lessons = lessons_of(past)
    tuned = tune(lessons, tell, seed, search)
    (tell or silent)(f"fitting {name}")
    entered = contestants(chosen, tuned, lessons, [seed], search, tell or silent)[0]
    hidden = _hidden(data, shown, told)
    probabilities = answers_of(entered.recipes[seed].fit(past), log, data, hidden, told.repeat)
    gone = int((shown < 0).sum())
    return Target(name, probabilities, len(past.events), first, gone, int(hidden.sum()))


def answers_of(
    model: Fitted, log: PolicyLog, data: Dataset, hidden: Bools | None = None, repeat: bool = False
) -> Doubles:
    """float64 (n,): 1 where a fitted model puts the row's product at the row's position, else 0.

    data: everything that is known; each question is answered from what is before it. hidden: bool
    (products,), what may never be shown.
    """
    asked = _Questions.of(log)
    arrived = data.items.arrived
    exam = Exam(
        who=np.zeros(len(asked.times), np.int64),
        histories=_histories(data, asked.customers, asked.times),
        wanted=sparse.csr_array((len(asked.times), len(data.items)), dtype=np.bool_),
        # What may not be shown has not arrived, whenever one asks.
        items=data.items.arriving(arrived if hidden is None else np.where(hidden, np.inf, arrived)),
        excluded={},
        dropped={},
        repeat=repeat,
    )
    top = rank(model, exam, int(log.positions.max())).top
    shown = data.items.rows(log.products.tolist())
    found: Doubles = ((top[asked.place, log.positions - 1] == shown) & (shown >= 0)).astype(np.float64)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Questions:
    """The q answers of a log: whom, when (q,), and for every row which of them it belongs to (n,)."""

    customers: Sequence[str]
    times: Doubles
    place: Ints

    @classmethod
    def of(cls, log: PolicyLog) -> _Questions:
        if log.times is None:
            raise UsageError(f"the log has no column {MOMENT}, so it is not known what was known when")
        if not len(log) or int(log.positions.min()) < 1:
            raise UsageError("a model can be the target of a log with rows, whose positions count from 1")
        _, at, place = np.unique(log.requests.astype(str), return_index=True, return_inverse=True)
        odd = np.flatnonzero(log.customers != log.customers[at[place]])
        if len(odd):
            raise UsageError(
                f"the answer {log.requests[odd[0]]!r} of the log was given to more than one customer "
                f"(row {odd[0] + 1})"
            )
        times = np.full(len(at), np.inf)
        np.minimum.at(times, place, log.times)
        return cls([str(c) for c in log.customers[at]], times, place.astype(np.int64))


def _histories(data: Dataset, customers: Sequence[str], times: Doubles) -> Histories:
    """What each of these customers had done before each of these moments; they may come several times."""
    events = data.events
    order = np.argsort(events.customers, kind="stable")  # events are in order of time, so each customer's are
    starts = np.searchsorted(events.customers[order], np.arange(len(data.customers) + 1))
    row_of = {customer: row for row, customer in enumerate(data.customers)}
    parts: list[Ints] = []
    for customer, moment in zip(customers, times, strict=True):
        row = row_of.get(customer)
        mine = order[:0] if row is None else order[starts[row] : starts[row + 1]]
        parts.append(mine[: np.searchsorted(events.times[mine], moment, side="left")])
    counts = np.asarray([len(part) for part in parts], np.int64)
    taken = np.concatenate(parts).astype(np.int64)
    return Histories(
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        items=events.items[taken],
        weights=events.weights[taken],
        times=events.times[taken],
        now=times,
        keys=np.asarray([customer_key(customer) for customer in customers], np.uint64),
    )


def _there_when_shown(data: Dataset, shown: Ints, times: Doubles) -> Dataset:
    """A product that was shown was in the catalogue then, whenever it was first chosen."""
    arrived = data.items.arrived.copy()
    np.minimum.at(arrived, shown[shown >= 0], times[shown >= 0])
    return replace(data, items=data.items.arriving(arrived))


def _hidden(data: Dataset, shown: Ints, rules: Rules) -> Bools:
    """bool (products,): sold out, and not among the products that were shown."""
    rows = data.items.rows(sorted(rules.sold_out))
    hidden = np.zeros(len(data.items), np.bool_)
    hidden[rows[rows >= 0]] = True
    hidden[shown[shown >= 0]] = False
    return hidden
