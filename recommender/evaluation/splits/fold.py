"""One evaluation's parts, and their digest: two reports with the same one asked the same of the same past."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recommender.dataset import Dataset, Events, customer_key
from recommender.evaluation.exam import Exam, Lesson
from recommender.evaluation.splits.edges import as_date


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One evaluation: tune on ``lessons``, fit on ``fit``, and answer ``test`` once.

    No lesson and not ``fit`` hold an event that ``test`` asks for. tested: the events that must not be
    learnt from, for the leakage check. until: every learnt event is before this moment, where the split
    promises that; else None.
    described: the split in words and figures, for reports.
    conclusive: False for a split that exists to compare with published tables only.
    """

    split: str
    lessons: tuple[Lesson, ...]
    fit: Dataset
    test: Exam
    tested: Events
    until: float | None
    described: Mapping[str, object]
    conclusive: bool = True

    @property
    def digest(self) -> str:
        """Hex sha256 of what is learnt and what is tested, by the shop's ids; nothing in it is drawn."""
        return _digest(self.split, self.test.repeat, _sha256(self.fit.events, self.fit), self._tested())

    def as_json(self) -> dict[str, Any]:
        """The split as it is kept with a report; equal digests mean equal (customer, product, time) on
        every side.
        """
        learnt, tested = _sha256(self.fit.events, self.fit), self._tested()
        return {
            "split": self.split,
            "repeat": self.test.repeat,
            "conclusive": self.conclusive,
            "until": None if self.until is None else as_date(self.until),
            "described": dict(self.described),
            "fit": {"interactions": len(self.fit.events), "sha256": learnt},
            "validation": [
                {
                    "interactions": len(lesson.known.events),
                    "customers": len(lesson.exam),
                    "choices": int(lesson.exam.wanted.nnz),
                    "sha256": _sha256(lesson.known.events, lesson.known),
                }
                for lesson in self.lessons
            ],
            "test": {
                "interactions": len(self.tested),
                "customers": len(self.test),
                "choices": int(self.test.wanted.nnz),
                "sha256": tested,
            },
            "sha256": _digest(self.split, self.test.repeat, learnt, tested),
        }

    def _tested(self) -> str:
        return _sha256(self.tested, self.fit)


def _digest(split: str, repeat: bool, learnt: str, tested: str) -> str:
    return hashlib.sha256(json.dumps([split, repeat, learnt, tested]).encode()).hexdigest()


def _sha256(events: Events, of: Dataset) -> str:
    """Hex sha256 of (time, customer, product) of all events, in that order.

    Ids go in as 64-bit BLAKE2b numbers, so that neither the order of a file nor positions matter.
    """
    rows = np.empty(len(events), [("time", "<f8"), ("customer", "<u8"), ("product", "<u8")])
    rows["time"] = events.times
    rows["customer"] = _keys(of.customers)[events.customers]
    rows["product"] = _keys(of.items.ids)[events.items]
    order = np.lexsort((rows["product"], rows["customer"], rows["time"]))
    return hashlib.sha256(rows[order].tobytes()).hexdigest()


def _keys(ids: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.fromiter((customer_key(i) for i in ids), np.uint64, len(ids))
