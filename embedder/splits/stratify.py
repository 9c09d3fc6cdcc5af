"""The draw behind every split of known categories: a share of each label's groups, from a seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embedder.splits.split import Mask


def groups_by_label(labels: Sequence[str], groups: NDArray[np.int64]) -> dict[str, list[int]]:
    """Label, sorted → its groups, ascending. A group counts under the label that most of its photos bear (of
    equally frequent ones, the first by alphabet)."""
    by_group: dict[int, Counter[str]] = defaultdict(Counter)
    for label, group in zip(labels, groups.tolist(), strict=True):
        by_group[group][label] += 1
    found: dict[str, list[int]] = defaultdict(list)
    for group in sorted(by_group):
        counted = by_group[group]
        found[min(counted, key=lambda label: (-counted[label], label))].append(group)
    return {label: found[label] for label in sorted(found)}


def hold_out(labels: Sequence[str], groups: NDArray[np.int64], share: float, seed: int) -> Mask:
    """A mask (n,) over ``share`` of every label's groups: at least one where there are two, never all."""
    draw = np.random.default_rng(seed)
    chosen: list[int] = []
    for members in groups_by_label(labels, groups).values():
        count = min(max(1, round(share * len(members))), len(members) - 1)
        chosen.extend(members[i] for i in draw.permutation(len(members))[:count])
    return np.isin(groups, chosen)
