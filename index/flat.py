"""FAISS flat indexes over stored float16 vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.library import load_faiss


def half_flat(matrix: NDArray[np.float16]) -> Any:
    """A FAISS flat index whose codes are the rows (n, d) themselves."""
    faiss = load_faiss()
    flat = faiss.IndexScalarQuantizer(
        matrix.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    for first in range(0, len(matrix), 65536):
        part = np.ascontiguousarray(matrix[first : first + 65536], dtype=np.float16)
        flat.add_sa_codes(part.view(np.uint8))
    return flat


def flat_over(matrix: NDArray[np.float16]) -> Any:
    """A FAISS flat index that reads the rows (n, d) of one block where they are; the caller keeps them."""
    faiss = load_faiss()
    flat = faiss.IndexScalarQuantizer(
        matrix.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    if len(matrix):
        codes, nobody = matrix.view(np.uint8).reshape(-1), faiss.MaybeOwnedVectorUInt8()
        flat.codes = faiss.MaybeOwnedVectorUInt8.create_view(
            faiss.swig_ptr(codes), codes.nbytes, nobody.owner
        )
        flat.ntotal = len(matrix)
    return flat
