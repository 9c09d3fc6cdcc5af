"""Growing the ranker's trees on validation windows, and finding out whether they do better than the blend.

The older windows teach, the newest one judges: how many trees are best there, by NDCG@50, and whether they
beat the blend by more than one standard error of the difference. Only then are trees kept, grown once more
on all windows. Every candidate's features come from what was known before its window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recommender.evaluation.exam import Lesson
from recommender.evaluation.ranking import batches
from recommender.items import Bools, Doubles, Floats, Ints
from recommender.ranker.signals import matrix
from recommender.ranker.trees import BASE, Lessons, Trees, grow
from recommender.ranker.vitrine import FittedVitrine, Vitrine
from recommender.topk import top_k

LIST = 50
ROUNDS = 240
STEP = 40
MOST_PAIRS = 1_500_000  # candidates that trees are grown on; more would only cost memory and time


@dataclass(frozen=True, slots=True)
class Growth:
    """What came of it. trees: None where they are not better. rounds: the best number of trees on the judging
    window. blend, reached: NDCG@50 there without and with them; note: in words."""

    trees: Trees | None
    rounds: int
    blend: float
    reached: float
    note: str

    def as_json(self) -> dict[str, Any]:
        """For manifests and reports."""
        return {
            "trees": 0 if self.trees is None else self.trees.count,
            "judged_ndcg@50": {"blend": round(self.blend, 6), "with_trees": round(self.reached, 6)},
            "note": self.note,
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """A window's candidates, and how many products each customer chose in it, candidates or not."""

    lessons: Lessons
    wanted: Ints

    def ndcg(self, scores: Floats, k: int = LIST) -> Doubles:
        """float64 (q,)."""
        ends = np.concatenate([[0], np.cumsum(self.lessons.sizes)])
        discounts = 1 / np.log2(np.arange(2, k + 2))
        ideal = np.cumsum(discounts)[np.minimum(self.wanted, k) - 1]
        values = np.zeros(len(self.wanted))
        for row in range(len(values)):
            part = slice(int(ends[row]), int(ends[row + 1]))
            top = top_k(scores[None, part], k)[0]
            hits = self.lessons.chosen[part][top[top >= 0]]
            values[row] = float(hits @ discounts[: len(hits)]) / ideal[row]
        return values


def learn(judged: Vitrine, recipe: Vitrine, lessons: Sequence[Lesson], seed: int) -> Growth:
    """Trees for a recipe that has none yet.

    lessons: oldest window first; of a single one, half of the customers teach and half judge. judged: the
    recipe with a blend whose weights were fitted without the newest window, so that both sides of the
    judgement are new to it.
    """
    names: tuple[str, ...] = ()
    windows = []
    for lesson in lessons:
        names, window = _candidates(judged.fit(lesson.known), lesson, MOST_PAIRS // len(lessons))
        windows.append(window)
    teach, judge = ([w.lessons for w in windows[:-1]], windows[-1])
    if not teach:
        even = np.arange(len(judge.wanted)) % 2 == 0
        teach, judge = [_of(judge, even).lessons], _of(judge, ~even)
    blend = judge.ndcg((BASE * judge.lessons.blend).astype(np.float32))
    taught = Lessons.joined(teach)
    if not taught.chosen.any():
        return Growth(None, 0, float(blend.mean()), float(blend.mean()), "no candidate was ever chosen")
    tried = grow(taught, names, ROUNDS, seed)
    means = {
        rounds: judge.ndcg(tried.scores(judge.lessons.table, judge.lessons.blend, rounds))
        for rounds in range(STEP, ROUNDS + 1, STEP)
    }
    rounds = max(means, key=lambda count: float(means[count].mean()))
    gain = means[rounds] - blend
    error = float(gain.std()) / max(len(gain), 1) ** 0.5
    if float(gain.mean()) <= error:
        note = "trees did not do better than the blend by more than one standard error, so there are none"
        return Growth(None, rounds, float(blend.mean()), float(means[rounds].mean()), note)
    if recipe != judged:
        windows = [
            _candidates(recipe.fit(part.known), part, MOST_PAIRS // len(lessons))[1] for part in lessons
        ]
    whole = Lessons.joined([w.lessons for w in windows])
    note = f"{rounds} trees, grown on {len(whole.sizes)} customers' candidates in {len(windows)} windows"
    trees = grow(whole, names, rounds, seed)
    return Growth(trees, rounds, float(blend.mean()), float(means[rounds].mean()), note)


def _candidates(fitted: FittedVitrine, lesson: Lesson, most: int) -> tuple[tuple[str, ...], _Judged]:
    """The candidates of a window's customers with features and labels, at most about ``most`` pairs."""
    parts: list[Lessons] = []
    wanted: list[Ints] = []
    names: tuple[str, ...] = ()
    pairs_held = 0
    for first, last in batches(len(lesson.exam), len(lesson.exam.items) * 2):
        if pairs_held >= most:
            break
        told = lesson.exam.histories.part(first, last)
        pairs, blended = fitted.pairs(told, lesson.exam.barred(first, last))
        named = fitted.features(told, pairs, blended)
        names = tuple(named)
        mask = lesson.exam.wanted_mask(first, last)
        table = matrix(named, names, len(pairs))
        parts.append(Lessons(table, blended, mask[pairs.owners, pairs.rows], pairs.sizes(last - first)))
        wanted.append(mask.sum(axis=1).astype(np.int64))
        pairs_held += len(pairs)
    return names, _Judged(Lessons.joined(parts), np.concatenate(wanted))


def _of(window: _Judged, customers: Bools) -> _Judged:
    """The customers that a mask (q,) selects."""
    all_of = window.lessons
    keep = np.repeat(customers, all_of.sizes)
    part = Lessons(all_of.table[keep], all_of.blend[keep], all_of.chosen[keep], all_of.sizes[customers])
    return _Judged(part, window.wanted[customers])
