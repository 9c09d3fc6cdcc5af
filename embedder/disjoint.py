"""Disjoint sets over the numbers 0..n-1: which of them have been joined, and what a set weighs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


class DisjointSets:
    """Union-find with path halving and union by size (Tarjan, 1975)."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))
        self._size = [1] * n

    def root(self, member: int) -> int:
        """The member that stands for the set of this one."""
        parent = self._parent
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    def size(self, member: int) -> int:
        """How many members the set of this one has."""
        return self._size[self.root(member)]

    def join(self, first: int, second: int) -> int:
        """Makes the sets of two members one; returns its size."""
        a, b = self.root(first), self.root(second)
        if a != b:
            if self._size[a] < self._size[b]:
                a, b = b, a
            self._parent[b] = a
            self._size[a] += self._size[b]
        return self._size[a]

    def join_all(self, pairs: Iterable[tuple[int, int]]) -> None:
        """``join`` for every pair."""
        for first, second in pairs:
            self.join(first, second)

    def numbers(self) -> NDArray[np.int64]:
        """The number of each member's set, int64 (n,), counted from 0 in the order of first members."""
        seen: dict[int, int] = {}
        return np.asarray(
            [seen.setdefault(self.root(member), len(seen)) for member in range(len(self._parent))], np.int64
        )
