"""The GPU, where there is one: the same FAISS indexes, moved there.

What FAISS's GPU indexes cannot do, the scan works around: at most 2,048 rows a search; selectors are read but
ignored, so masks are applied afterwards and what is then short is searched exactly on the CPU; no removal, so
deletes are masks too; not safe for two threads, so a lock is held.
"""

from __future__ import annotations

import threading
from typing import Any

from index.approximate import ApproximateScan
from index.library import load_faiss
from index.manifest import Setting

GPU_LIMIT = 2048
PLAIN = Setting("", 0, 1)
QUICK_BYTES = 4 * 2**30
"""Up to so many bytes a flat index is float32 on a GPU, where FAISS compares float16 a quarter slower."""


def gpus() -> int:
    """How many CUDA GPUs FAISS can use; 0 with the CPU build."""
    faiss = load_faiss()

    return int(faiss.get_num_gpus()) if hasattr(faiss, "get_num_gpus") else 0


def faiss_version() -> str:
    """The version of FAISS in use."""
    faiss = load_faiss()

    return str(faiss.__version__)


def to_gpu(index: Any) -> Any:
    """A copy of an index on the first GPU: float16 where the type allows, but for flat ones up to
    ``QUICK_BYTES``."""
    faiss = load_faiss()

    options = faiss.GpuClonerOptions()
    flat = isinstance(index, faiss.IndexFlat)
    options.useFloat16 = not flat or index.ntotal * index.d * 4 > QUICK_BYTES
    options.useFloat16CoarseQuantizer = False
    return faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index, options)


def gpu_scan(on_gpu: Any, setting: Setting = PLAIN, reweighed: Setting | None = None) -> ApproximateScan:
    """A scan over an index that is on the GPU already: one search at a time, at most 2,048 rows each."""
    return ApproximateScan(on_gpu, setting, reweighed, limit=GPU_LIMIT, lock=threading.Lock())
