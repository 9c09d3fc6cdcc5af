"""The values: one split of photos into three parts, and several of them as folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Masks over the same photos, bool (n,): none is in two parts, none of the parts is empty.

    train: is learnt from. validation: chooses the best epoch and settings, which test never does. test: is
    measured once, at the end. A photo in no part is not used. notes: what a person should know of this split.
    measured: False where folds measure what is learnt here; the test part, and only then, is empty.
    The masks are copied and cannot be written to. Raises UsageError for masks that are not so.
    """

    train: Mask
    validation: Mask
    test: Mask
    notes: tuple[str, ...] = ()
    measured: bool = True

    def __post_init__(self) -> None:
        shape = np.shape(self.train)
        for name in PARTS:
            mask = np.array(getattr(self, name))
            if mask.dtype != np.bool_ or mask.ndim != 1 or mask.shape != shape:
                raise UsageError(f"the {name} part is a mask over all photos, bool (n,), not {mask.dtype}")
            if name == PARTS[2] and not self.measured:
                if mask.any():
                    raise UsageError("a split that is not measured has no test part")
            elif not mask.any():
                raise UsageError(
                    f"the {name} part of a split is empty: it needs photos to learn from, to choose the best "
                    "epoch by, and to test"
                )
            mask.setflags(write=False)
            object.__setattr__(self, name, mask)
        twice = self.train.astype(int) + self.validation + self.test > 1
        if twice.any():
            raise UsageError(f"{int(twice.sum())} photos are in two parts of a split")

    def __len__(self) -> int:
        return len(self.train)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Photos to train, to validate and to test with."""
        train, validation, test = self.rows()
        return len(train), len(validation), len(test)

    def rows(self) -> tuple[Rows, Rows, Rows]:
        """The rows of the three parts, int64, ascending."""
        train, validation, test = (np.flatnonzero(getattr(self, name)) for name in PARTS)
        return train, validation, test

    def parts(self) -> NDArray[np.int8]:
        """The part of each photo as a place in ``PARTS``, int8 (n,); -1 for a photo in none."""
        part = np.full(len(self), -1, np.int8)
        for number, rows in enumerate(self.rows()):
            part[rows] = number
        return part


@dataclass(frozen=True, slots=True, eq=False)
class Folds(Sequence[Split]):
    """Splits of the same photos, of which no two test the same photo."""

    splits: tuple[Split, ...]

    def __post_init__(self) -> None:
        if len(self.splits) < 2:
            raise UsageError(f"folds are two splits or more, not {len(self.splits)}")
        if len({len(split) for split in self.splits}) != 1:
            raise UsageError("all folds are splits of the same photos")
        if np.sum([split.test for split in self.splits], axis=0).max() > 1:
            raise UsageError("a photo is tested in two folds")

    def __len__(self) -> int:
        return len(self.splits)

    def __iter__(self) -> Iterator[Split]:
        return iter(self.splits)

    @overload
    def __getitem__(self, place: int) -> Split: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Split, ...]: ...
    def __getitem__(self, place: int | slice) -> Split | tuple[Split, ...]:
        return self.splits[place]


@dataclass(frozen=True, slots=True, eq=False)
class Nested:
    """Folds to measure with, each with a split of what it does not test, to tune on.

    inner: one for each of ``outer``, over the same photos and not measured itself; what the fold tests is in
    none of its parts.
    """

    outer: Folds
    inner: tuple[Split, ...]

    def __post_init__(self) -> None:
        if len(self.inner) != len(self.outer):
            raise UsageError(
                f"{len(self.outer)} outer folds need as many inner splits, not {len(self.inner)}"
            )
        for number, (outer, inner) in enumerate(zip(self.outer, self.inner, strict=True), 1):
            if len(inner) != len(outer) or ((inner.parts() >= 0) & outer.test).any():
                raise UsageError(f"the inner split of fold {number} uses photos that the fold tests")
