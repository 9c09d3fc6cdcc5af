"""Splits labelled photos into training and held-out ones, by product and stratified by label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Split:
    """Masks over photos, bool (n,): no product, and no picture, is on both sides."""

    train: NDArray[np.bool_]
    held_out: NDArray[np.bool_]


def groups_of(products: Sequence[str], contents: Sequence[bytes]) -> NDArray[np.int64]:
    """A group number per photo, (n,): the photos of one product, and products that share a picture, go
    together."""
    parent: dict[object, object] = {}

    def root(node: object) -> object:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for product, content in zip(products, contents, strict=True):
        parent[root(("content", content))] = root(("product", product))
    numbers: dict[object, int] = {}
    return np.asarray([numbers.setdefault(root(("product", p)), len(numbers)) for p in products], np.int64)


def split_by_group(
    labels: Sequence[str], groups: NDArray[np.int64], share: float = 0.2, seed: int = 0
) -> Split:
    """Holds out ``share`` of every label's groups (at least one where there are two, never all of them).

    A group counts under the label that most of its photos bear.
    """
    by_group: dict[int, list[str]] = defaultdict(list)
    for label, group in zip(labels, groups.tolist(), strict=True):
        by_group[group].append(label)
    by_label: dict[str, list[int]] = defaultdict(list)
    for group, found in by_group.items():
        by_label[max(sorted(set(found)), key=found.count)].append(group)
    draw = np.random.default_rng(seed)
    chosen: set[int] = set()
    for label in sorted(by_label):
        members = sorted(by_label[label])
        count = min(max(1, round(share * len(members))), len(members) - 1)
        chosen.update(members[i] for i in draw.permutation(len(members))[:count])
    held_out = np.isin(groups, sorted(chosen))
    return Split(~held_out, held_out)
