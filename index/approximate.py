"""Scans that may miss a row: any type of FAISS's index factory, searched by its measured setting."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.allowed import Allowed
from index.flat import flat_over
from index.library import load_faiss, one_thread
from index.manifest import Setting
from index.parameters import search_parameters
from index.scans import Each, Floats, Found, Ints, each_once, masked_out

SLACK = 16
"""So many rows more than in proportion are fetched where some are not allowed; whoever asks, asks again for
more where that was not enough.
"""
KEPT = 64
"""So many of FAISS's parameter objects are kept: making one takes as long as comparing ten rows."""


class ApproximateScan:
    """Any FAISS index searched by its measured setting; rows that are not allowed are dropped afterwards.

    stored: the rows (n, d) as one block, read where they lie; with them FAISS itself compares what its rough
    scores found, and only the best of it comes back. lock: held during a search; GPU indexes are not safe for
    two threads even when reading.
    """

    exact = False

    def __init__(
        self,
        index: Any,
        setting: Setting,
        reweighed: Setting | None = None,
        stored: NDArray[np.float16] | None = None,
        limit: int = 4096,
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._index = index
        self._settings = {False: setting, True: reweighed or setting}
        self._stored = stored
        self._limit = limit
        self._lock = lock or nullcontext()
        self._refining: dict[tuple[bool, int, int], Any] = {}

    @property
    def limit(self) -> int:
        """The most rows one search fetches; on a GPU FAISS answers at most 2,048."""
        return min(self._limit, int(self._index.ntotal))

    @property
    def overfetch(self) -> int:
        """1 where FAISS compares them itself, else as measured when the generation was built."""
        return 1 if self._stored is not None else self._settings[False].overfetch

    @cached_property
    def _parameters(self) -> dict[bool, Any]:
        return {key: search_parameters(self._index, setting) for key, setting in self._settings.items()}

    @cached_property
    def _refined(self) -> Any:
        """The index with the stored rows behind it."""
        # Asked for only where there are any.
        return load_faiss().IndexRefine(self._index, flat_over(self._stored))  # type: ignore[arg-type]

    def _refining_to(self, reweighed: bool, fetch: int, rough: int) -> Any:
        """FAISS's parameters for the best ``fetch`` of ``rough`` rows."""
        wanted = (reweighed, fetch, rough)
        found = self._refining.get(wanted)
        if found is None:
            if len(self._refining) >= KEPT:
                self._refining.clear()
            faiss, factor = load_faiss(), (rough + 0.5) / fetch
            found = faiss.IndexRefineSearchParameters(
                k_factor=factor, base_index_params=self._parameters[reweighed]
            )
            self._refining[wanted] = found
        return found

    def near(self, probes: Floats, fetch: int) -> Ints:
        """See Scan."""
        with one_thread(), self._lock:
            _, rows = self._index.search(probes, min(fetch, self.limit), params=self._parameters[False])
        return each_once(rows, None)

    def top(self, probes: Floats, fetch: int, allowed: Allowed | None, reweighed: bool = False) -> Found:
        """Likely the nearest rows; fewer than ``fetch`` where the mask is narrow. Of one probe, and where
        FAISS compares the stored rows, the nearest first.
        """
        with one_thread():
            rows, worst = self._searched(probes, fetch, reweighed, allowed, 0)
        return Found(each_once(rows, allowed, padded=math.isinf(worst[0])), worst)

    def each(
        self,
        probes: Floats,
        fetch: int,
        reweighed: bool = False,
        allowed: Allowed | None = None,
        spare: int = 0,
    ) -> Each:
        """See Scan."""
        rows, worst = self._searched(probes, fetch, reweighed, allowed, spare)
        return Each(np.where(masked_out(rows, allowed), -1, rows), worst)

    def _searched(
        self, probes: Floats, fetch: int, reweighed: bool, allowed: Allowed | None, spare: int
    ) -> tuple[Ints, Floats]:
        """FAISS's rows (p, f), the nearest first, -1 pads; and the worst (p,) as in ``Found``."""
        total = int(self._index.ntotal)
        count = (total if allowed is None else allowed.count) - spare
        left_out, share = min(total - count, SLACK), fetch * total / max(count, 1)
        rough = min(math.ceil(share * self._settings[reweighed].overfetch) + left_out, self.limit)
        best = math.ceil(share) + left_out
        with self._lock:
            if self._stored is None or best >= rough:
                scores, rows = self._index.search(probes, rough, params=self._parameters[reweighed])
            else:
                refining = self._refining_to(reweighed, best, rough)
                scores, rows = self._refined.search(probes, best, params=refining)
        worst, ends = scores[:, -1], rows[:, -1]
        # Padding, at the end, means that the setting has nothing further to offer, however much is fetched.
        if len(rows) > 1 or ends[0] < 0:
            worst = np.where(ends < 0, np.float32(-np.inf), worst)
        return rows, worst
