"""Whether labels and groups allow a split at all; every refusal says what there is and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from embedder.splits.stratify import groups_by_label

FEWEST_GROUPS = 5
"""Two to learn from, one to choose the epoch by, two to test on."""


def check_labels(labels: Sequence[str], groups: NDArray[np.int64], fewest: int = FEWEST_GROUPS) -> None:
    """Raises UsageError for no label at all, one class only, or fewer than ``fewest`` groups."""
    check_same_length(len(labels), groups, "labels")
    if not len(labels):
        raise UsageError("no photo has a label; take a column in which products have values")
    if len(set(labels)) == 1:
        raise UsageError(
            f"all {len(labels)} photos bear the one label {labels[0]!r}, so there is nothing to tell apart; "
            "take another column"
        )
    check_number(groups, fewest)


def check_number(groups: NDArray[np.int64], fewest: int = FEWEST_GROUPS) -> None:
    """Raises UsageError for fewer than ``fewest`` groups."""
    number = len(np.unique(groups))
    if number < fewest:
        raise UsageError(
            f"{len(groups)} photos of {number} products (near-duplicates count as one) are too few to learn "
            f"from, to choose the best epoch by and to test on; at least {fewest} products are needed"
        )


def check_repeated(labels: Sequence[str], groups: NDArray[np.int64]) -> None:
    """Raises UsageError where every label has one member, so that none can be both learnt and tested."""
    if max(map(len, groups_by_label(labels, groups).values())) < 2:
        raise UsageError(
            f"every label has one product only, e.g. {labels[0]!r}, so none can be both learnt and tested; "
            "take another column, or the split class-disjoint"
        )


def check_same_length(number: int, groups: NDArray[np.int64], what: str) -> None:
    """Raises UsageError where there is not one group for each of ``number`` values."""
    if number != len(groups):
        raise UsageError(f"{number} {what} but {len(groups)} groups: every photo has one of each")


def single_ones(labels: Sequence[str], groups: NDArray[np.int64]) -> tuple[str, ...]:
    """A note on labels with one member, which are learnt but never tested; none where there are none."""
    single = [label for label, members in groups_by_label(labels, groups).items() if len(members) == 1]
    if not single:
        return ()
    named = ", ".join(single[:3]) + (", …" if len(single) > 3 else "")
    return (f"{len(single)} labels have one product only, which is learnt from and never tested: {named}",)
