"""The kinds of a single split, each on groups that are not parted, each the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from embedder.disjoint import DisjointSets
from embedder.splits.arrival import by_time
from embedder.splits.enough import check_labels, check_repeated, single_ones
from embedder.splits.shares import DEFAULT_SHARES, Shares
from embedder.splits.split import Mask, Split
from embedder.splits.stratify import hold_out

__all__ = ("KINDS", "by_time", "class_disjoint", "split_photos", "stratified", "validation_of")

KINDS = ("stratified", "class-disjoint", "time")
FEWEST_CLASSES = 2
"""With one class only, every answer is right."""
_LARGEST = 0.25
"""A class with a larger share of a part than this is only taken where smaller ones do not fill it."""
_OVERFULL = 1.5
"""A class that would make a part so many times as large as wanted is passed over."""

Numbers = NDArray[np.int64]


def split_photos(
    kind: str,
    labels: Sequence[str],
    groups: Numbers,
    times: NDArray[np.generic] | None = None,
    shares: Shares = DEFAULT_SHARES,
    seed: int = 0,
) -> Split:
    """The split of a kind: one of ``KINDS``.

    labels, groups: of each photo (n,). times: of arrival, for ``time``. Raises UsageError for another
    kind, and where the photos do not allow the split.
    """
    if kind == "stratified":
        return stratified(labels, groups, shares, seed)
    if kind == "class-disjoint":
        return class_disjoint(labels, groups, shares, seed)
    if kind == "time":
        if times is None:
            raise UsageError("a split by time needs the time of arrival of every photo")
        return by_time(times, groups, shares)
    raise UsageError(f"split {kind!r} is none of {', '.join(KINDS)}")


def stratified(
    labels: Sequence[str], groups: Numbers, shares: Shares = DEFAULT_SHARES, seed: int = 0
) -> Split:
    """Known categories: every label with two groups is both learnt and held out, with three also validated.

    Where no label has three, a part of what is held out validates. Labels with one group are only learnt; a
    note names them. Raises UsageError for no label at all, one class, labels with one member each, and too
    few groups.
    """
    check_labels(labels, groups)
    check_repeated(labels, groups)
    test = hold_out(labels, groups, shares.test, seed)
    validation = validation_of(labels, groups, ~test, shares.validation, seed)
    if not validation.any():
        validation = _part_of(test, groups, shares, seed)
        test = test & ~validation
    return Split(~test & ~validation, validation, test, single_ones(labels, groups))


def validation_of(labels: Sequence[str], groups: Numbers, rest: Mask, share: float, seed: int) -> Mask:
    """A mask over all photos (n,): ``share`` of every label's groups among the rows of ``rest``, (n,)."""
    rows = np.flatnonzero(rest)
    found = np.zeros(len(rest), bool)
    # Another seed than the one that drew the test: the two draws are not to go together.
    found[rows] = hold_out([labels[row] for row in rows.tolist()], groups[rows], share, seed + 1)
    return found


def class_disjoint(
    labels: Sequence[str], groups: Numbers, shares: Shares = DEFAULT_SHARES, seed: int = 0
) -> Split:
    """Unknown classes: each label is wholly in one part, so what is tested was never learnt (open-set
    retrieval).

    Shares are of photos. Labels that share a group (a near-duplicate under both) go together. Every part gets
    two labels or more; raises UsageError where there are too few for that.
    """
    check_labels(labels, groups)
    classes = _joined_classes(labels, groups)
    sizes = np.bincount(classes)
    if len(sizes) < 3 * FEWEST_CLASSES:
        apart = "" if len(sizes) == len(set(labels)) else f" ({len(sizes)} that share no photos)"
        raise UsageError(
            f"{len(set(labels))} labels{apart} are too few for a class-disjoint split: it needs "
            f"{3 * FEWEST_CLASSES}, two each to learn from, to choose the best epoch by and to test; take "
            "the split stratified"
        )
    order = np.random.default_rng(seed).permutation(len(sizes)).tolist()
    test = _filled(order, sizes, shares.test * len(labels), spare=2 * FEWEST_CLASSES)
    rest = [number for number in order if number not in test]
    left = len(labels) - int(sizes[sorted(test)].sum())
    validation = _filled(rest, sizes, shares.validation * left, spare=FEWEST_CLASSES)
    in_test, in_validation = np.isin(classes, sorted(test)), np.isin(classes, sorted(validation))
    return Split(~in_test & ~in_validation, in_validation, in_test)


def _joined_classes(labels: Sequence[str], groups: Numbers) -> Numbers:
    """The class of each photo: its label, joined with those that have photos in one of its groups."""
    names, number = np.unique(np.asarray(labels), return_inverse=True)
    sets = DisjointSets(len(names))
    first: dict[int, int] = {}
    for label, group in zip(number.tolist(), groups.tolist(), strict=True):
        sets.join(first.setdefault(group, label), label)
    return sets.numbers()[number]


def _filled(order: Sequence[int], sizes: Numbers, target: float, spare: int) -> set[int]:
    """Classes in this order until they have ``target`` photos; at least two, and ``spare`` are left.

    Large classes are passed over at first: a part that is one class measures nothing.
    """
    chosen: set[int] = set()
    photos = 0
    for largest in (_LARGEST * target, _OVERFULL * target):
        for number in order:
            if photos >= target or len(order) - len(chosen) <= spare:
                break
            fits = sizes[number] <= largest and photos + sizes[number] <= _OVERFULL * target
            if number not in chosen and fits:
                chosen.add(number)
                photos += int(sizes[number])
    smallest = sorted(set(order) - chosen, key=lambda number: (sizes[number], number))
    return chosen | set(smallest[: max(0, FEWEST_CLASSES - len(chosen))])


def _part_of(test: Mask, groups: Numbers, shares: Shares, seed: int) -> Mask:
    """So many of the held-out groups as validation wants of both; UsageError where there is one only."""
    held = np.unique(groups[test])
    if len(held) < 2:
        raise UsageError(
            "only one product can be held out, as no label has three products and only one has two; "
            "take the split leave-one-out, or another column"
        )
    share = shares.validation / (shares.validation + shares.test)
    count = min(max(1, round(share * len(held))), len(held) - 1)
    return np.isin(groups, np.random.default_rng(seed + 1).permutation(held)[:count])
