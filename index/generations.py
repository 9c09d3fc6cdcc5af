"""The generations of a shop on the disk: which there are, which is in use, and loading one that is whole."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import Damaged
from index.devices import gpu_scan, gpus, to_gpu
from index.durable import replace_text
from index.manifest import Manifest
from index.rows import Rows
from index.scans import ApproximateScan, ExactScan, Scan
from index.sources import VECTORS_FILE

CURRENT_FILE = "CURRENT"
INDEX_FILE = "index.faiss"
KEPT = 2
_NAME_WIDTH = 6
_LOAD_FAULTS = (OSError, ValueError, KeyError, TypeError, RuntimeError, json.JSONDecodeError)


@dataclass(frozen=True)
class Generation:
    """A generation whose every file matched its checksum. Immutable; safe to search from several threads.

    matrix: float16 (n, d), mapped from the disk. Scans are opened when first asked for.
    """

    directory: Path
    manifest: Manifest
    rows: Rows
    matrix: NDArray[np.float16]

    @cached_property
    def layout(self) -> AspectLayout:
        """The layout of its vectors."""
        return self.manifest.aspect_layout()

    @cached_property
    def _lock(self) -> Lock:
        return Lock()

    @cached_property
    def _scans(self) -> dict[str, Scan]:
        return {}

    def exact(self) -> ExactScan:
        """Compares everything, on the CPU."""
        scan = self._once("exact")
        if not isinstance(scan, ExactScan):
            raise TypeError("the exact scan is of another kind")
        return scan

    def quick(self) -> Scan:
        """The chosen type, on the GPU where the machine has one and the choice was made there."""
        return self._once("quick")

    def _once(self, name: str) -> Scan:
        with self._lock:
            if name not in self._scans:
                self._scans[name] = self._open_exact() if name == "exact" else self._open_quick()
            return self._scans[name]

    def _open_exact(self) -> ExactScan:
        if self.manifest.type == "exact":
            return ExactScan.load(self.directory / INDEX_FILE)
        return ExactScan.over(self.matrix)
