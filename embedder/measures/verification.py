"""Verification: can a threshold on the cosine tell pairs that belong together from pairs that do not?

A pair is genuine where both photos bear the same label, else an impostor. A threshold t accepts a pair with
a cosine of at least t. FMR (false match rate): share of impostors accepted. FNMR (false non-match rate):
share of genuine pairs refused. The words are those of ISO/IEC 19795-1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from embedder.measures.intervals import DEFAULT, Interval, Resampling, bootstrap
from embedder.measures.similarity import (
    Floats,
    Ints,
    Labels,
    Values,
    all_or,
    groups_or_rows,
    numbers,
    similarities,
    unit_rows,
)

FALSE_MATCH_RATES = (0.01, 0.001)
MOST_PAIRS = 2_000_000
CURVE_POINTS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Cosines of genuine pairs (g,) and of impostors (m,).

    label: number of the label of each genuine pair, (g,). genuine_total, impostor_total: how many pairs there
    are, where only a sample of them was kept.
    """

    genuine: Floats
    label: Ints
    impostor: Floats
    genuine_total: int
    impostor_total: int


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """Error rates at falling thresholds, from one that accepts nothing; arrays (t,)."""

    threshold: Values
    fmr: Values
    fnmr: Values

    @property
    def auc(self) -> float:
        """Area under the curve of 1 - FNMR over FMR: how often a genuine pair scores above an impostor."""
        return float(np.trapezoid(1 - self.fnmr, self.fmr))

    @property
    def eer(self) -> float:
        """Equal error rate: the mean of both rates at the threshold where they differ least."""
        at = int(np.argmin(np.abs(self.fmr - self.fnmr)))
        return float((self.fmr[at] + self.fnmr[at]) / 2)

    def thinned(self, points: int = CURVE_POINTS) -> Roc:
        """About so many points of the curve, dense where few impostors pass."""
        fractions = np.concatenate([[0.0], np.geomspace(1e-5, 1.0, points - 1)])
        at = np.unique(np.searchsorted(self.fmr, fractions, side="right") - 1)
        return Roc(self.threshold[at], self.fmr[at], self.fnmr[at])


@dataclass(frozen=True, slots=True)
class Operating:
    """The lowest threshold whose false match rate does not exceed the wanted one.

    fmr: what it is there. fnmr: with its interval, the threshold held fixed.
    """

    wanted: float
    threshold: float
    fmr: float
    fnmr: Interval


@dataclass(frozen=True, slots=True)
class Verification:
    """How well pairs of one label are told from others.

    genuine, impostors: pairs that were compared, of so many (``…_total``). at: one for each wanted rate for
    which there are impostors enough (1 / rate of them).
    """

    genuine: int
    genuine_total: int
    impostors: int
    impostors_total: int
    eer: float
    auc: float
    at: tuple[Operating, ...]
    curve: Roc


def pairs(
    vectors: ArrayLike,
    labels: Labels,
    groups: Labels | None = None,
    rows: ArrayLike | None = None,
    most: int = MOST_PAIRS,
    seed: int = 0,
) -> Pairs:
    """Every pair of rows (n, d) once, pairs of one group left out.

    rows: among these only; None: all. Where there are more than ``most`` genuine pairs, or impostors, each is
    kept with the probability that about so many remain. Memory stays bounded.
    """
    chosen = all_or(rows, len(np.asarray(labels)))
    unit, label = unit_rows(vectors)[chosen], numbers(labels)[chosen]
    group = groups_or_rows(groups, len(np.asarray(labels)))[chosen]
    genuine_total, impostor_total = _totals(label, group)
    keep = [most / total if total > most else 1.0 for total in (genuine_total, impostor_total)]
    draw = np.random.default_rng(seed)
    genuine: list[Floats] = []
    owners: list[Ints] = []
    impostor: list[Floats] = []
    column = np.arange(len(unit))
    for row, score in similarities(unit, column):
        counted = (column[None, :] > row[:, None]) & (group[row][:, None] != group[None, :])
        same = label[row][:, None] == label[None, :]
        first, second = np.nonzero(counted & same)
        if keep[0] < 1:
            taken = draw.random(len(first)) < keep[0]
            first, second = first[taken], second[taken]
        genuine.append(score[first, second])
        owners.append(label[row][first])
        wrong = score[counted & ~same]
        impostor.append(wrong[draw.random(len(wrong)) < keep[1]] if keep[1] < 1 else wrong)
    return Pairs(
        np.concatenate([np.empty(0, np.float32), *genuine]),
        np.concatenate([np.empty(0, np.int64), *owners]),
        np.concatenate([np.empty(0, np.float32), *impostor]),
        genuine_total,
        impostor_total,
    )


def roc(genuine: ArrayLike, impostor: ArrayLike) -> Roc:
    """Both error rates at every cosine that occurs, and at one above all of them."""
    right = np.sort(np.asarray(genuine, np.float64))
    wrong = np.sort(np.asarray(impostor, np.float64))
    if not len(right) or not len(wrong):
        raise ValueError("error rates need at least one genuine pair and one impostor")
    threshold = np.unique(np.concatenate([right, wrong]))[::-1]
    fmr = 1 - np.searchsorted(wrong, threshold, side="left") / len(wrong)
    fnmr = np.searchsorted(right, threshold, side="left") / len(right)
    return Roc(np.append(np.inf, threshold), np.append(0.0, fmr), np.append(1.0, fnmr))


def operating(found: Pairs, wanted: float, how: Resampling = DEFAULT) -> Operating:
    """Where the false match rate is at most ``wanted``; the interval resamples whole labels."""
    wrong = np.sort(found.impostor)[::-1]
    allowed = int(wanted * len(wrong) + 1e-9)
    # All impostors from this one on are refused, so the threshold lies just above it.
    threshold = np.nextafter(wrong[min(allowed, len(wrong) - 1)], np.float32(np.inf))
    refused = (found.genuine < threshold).astype(np.float64)
    fnmr = bootstrap(refused, how.rounds, how.level, how.seed, clusters=found.label)
    return Operating(wanted, float(threshold), float((wrong >= threshold).mean()), fnmr)


def verify(found: Pairs, how: Resampling = DEFAULT) -> Verification:
    """All of it. Raises ValueError without a genuine pair or without an impostor."""
    curve = roc(found.genuine, found.impostor)
    rates = [rate for rate in FALSE_MATCH_RATES if rate * len(found.impostor) >= 1]
    return Verification(
        len(found.genuine),
        found.genuine_total,
        len(found.impostor),
        found.impostor_total,
        curve.eer,
        curve.auc,
        tuple(operating(found, rate, how) for rate in rates),
        curve.thinned(),
    )


def _totals(label: Ints, group: Ints) -> tuple[int, int]:
    """How many genuine pairs and impostors there are, from the sizes of labels and groups alone."""
    both = np.unique(np.stack([label, group], axis=1), axis=0, return_counts=True)[1]
    together = _pairs_within(np.bincount(group))
    same = _pairs_within(np.bincount(label))
    genuine = same - _pairs_within(both)
    return genuine, _pairs_within(np.array([len(label)])) - together - genuine


def _pairs_within(sizes: Ints) -> int:
    return int((sizes * (sizes - 1) // 2).sum())
