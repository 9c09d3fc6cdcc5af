"""Whatever was made from interactions must have been made from those before the cut: popularity, IDF weights,
features, a re-ranker's labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.dataset import Dataset, Events
from recommender.evaluation.leakage.finding import Finding, judged
from recommender.evaluation.leakage.matching import shared
from recommender.evaluation.leakage.parting import COLD_SPLITS
from recommender.evaluation.splits import Fold
from recommender.items import Ints


@dataclass(frozen=True, slots=True, eq=False)
class LearntFrom:
    """What one artefact was made from.

    what: the artefact in words, such as "popularity of the last 30 days". events, asof: those of the dataset
    that it was computed from. counts: int64 (n,), the customers per product that it used, where it did.
    labels: for a re-ranker, the window (UTC seconds, from the first on and before the second) of the choices
    that it was taught to foresee; ``events``, its features, must be from before it.
    """

    what: str
    events: Events
    asof: float
    counts: Ints | None = None
    labels: tuple[float, float] | None = None

    @classmethod
    def of(
        cls,
        what: str,
        data: Dataset,
        counts: Ints | None = None,
        labels: tuple[float, float] | None = None,
    ) -> LearntFrom:
        """Something that was computed from a dataset."""
        return cls(what, data.events, data.asof, counts, labels)


def check_learnt(record: LearntFrom, fold: Fold) -> Finding:
    """One artefact against the fold that it serves."""
    n = len(fold.test.items)
    faults = {
        "events that the test asks for": int(shared(record.events, fold.tested, n).sum()),
        "products whose count differs from that of the events it names": _differing(record, fold),
    }
    if fold.split in COLD_SPLITS:
        cold = np.isin(record.events.items, fold.test.wanted.indices)
        faults["events on products that should be cold"] = int(cold.sum())
    if fold.until is not None:
        faults["events from after the cut"] = int((record.events.times >= fold.until).sum())
        faults["moments after the cut as of which it was computed"] = int(record.asof > fold.until)
    if record.labels is not None:
        first, last = record.labels
        faults["events from after the first label"] = int((record.events.times >= first).sum())
        faults["moments after the first label as of which features were computed"] = int(record.asof > first)
        if fold.until is not None:
            faults["windows of labels that end after the cut"] = int(last > fold.until)
    found = {words: count for words, count in faults.items() if count}
    told = ", ".join(f"{count} {words}" for words, count in found.items())
    return judged(
        f"from before the cut: {record.what}",
        len(record.events),
        len(found),
        f"{record.what}: made from {told}",
        "made from what may be learnt only" if fold.until is None else "made from before the cut only",
    )


def _differing(record: LearntFrom, fold: Fold) -> int:
    if record.counts is None:
        return 0
    own = fold.fit.with_events(record.events).item_counts()
    return int((own != record.counts).sum()) if len(own) == len(record.counts) else len(own)
