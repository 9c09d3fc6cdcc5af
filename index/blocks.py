"""Means and norms of vectors made of aspect blocks: pure numerics.

A mean of vectors has shorter blocks where the vectors disagree. Every mean made here is brought back to unit
blocks, so that an inner product stays what it is everywhere: the weighted mean of the aspects' cosines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout

Floats = NDArray[np.float32]
TINY = 1e-6


def unit(vectors: Floats, layout: AspectLayout) -> Floats:
    """Vectors (n, d) with each block at its layout's norm; a block of (near) zeros becomes exact zeros."""
    with np.errstate(over="ignore"):  # an infinite norm makes the block zeros, which callers refuse
        norms: Floats = np.sqrt(np.add.reduceat(vectors * vectors, layout.starts, axis=1))
    norms[norms <= TINY] = np.inf
    scaled: Floats = vectors * layout.spread(layout.norms / norms)
    return scaled


def group_means(matrix: NDArray[np.floating], starts: NDArray[np.int64], layout: AspectLayout) -> Floats:
    """The unit mean of each group of consecutive rows.

    matrix (n, d); starts (g + 1,) with starts[0] == 0 and starts[-1] == n, no group empty → float32 (g, d).
    """
    groups = len(starts) - 1
    means = np.empty((groups, matrix.shape[1]), np.float32)
    step = 8192
    for first in range(0, groups, step):
        last = min(first + step, groups)
        rows = np.asarray(matrix[starts[first] : starts[last]], np.float32)
        if len(rows) == last - first:
            means[first:last] = rows
        else:
            np.add.reduceat(rows, starts[first:last] - starts[first], axis=0, out=means[first:last])
    return unit(means, layout)


def symmetric(vectors: Floats, chosen: Floats, layout: AspectLayout) -> Floats:
    """Stored vectors (n, d) scaled so that their inner products are means under the shares ``chosen``."""
    scaled: Floats = vectors * layout.spread(np.sqrt(chosen / layout.shares))
    return scaled
