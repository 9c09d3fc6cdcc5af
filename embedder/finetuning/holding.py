"""Which of a shop's photos are learnt from, which choose the best epoch, and which are held out for the
proof.

Photos of one product, photos of one file and near-duplicates are never parted: checked on every split, also
on those that cannot be wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import UsageError
from embedder.finetuning.examples import FEWEST_MEMBERS, NONE, Examples, Task
from embedder.splits.folds import untested
from embedder.splits.groups import Groups, group_photos
from embedder.splits.kinds import by_time, class_disjoint, stratified
from embedder.splits.leaks import check_split
from embedder.splits.shares import Shares
from embedder.splits.split import PARTS, Rows, Split

KINDS = ("stratified", "class-disjoint", "time")
FOLDED = ("k-fold", "leave-one-out")
"""Kinds of several splits each: see ``embedder.finetuning.folds``."""
Made = TypeVar("Made")
# In a small shop a larger part must choose the epoch, or no value would have two products in it.
VALIDATION_SHARES = (0.15, 0.25, 0.4, 0.5)


@dataclass(frozen=True, slots=True)
class Held:
    """A split, and the group of every photo, int64 (n,). notes: what a person should know."""

    split: Split
    groups: NDArray[np.int64]
    notes: tuple[str, ...]

    def rows(self) -> tuple[Rows, Rows, Rows]:
        """The photos to learn from, to choose the epoch by, and to measure on."""
        return self.split.rows()


def held_out(examples: Examples, layout: AspectLayout, kind: str, seed: int) -> Held:
    """Splits the examples by ``kind`` of the first label's values.

    ``stratified``: every value is learnt and tested, on different products. ``class-disjoint``: the values
    that are tested were never learnt. ``time``: the latest products are tested. A product's identity can only
    be split class-disjoint. A kind of ``FOLDED``: what the last training learns from and validates on, when
    folds have measured; nothing is tested. layout: of the examples' blocks, which near-duplicates are found
    by. Raises UsageError where the labels do not allow the split.
    """
    check_kind(kind)
    groups = grouped(examples, layout)
    return checked(examples, groups, _answerable(examples, groups, kind, seed))


def check_kind(kind: str) -> None:
    """Raises UsageError for a split that there is not."""
    if kind not in (*KINDS, *FOLDED):
        raise UsageError(f"there is no split {kind!r}; there are {', '.join((*KINDS, *FOLDED))}")


def grouped(examples: Examples, layout: AspectLayout) -> Groups:
    """What no split may part."""
    vectors = layout.scale(examples.blocks.astype(np.float32))
    return group_photos(examples.products, examples.shas, vectors)


def checked(examples: Examples, groups: Groups, split: Split) -> Held:
    """A split that parts nothing that belongs together; LeakageFound for one that does."""
    check_split(split, groups, examples.products, examples.shas, photos=examples.photo_ids)
    return Held(split, groups.numbers, (*groups.warnings, *split.notes))


def values_of(examples: Examples) -> list[str]:
    """The first label's value of each photo, which splits go by."""
    first = examples.tasks[0]
    return [first.classes[t] if t != NONE else "" for t in first.targets.tolist()]


def labels_of(examples: Examples) -> list[str] | None:
    """What folds spread evenly: the values; None where these are the products themselves."""
    return None if examples.tasks[0].is_identity else values_of(examples)


def digest_of(examples: Examples, held: Held) -> str:
    """Names the photos, their labels and the split: what an unfinished run or search must find again."""
    parts = (examples.digest_key(), *(rows.tolist() for rows in held.rows()))
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _answerable(examples: Examples, groups: Groups, kind: str, seed: int) -> Split:
    """The split with the smallest validation part on which every label can be measured."""

    def made(share: float) -> Split:
        split = _split(examples, groups, kind, seed, Shares(validation=share))
        for part, rows in zip(PARTS[1:], split.rows()[1:], strict=True):
            if part != PARTS[2] or split.measured:
                check_answers(examples, groups.numbers, rows, part)
        return split

    return with_least_validation(made)


def with_least_validation(made: Callable[[float], Made]) -> Made:
    """What is made with the smallest share of validation that raises no UsageError."""
    for share in VALIDATION_SHARES[:-1]:
        try:
            return made(share)
        except UsageError:
            continue  # a larger part may do
    return made(VALIDATION_SHARES[-1])


def _split(examples: Examples, groups: Groups, kind: str, seed: int, shares: Shares) -> Split:
    if kind == "time":
        return by_time(examples.arrived, groups.numbers, shares)
    if kind in FOLDED:
        return untested(labels_of(examples), groups.numbers, shares.validation, seed)
    if kind == "class-disjoint" or examples.tasks[0].is_identity:
        return class_disjoint(values_of(examples), groups.numbers, shares, seed)
    return stratified(values_of(examples), groups.numbers, shares, seed)


def check_answers(examples: Examples, groups: NDArray[np.int64], rows: Rows, part: str) -> None:
    """Raises UsageError for a label of which no photo of the part has another one to be found."""
    for task in examples.tasks:
        if answerable(task, groups, rows):
            continue
        raise UsageError(
            f"of the {len(rows)} photos of the {part} part none has another product of its own value in "
            f"{task.name!r} to be found, so nothing could be measured: the values are too many for so few "
            "products; take another column, or index more"
        )


def answerable(task: Task, groups: NDArray[np.int64], rows: Rows) -> bool:
    """Whether any of the photos ``rows`` has another one of its value to find among them."""
    bearers = {
        (int(target), i if task.is_identity else int(group))
        for i, (target, group) in enumerate(zip(task.targets[rows], groups[rows], strict=True))
        if target != NONE
    }
    return bool(bearers) and max(np.bincount([target for target, _ in bearers])) >= FEWEST_MEMBERS
