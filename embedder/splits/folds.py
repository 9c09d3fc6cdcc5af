"""Several splits of the same photos: each group is tested once, or settings are tuned inside each fold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from embedder.splits.enough import check_labels, check_repeated
from embedder.splits.kinds import stratified, validation_of
from embedder.splits.shares import DEFAULT_SHARES, Shares
from embedder.splits.split import Folds, Mask, Nested, Split
from embedder.splits.stratify import groups_by_label

Numbers = NDArray[np.int64]
MOST_LEFT_OUT = 200


def k_fold(
    labels: Sequence[str], groups: Numbers, k: int = 5, validation: float = 0.15, seed: int = 0
) -> Folds:
    """k splits; every group is tested in exactly one, and every label is spread over as many as it can be.

    validation: share of the rest of a fold. Raises UsageError where k is below 2 or above the number of
    groups, and where the labels allow no split.
    """
    check_labels(labels, groups)
    check_repeated(labels, groups)
    number = len(np.unique(groups))
    if not 2 <= k <= number:
        raise UsageError(
            f"{number} products (near-duplicates count as one) make 2 to {number} folds, not {k}"
        )
    dealt = _dealt(labels, groups, k, seed)
    return Folds(tuple(_fold(labels, groups, dealt == fold, validation, seed) for fold in range(k)))


def leave_one_out(labels: Sequence[str], groups: Numbers, validation: float = 0.15, seed: int = 0) -> Folds:
    """One split for each group, which alone is tested: for sets too small to hold out more.

    Raises UsageError for more than ``MOST_LEFT_OUT`` groups, as each costs a training of its own.
    """
    check_labels(labels, groups)
    check_repeated(labels, groups)
    members = np.unique(groups)
    if len(members) > MOST_LEFT_OUT:
        raise UsageError(
            f"leaving each of {len(members)} products out takes as many trainings; beyond {MOST_LEFT_OUT} "
            "take the split k-fold"
        )
    return Folds(tuple(_fold(labels, groups, groups == group, validation, seed) for group in members))


def nested(
    labels: Sequence[str],
    groups: Numbers,
    k: int = 5,
    shares: Shares = DEFAULT_SHARES,
    seed: int = 0,
) -> Nested:
    """k folds to measure with, and inside what each may learn from a split to tune on (Varma & Simon, 2006).

    Settings are tuned on the inner splits and measured once on the outer tests, which no inner split sees.
    shares: of the inner splits; ``validation`` also of the folds.
    """
    outer = k_fold(labels, groups, k, shares.validation, seed)
    return Nested(
        outer, tuple(_inside(labels, groups, ~fold.test, shares, seed + n) for n, fold in enumerate(outer, 1))
    )


def _inside(labels: Sequence[str], groups: Numbers, free: Mask, shares: Shares, seed: int) -> Split:
    """A stratified split of the rows that are free, over all photos."""
    rows = np.flatnonzero(free)
    found = stratified([labels[row] for row in rows.tolist()], groups[rows], shares, seed)
    masks = np.zeros((3, len(free)), bool)
    for mask, chosen in zip(masks, found.rows(), strict=True):
        mask[rows[chosen]] = True
    return Split(masks[0], masks[1], masks[2], found.notes)


def _fold(labels: Sequence[str], groups: Numbers, test: Mask, share: float, seed: int) -> Split:
    """What is not tested, divided by label; where no label has two groups left, any one group validates."""
    validation = validation_of(labels, groups, ~test, share, seed)
    if not validation.any():
        validation = groups == np.random.default_rng(seed + 1).choice(np.unique(groups[~test]))
    return Split(~test & ~validation, validation, test)


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
