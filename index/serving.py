"""The scans of a generation, opened when first needed: FAISS is not even imported before."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.approximate import ApproximateScan
from index.devices import gpu_scan, gpus, to_gpu
from index.library import load_faiss
from index.manifest import Manifest
from index.scans import ExactScan, Scan

INDEX_FILE = "index.faiss"
CUDA = "cuda"


class Scans:
    """Opens a generation's FAISS file once, in the form that the machine and the query call for."""

    def __init__(self, directory: Path, manifest: Manifest, matrix: NDArray[np.float16]) -> None:
        self._directory = directory
        self._manifest = manifest
        self._matrix = matrix
        self._lock = Lock()
        self._exact: ExactScan | None = None
        self._quick: Scan | None = None

    def exact(self) -> ExactScan:
        """Compares everything, on the CPU."""
        with self._lock:
            if self._exact is None:
                self._exact = self._open_exact()
            return self._exact

    def quick(self) -> Scan:
        """The chosen type; on the GPU where the choice was made on one and this machine has one."""
        if self._manifest.exact and self._manifest.device != CUDA:
            return self.exact()
        with self._lock:
            if self._quick is None:
                self._quick = self._open_quick()
            return self._quick

    def suits(self, reweighed: bool) -> bool:
        """Whether the chosen type may answer (re-weighted) queries, or the exact scan has to."""
        return self._manifest.exact or not reweighed or self._manifest.chosen.reweighed is not None

    def _open_exact(self) -> ExactScan:
        if not self._manifest.exact:
            return ExactScan.over(self._matrix)
        try:
            return ExactScan.load(self._index_path)
        except RuntimeError as error:
            return self._of_a_removed_generation(error)

    def _open_quick(self) -> Scan:
        try:
            return self._open_chosen()
        except RuntimeError as error:
            return self._of_a_removed_generation(error)

    def _of_a_removed_generation(self, error: RuntimeError) -> ExactScan:
        """For a question that began with a generation of which the files were removed before it came to open
        them: its vectors are still mapped. Raises FAISS's error where the file is there.
        """
        if self._index_path.exists():
            raise error
        return ExactScan.over(self._matrix)

    def _open_chosen(self) -> Scan:
        chosen = self._manifest.chosen
        on_gpu = self._manifest.device == CUDA and gpus() > 0
        if self._manifest.exact:
            return gpu_scan(to_gpu(flat(self._matrix))) if on_gpu else ExactScan.load(self._index_path)
        if chosen.setting is None:
            raise ValueError(f"the manifest in {self._directory} names no setting for {chosen.factory}")
        if on_gpu:
            return gpu_scan(to_gpu(self._read()), chosen.setting, chosen.reweighed)
        return ApproximateScan(self._read(), chosen.setting, chosen.reweighed, self._matrix)

    @property
    def _index_path(self) -> Path:
        return self._directory / INDEX_FILE

    def _read(self) -> Any:
        faiss = load_faiss()

        return faiss.read_index(str(self._index_path))


def flat(matrix: NDArray[np.float16]) -> Any:
    """A float32 flat index, which FAISS can move to a GPU (the float16 one of the CPU it cannot)."""
    faiss = load_faiss()

    index = faiss.IndexFlatIP(matrix.shape[1])
    for first in range(0, len(matrix), 65536):
        index.add(np.asarray(matrix[first : first + 65536], np.float32))
    return index
