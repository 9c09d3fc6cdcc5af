"""Several splits of a shop's photos, so that every one is tested: what each fold learns from, validates on
and tests, what a search for settings in it may see, and what the last training learns from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from data.aspects import AspectLayout
from data.errors import LeakageFound, UsageError
from embedder.finetuning.examples import Examples
from embedder.finetuning.holding import (
    FOLDED,
    Held,
    answerable,
    check_answers,
    check_kind,
    checked,
    grouped,
    held_out,
    labels_of,
    with_least_validation,
)
from embedder.finetuning.measuring import sampled
from embedder.splits.folds import k_fold, leave_one_out, nested
from embedder.splits.groups import Groups
from embedder.splits.split import PARTS, Folds, Rows, Split

DEFAULT_FOLDS = 5
K_FOLD, LEAVE_ONE_OUT = FOLDED


@dataclass(frozen=True, slots=True)
class HeldFolds:
    """Folds of the same photos; every photo is tested in one of them.

    kind: one of ``FOLDED``. folds: what each learns from, validates on and tests. last: all photos, for the
    training that is kept. inner: what a search for settings in each fold may see, nothing that it tests; none
    where nothing is searched.
    """

    kind: str
    folds: tuple[Held, ...]
    last: Held
    inner: tuple[Held, ...] = ()

    def __post_init__(self) -> None:
        tested = np.sum([fold.split.test for fold in self.folds], axis=0)
        if (tested != 1).any():
            row = int(np.flatnonzero(tested != 1)[0])
            raise LeakageFound(
                f"leakage: the photo in row {row} is tested in {tested[row]} folds instead of one; what is "
                "measured with them is void"
            )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know, each once."""
        every = (*self.folds, self.last, *self.inner)
        return tuple(dict.fromkeys(note for held in every for note in held.notes))

    def asked(self, place: int, seed: int) -> tuple[Rows, Rows]:
        """The photos that a fold asks, and those among which they look, both ascending.

        ``k-fold``: the fold's test part, or a sample of it, for both. ``leave-one-out``: the one product is
        asked among all photos, as there is nothing else in its test part.
        """
        tested = sampled(self.folds[place].rows()[2], seed)
        if self.kind == K_FOLD:
            return tested, tested
        return tested, np.arange(len(self.last.groups), dtype=np.int64)

    def digest(self, examples: Examples) -> str:
        """Names the photos, their labels and all splits."""
        every = (*self.folds, self.last, *self.inner)
        parts = (examples.digest_key(), [[rows.tolist() for rows in held.rows()] for held in every])
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def held_folds(
    examples: Examples,
    layout: AspectLayout,
    kind: str,
    seed: int,
    folds: int | None = None,
    searched: bool = False,
) -> HeldFolds:
    """Splits the examples into folds by the first label's values; by products where that is ``product``.

    folds: how many for ``k-fold``; None: ``DEFAULT_FOLDS``. searched: settings are looked for in each fold,
    on an inner split. Every split is checked for leaks. Raises UsageError where the labels do not allow so
    many folds, or where ``leave-one-out`` would need too many trainings.
    """
    check_folds(kind, folds)
    if kind not in FOLDED:
        raise UsageError(f"the split {kind} has no folds; take {' or '.join(FOLDED)}")
    groups, names = grouped(examples, layout), labels_of(examples)

    def made(share: float) -> tuple[Folds, tuple[Split, ...]]:
        if kind == K_FOLD:
            outer = k_fold(names, groups.numbers, folds or DEFAULT_FOLDS, share, seed)
        else:
            outer = leave_one_out(names, groups.numbers, share, seed)
        inner = nested(outer, names, groups.numbers, share, seed).inner if searched else ()
        for split in (*outer, *inner):
            check_answers(examples, groups.numbers, split.rows()[1], PARTS[1])
        return outer, inner

    outer, inner = with_least_validation(made)
    _check_measurable(examples, groups, outer, kind)
    return HeldFolds(
        kind,
        tuple(checked(examples, groups, split) for split in outer),
        held_out(examples, layout, kind, seed),
        tuple(checked(examples, groups, split) for split in inner),
    )


def check_folds(kind: str, folds: int | None) -> None:
    """Raises UsageError for a split that there is not, and for a number of folds that it cannot have."""
    check_kind(kind)
    if folds is not None and kind != K_FOLD:
        raise UsageError(f"the split {kind} has no number of folds; take the split {K_FOLD}")
    if folds is not None and folds < 2:
        raise UsageError(f"there are at least 2 folds, not {folds}")


def _check_measurable(examples: Examples, groups: Groups, outer: Folds, kind: str) -> None:
    """Raises UsageError for a label of which no fold's test part could measure anything."""
    if kind == LEAVE_ONE_OUT:
        check_answers(examples, groups.numbers, np.arange(len(examples), dtype=np.int64), PARTS[2])
        return
    for task in examples.tasks:
        if not any(answerable(task, groups.numbers, fold.rows()[2]) for fold in outer):
            raise UsageError(
                f"in none of {len(outer)} folds do two tested products share a value in {task.name!r}, so "
                "nothing could be measured: take fewer folds, another column, or index more"
            )
