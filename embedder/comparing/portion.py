"""A share of the labelled products of a training part: what learning with fewer labels learns from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embedder.finetuning.examples import NONE, Task
from embedder.splits.stratify import groups_by_label

Rows = NDArray[np.int64]
FEWEST = 2
"""Products of every class that are kept, whatever the share: one alone has nothing to be like."""


def portion(task: Task, groups: NDArray[np.int64], rows: Rows, percent: float, seed: int) -> Rows:
    """Some of the training photos ``rows``: of every class of the label this share of its products.

    At least two products a class where it has them; photos without a value count as a class. For a product's
    identity it is a share of all products, whole. A smaller share of the same seed is part of a larger one.
    groups: of all photos (n,); one group is one product, near-duplicates of it included.
    """
    if task.is_identity:
        classes = ["product"] * len(rows)
    else:
        classes = ["" if t == NONE else task.classes[t] for t in task.targets[rows].tolist()]
    draw = np.random.default_rng([seed, 1])
    chosen: list[int] = []
    for members in groups_by_label(classes, groups[rows]).values():
        count = min(len(members), max(FEWEST, round(percent / 100.0 * len(members))))
        chosen.extend(members[i] for i in draw.permutation(len(members))[:count])
    return rows[np.isin(groups[rows], chosen)]
