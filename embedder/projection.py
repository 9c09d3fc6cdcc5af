"""What is done with pooled activations after the network: centring, projection, unit norm; and fitting it.

``y = (x - mean) @ matrix``, then L2. Stored in ``aspects.safetensors`` as ``<aspect>.mean`` and
``<aspect>.projection``; either may be absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import Damaged, UsageError
from embedder.tensors import StoredTensor

Floats = NDArray[np.float32]
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Projection:
    """A linear map of one aspect's pooled activations.

    mean: float32 (d_in,), subtracted first; None for none.
    matrix: float32 (d_in, d_out); None keeps every dimension.
    """

    mean: Floats | None = None
    matrix: Floats | None = None

    def __post_init__(self) -> None:
        if self.matrix is not None and self.matrix.ndim != 2:
            raise Damaged(f"a projection must be a matrix, not of shape {self.matrix.shape}")
        if self.mean is not None and self.matrix is not None and self.mean.shape != self.matrix.shape[:1]:
            raise Damaged(
                f"a mean of shape {self.mean.shape} does not fit a projection of {self.matrix.shape}"
            )
        for array in (self.mean, self.matrix):
            if array is not None and not np.isfinite(array).all():
                raise Damaged("a projection holds numbers that are not finite; export it again")

    @property
    def d_in(self) -> int | None:
        """Width of what goes in, or None where any width will do."""
        array = self.matrix if self.matrix is not None else self.mean
        return None if array is None else int(array.shape[0])

    def d_out(self, d_in: int) -> int:
        """Width of what comes out; Damaged where ``d_in`` does not fit."""
        if self.d_in is not None and self.d_in != d_in:
            raise Damaged(f"a projection made for {self.d_in} activations was given {d_in}")
        return d_in if self.matrix is None else int(self.matrix.shape[1])

    def apply(self, pooled: Floats) -> Floats:
        """Pooled activations (n, d_in) → unit vectors (n, d_out)."""
        self.d_out(pooled.shape[1])
        centred: Floats = pooled if self.mean is None else pooled - self.mean
        projected: Floats = centred if self.matrix is None else centred @ self.matrix
        return unit(projected)

    def then(self, matrix: Floats) -> Projection:
        """This projection followed by another matrix (d_out, d_new)."""
        return Projection(
            self.mean, matrix if self.matrix is None else (self.matrix @ matrix).astype(np.float32)
        )

    @classmethod
    def read(cls, tensors: Mapping[str, StoredTensor], aspect: str) -> Projection:
        """The projection of an aspect, or the one that does nothing where the tensors have none."""
        mean, matrix = tensors.get(f"{aspect}.mean"), tensors.get(f"{aspect}.projection")
        return cls(
            None if mean is None else mean.floats().reshape(-1),
            None if matrix is None else matrix.floats(),
        )

    def tensors(self, aspect: str) -> dict[str, Floats]:
        """As they are stored for an aspect, row-major (safetensors writes an array's memory as it lies)."""
        named = {f"{aspect}.mean": self.mean, f"{aspect}.projection": self.matrix}
        return {name: np.ascontiguousarray(array) for name, array in named.items() if array is not None}


def unit(vectors: Floats) -> Floats:
    """Every row divided by its length; a row of zeros stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    normalised: Floats = (vectors / np.maximum(lengths, TINY)).astype(np.float32, copy=False)
    return normalised


def fit_pca(pooled: Floats, d_out: int, whiten: bool = False, shrink: float = 0.0) -> Projection:
    """Principal components of pooled activations (n, d_in), largest first.

    ``whiten`` divides every component by its standard deviation (Jégou & Chum, 2012); ``shrink`` in [0, 1)
    mixes the variances with their mean first, so that the smallest are not blown up. Raises UsageError for
    fewer vectors than dimensions wanted.
    """
    n, d_in = pooled.shape
    if not 1 <= d_out <= d_in:
        raise UsageError(
            f"a projection of {d_in} activations has between 1 and {d_in} dimensions, not {d_out}"
        )
    if n <= d_out:
        raise UsageError(f"{n} photos are too few to fit {d_out} dimensions; index more, or ask for fewer")
    if not 0.0 <= shrink < 1.0:
        raise UsageError(f"shrink is a share from 0 to below 1, not {shrink}")
    mean = pooled.mean(0, dtype=np.float64)
    covariance = np.cov(pooled.astype(np.float64), rowvar=False).reshape(d_in, d_in)
    variances, components = np.linalg.eigh(covariance)
    order = np.argsort(variances)[::-1][:d_out]
    matrix = components[:, order]
    if whiten:
        kept = np.maximum(variances[order], 0.0)
        mixed = (1.0 - shrink) * kept + shrink * kept.mean()
        matrix = matrix / np.sqrt(np.maximum(mixed, TINY))
    return Projection(mean.astype(np.float32), matrix.astype(np.float32))
