"""Several splits of the same photos: each group is tested once, or settings are tuned inside each fold.

Where the products themselves are to be told apart there are no labels to spread over the folds: ``labels`` is
None, and every group is wholly learnt from or wholly held out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from embedder.splits.enough import check_labels, check_number, check_repeated
from embedder.splits.kinds import FEWEST_CLASSES, validation_of
from embedder.splits.split import Folds, Mask, Nested, Split
from embedder.splits.stratify import groups_by_label

Numbers = NDArray[np.int64]
Labels = Sequence[str] | None
MOST_LEFT_OUT = 200


def k_fold(labels: Labels, groups: Numbers, k: int = 5, validation: float = 0.15, seed: int = 0) -> Folds:
    """k splits; every group is tested in exactly one, and every label is spread over as many as it can be.

    validation: share of the rest of a fold. Raises UsageError where k is below 2 or above the number of
    groups (without labels, half of it: a part of one product measures nothing), and where the labels allow no
    split.
    """
    names = _names(labels, groups)
    number = len(np.unique(groups))
    most = number if labels is not None else number // FEWEST_CLASSES
    if not 2 <= k <= most:
        raise UsageError(f"{number} products (near-duplicates count as one) make 2 to {most} folds, not {k}")
    dealt = _dealt(names, groups, k, seed)
    return Folds(tuple(_fold(labels, groups, dealt == fold, validation, seed) for fold in range(k)))


def leave_one_out(labels: Labels, groups: Numbers, validation: float = 0.15, seed: int = 0) -> Folds:
    """One split for each group, which alone is tested: for sets too small to hold out more.

    Raises UsageError for more than ``MOST_LEFT_OUT`` groups, as each costs a training of its own.
    """
    _names(labels, groups)
    members = np.unique(groups)
    if len(members) > MOST_LEFT_OUT:
        raise UsageError(
            f"leaving each of {len(members)} products out takes as many trainings; beyond {MOST_LEFT_OUT} "
            "take the split k-fold"
        )
    return Folds(tuple(_fold(labels, groups, groups == group, validation, seed) for group in members))


def nested(outer: Folds, labels: Labels, groups: Numbers, validation: float = 0.15, seed: int = 0) -> Nested:
    """Folds to measure with, and inside what each may learn from a split to tune on (Varma & Simon, 2006).

    Settings are tuned on the inner splits and measured once on the outer tests, which no inner split sees.
    validation: share of the inner splits, which are drawn apart from those of the folds.
    """
    return Nested(
        outer,
        tuple(_untested(labels, groups, ~fold.test, validation, seed + n) for n, fold in enumerate(outer, 1)),
    )


def untested(labels: Labels, groups: Numbers, validation: float = 0.15, seed: int = 0) -> Split:
    """All photos, to learn from or to validate: for the training that is kept after folds have measured."""
    _names(labels, groups)
    return _untested(labels, groups, np.ones(len(groups), np.bool_), validation, seed)


def _untested(labels: Labels, groups: Numbers, free: Mask, share: float, seed: int) -> Split:
    """The rows that are free, (n,), to learn from or to validate."""
    validation = _validated(labels, groups, free, share, seed)
    return Split(free & ~validation, validation, np.zeros(len(free), np.bool_), measured=False)


def _fold(labels: Labels, groups: Numbers, test: Mask, share: float, seed: int) -> Split:
    """What is not tested, divided."""
    validation = _validated(labels, groups, ~test, share, seed)
    return Split(~test & ~validation, validation, test)


def _validated(labels: Labels, groups: Numbers, free: Mask, share: float, seed: int) -> Mask:
    """What of the free rows validates: a share of every label's groups; where no label has two groups left,
    any one group. Without labels at least two groups, since with one every answer is right."""
    left = np.unique(groups[free])
    if labels is None:
        labels, share = [""] * len(groups), max(share, FEWEST_CLASSES / len(left))
    found = validation_of(labels, groups, free, share, seed)
    return found if found.any() else groups == np.random.default_rng(seed + 1).choice(left)


def _names(labels: Labels, groups: Numbers) -> Sequence[str]:
    """The labels to spread, one for all where there are none; UsageError where they allow no folds."""
    if labels is None:
        check_number(groups)
        return [""] * len(groups)
    check_labels(labels, groups)
    check_repeated(labels, groups)
    return labels


def _dealt(labels: Sequence[str], groups: Numbers, k: int, seed: int) -> Numbers:
    """The fold of each photo (n,): large groups first, each to the fold with least of its label."""
    draw = np.random.default_rng(seed)
    members, place, photos = np.unique(groups, return_inverse=True, return_counts=True)
    size = dict(zip(members.tolist(), photos.tolist(), strict=True))
    total = np.zeros(k, np.int64)
    fold_of: dict[int, int] = {}
    by_label = groups_by_label(labels, groups)
    # The most frequent label first: its photos leave the least choice of where the others even things out.
    for label in sorted(by_label, key=lambda name: (-len(by_label[name]), name)):
        shuffled = [by_label[label][i] for i in draw.permutation(len(by_label[label]))]
        ofthis = np.zeros(k, np.int64)
        for group in sorted(shuffled, key=lambda g: -size[g]):
            fold = min(range(k), key=lambda f: (ofthis[f], total[f], f))
            fold_of[group] = fold
            ofthis[fold] += size[group]
            total[fold] += size[group]
    return np.asarray([fold_of[group] for group in members.tolist()], np.int64)[place]
