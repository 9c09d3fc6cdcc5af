"""Which rows or slots may be found: nearly always all but a few, sometimes those of a filter.

The two are kept apart since a mask over a million rows costs more than a search in an approximate index.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]
FEW = 256
NONE = np.empty(0, np.int64)
MOST = 0.9


@dataclass(frozen=True)
class Allowed:
    """Of ``total`` things those of ``mask``, or all but ``banned`` (sorted, distinct) where it is None."""

    total: int
    banned: Ints
    mask: Mask | None = None

    @classmethod
    def all_but(cls, total: int, banned: Ints) -> Allowed:
        """All but these; as a mask where they are many."""
        if len(banned) <= FEW:
            return cls(total, np.unique(banned) if len(banned) > 1 else banned)
        mask = np.ones(total, bool)
        mask[banned] = False
        return cls(total, NONE, mask)

    @classmethod
    def only(cls, mask: Mask) -> Allowed:
        """Those of a mask."""
        return cls(len(mask), NONE, mask)

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return self.total - len(self.banned) if self.mask is None else int(np.count_nonzero(self.mask))

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.mask is None and not len(self.banned)

    @property
    def is_narrow(self) -> bool:
        """Whether so many are left out that fetching a few more does not make up for it."""
        return self.total - self.count > FEW

    @property
    def is_selective(self) -> bool:
        """Whether so many are left out that what is near, found among all, says little of what is near among
        these.
        """
        return self.is_narrow and self.count < MOST * self.total

    def without(self, banned: Ints) -> Allowed:
        """These less some more."""
        if not len(banned):
            return self
        if self.mask is None:
            return Allowed.all_but(self.total, np.concatenate([self.banned, banned]))
        mask = self.mask.copy()
        mask[banned] = False
        return Allowed.only(mask)

    def holds(self, places: NDArray[np.integer]) -> Mask:
        """For each of some places whether it is allowed; same shape."""
        if self.mask is not None:
            held: Mask = self.mask[places]
            return held
        if not len(self.banned):
            return np.ones(places.shape, bool)
        nearest = np.minimum(np.searchsorted(self.banned, places), len(self.banned) - 1)
        free: Mask = self.banned[nearest] != places
        return free

    def split(self, at: int) -> tuple[Allowed, Allowed]:
        """The part before a place, and the part from it on, numbered from 0."""
        if self.mask is not None:
            return Allowed.only(self.mask[:at]), Allowed.only(self.mask[at:])
        cut = int(np.searchsorted(self.banned, at))
        return Allowed(at, self.banned[:cut]), Allowed(self.total - at, self.banned[cut:] - at)
