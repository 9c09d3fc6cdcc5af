"""The check that a split does not lie: nothing that is tested was seen, in any guise, while learning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.errors import LeakageFound, UsageError
from embedder.duplicates import Pairs
from embedder.splits.groups import Groups
from embedder.splits.split import PARTS, Split


def check_split(
    split: Split,
    groups: Groups,
    products: Sequence[str],
    shas: Sequence[str],
    pairs: Pairs | None = None,
    photos: Sequence[str] | None = None,
) -> None:
    """Raises LeakageFound, naming the first two photos, where any two parts of the split share something.

    groups: what must not be parted. products, shas: product and sha256 of the file of each photo (n,).
    pairs: near-duplicates, rows (m, 2); None takes those that the groups were made of. photos: ids for the
    message; None counts rows from 0. Photos in no part are passed over. Raises UsageError where the lengths
    do not agree.
    """
    lengths = {len(split), len(groups.numbers), len(products), len(shas), len(photos or products)}
    if len(lengths) > 1:
        raise UsageError(f"a split of {len(split)} photos was checked with other numbers: {sorted(lengths)}")
    part = split.parts()
    names = list(photos) if photos is not None else [f"in row {row}" for row in range(len(split))]
    for what, values in (("product", products), ("file (sha256)", shas), ("group", groups.numbers)):
        found = _straddling(part, np.asarray(values))
        if found is not None:
            _fail(f"the same {what} {np.asarray(values)[found[0]]}", found, part, names)
    near = groups.pairs if pairs is None else pairs
    ends = part[near]
    wrong = np.flatnonzero((ends >= 0).all(axis=1) & (ends[:, 0] != ends[:, 1]))
    if len(wrong):
        first, second = near[wrong[0]].tolist()
        _fail("near-duplicates", (first, second), part, names)


def _straddling(part: NDArray[np.int8], values: NDArray[np.generic]) -> tuple[int, int] | None:
    """The first row whose value also occurs in another part, and the first such row there; None without."""
    rows = np.flatnonzero(part >= 0)
    _, number = np.unique(values[rows], return_inverse=True)
    low, high = np.full(len(rows), len(PARTS)), np.full(len(rows), -1)
    np.minimum.at(low, number, part[rows])
    np.maximum.at(high, number, part[rows])
    wrong = np.flatnonzero((low != high)[number])
    if not len(wrong):
        return None
    first = wrong[0]
    other = np.flatnonzero((number == number[first]) & (part[rows] != part[rows[first]]))[0]
    return int(rows[first]), int(rows[other])


def _fail(what: str, rows: tuple[int, int], part: NDArray[np.int8], names: Sequence[str]) -> None:
    first, second = rows
    raise LeakageFound(
        f"leakage: {what} in the {PARTS[part[first]]} and the {PARTS[part[second]]} part (photos "
        f"{names[first]} and {names[second]}); what is measured with this split is void",
        photos=(names[first], names[second]),
    )
