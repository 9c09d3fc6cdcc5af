"""Drawn photos to split: labels, products, files and vectors one can see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Photos:
    """One entry a photo."""

    labels: list[str]
    products: list[str]
    shas: list[str]
    vectors: NDArray[np.float32]


def photos(products: dict[str, int], each: int = 2, width: int = 64, seed: int = 0) -> Photos:
    """So many products of each label, with ``each`` photos; every vector points somewhere else."""
    labels = [label for label, n in products.items() for _ in range(n * each)]
    owners = [f"{label}{i}" for label, n in products.items() for i in range(n) for _ in range(each)]
    drawn = np.random.default_rng(seed).normal(size=(len(labels), width)).astype(np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return Photos(labels, owners, [f"sha{i}" for i in range(len(labels))], vectors)


def alike(vector: NDArray[np.float32], cosine: float, seed: int = 0) -> NDArray[np.float32]:
    """A unit vector with this cosine to a unit vector."""
    other = np.random.default_rng(seed).normal(size=len(vector))
    other -= (other @ vector) * vector
    other /= np.linalg.norm(other)
    return (cosine * vector + np.sqrt(1 - cosine**2) * other).astype(np.float32)
