"""Which events, or which pairs of customer and product, are on two sides."""

from __future__ import annotations

import numpy as np

from recommender.dataset import Events
from recommender.distinct import among
from recommender.evaluation.exam import Exam
from recommender.items import Bools, Ints


def pairs(events: Events, n: int) -> Ints:
    """int64 (m,): customer and product of every event as one number; n: how many products there are."""
    keys: Ints = events.customers * np.int64(n) + events.items
    return keys


def asked(exam: Exam) -> Ints:
    """int64 (w,): the same of everything that an exam asks for."""
    rows, columns = exam.wanted.nonzero()
    keys: Ints = exam.who[rows] * np.int64(len(exam.items)) + columns
    return keys


def shared(events: Events, others: Events, n: int) -> Bools:
    """bool (m,): the events that are among ``others`` too: same customer, product and moment."""
    ours, theirs = pairs(events, n), pairs(others, n)
    found = among(ours, theirs)
    if found.any():
        close = among(theirs, ours[found])
        known = set(zip(theirs[close].tolist(), others.times[close].tolist(), strict=True))
        keys = zip(ours[found].tolist(), events.times[found].tolist(), strict=True)
        found[found] = [key in known for key in keys]
    return found
