"""Values per customer of several windows as one: every customer once, as in ``pooled``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.errors import UsageError
from recommender.evaluation.percustomer import PerCustomer, Run
from recommender.items import Doubles


def over_windows(parts: Sequence[PerCustomer]) -> PerCustomer:
    """A customer's values are the means of each run over the windows in which they were asked, NaN where one
    of these has none; what they chose is added up, and the history is the longest. No slices: a customer may
    be in one in some windows only.

    parts: one per window. Raises UsageError where there is none, or where they differ in models, seeds or
    metrics.
    """
    keys = [[(run.model, run.seed) for run in part.runs] for part in parts]
    if not parts or any(one != keys[0] for one in keys) or len({part.metrics for part in parts}) > 1:
        raise UsageError("its windows do not hold the same models, seeds and metrics; evaluate it again")
    ids = np.asarray([name for part in parts for name in part.customer_ids], np.str_)
    customers, place = np.unique(ids, return_inverse=True)
    times = np.bincount(place)

    def mean(tables: Sequence[Doubles]) -> Doubles:
        values: Doubles = np.bincount(place, np.concatenate(tables), minlength=len(customers)) / times
        return values

    wanted, history = np.zeros(len(customers), np.int64), np.zeros(len(customers), np.int64)
    np.add.at(wanted, place, np.concatenate([part.wanted for part in parts]))
    np.maximum.at(history, place, np.concatenate([part.history for part in parts]))
    runs = tuple(
        Run(
            model,
            seed,
            {name: mean([part.runs[row].values[name] for part in parts]) for name in parts[0].metrics},
        )
        for row, (model, seed) in enumerate(keys[0])
    )
    return PerCustomer(tuple(customers.tolist()), wanted, history, {}, runs)
