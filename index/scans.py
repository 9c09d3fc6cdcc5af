"""The seam to FAISS: something that finds the rows nearest to a few probes among those allowed.

Two implementations: ``ExactScan`` over the stored float16 vectors, here, and ``index.approximate`` over any
type of the index factory. FAISS itself uses one thread for one query: a single query is one unit of work to
it, and on a busy machine waiting for a second OpenMP thread costs milliseconds (measured: 90th percentile
8.8 ms against 0.4). A long exact scan is cut into parts that idle cores may take a share of (see
``index.sharing``).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from index.allowed import Allowed
from index.compared import compared, largest
from index.flat import flat_over
from index.halves import widened
from index.library import load_faiss, one_thread
from index.sharing import shared

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
PART_VALUES = 4_000_000
"""Numbers (rows x width) of a part of a long exact scan: about a quarter of a millisecond."""
MANY_PROBES = 16
"""From so many probes on rows are compared block by block, with all probes at once."""
GATHERED = 200
"""Where at most one row in so many is allowed, these are picked out; else all are gone over with a bitmap."""


class Found(NamedTuple):
    """What a scan found for p probes.

    rows: int64, each once, in no order. worst: (p,) the lowest inner product fetched per probe: only rows
    below it are missing (as far as the scan is exact); -inf where fetching more would bring nothing more.
    """

    rows: NDArray[np.int64]
    worst: Floats


class Each(NamedTuple):
    """What a scan found for each of p probes by itself.

    rows: int64 (p, f), -1 for padding and for rows that are not allowed. worst: (p,) as in ``Found``.
    """

    rows: NDArray[np.int64]
    worst: Floats


class Scan(Protocol):
    """Finds candidates. Safe to call from several threads."""

    @property
    def exact(self) -> bool:
        """Whether it cannot miss a row."""

    @property
    def limit(self) -> int:
        """The most rows worth fetching at once."""

    @property
    def overfetch(self) -> int:
        """Rows that come back for each one asked for, as the scan's scores are rough."""

    def near(self, probes: Floats, fetch: int) -> Ints:
        """Rows, each once, likely among the ``fetch`` nearest to some probe (p, d), by the scan's own scores,
        rough or not; for whoever compares them in other ways.
        """

    def top(self, probes: Floats, fetch: int, allowed: Allowed | None, reweighed: bool = False) -> Found:
        """The rows among ``allowed`` (None: all) nearest to each probe (p, d), about ``fetch`` per probe."""

    def each(
        self,
        probes: Floats,
        fetch: int,
        reweighed: bool = False,
        allowed: Allowed | None = None,
        spare: int = 0,
    ) -> Each:
        """For each of many probes (p, d) by itself what ``top`` finds for it alone. Uses all cores.

        spare: how many of the allowed rows the caller will leave out, others for each probe.
        """


def masked_out(rows: NDArray[np.int64], allowed: Allowed | None) -> NDArray[np.bool_]:
    """Which places of a FAISS answer (p, f) are padding (-1) or rows that are not allowed."""
    out = rows < 0
    if allowed is not None:
        out |= ~allowed.holds(np.maximum(rows, 0))
    return out


class ExactScan:
    """Every allowed row is compared: FAISS's flat scan over float16 vectors, accumulated in float32.

    Half the memory traffic of float32, hence about twice as fast for one query (measured: 1.1 ms for 50,000 x
    384 and 3.0 ms for 200,000 x 256 on one core, against 2.4 and 7.6). The vectors are searched where they
    lie, in a file that is mapped or an array.
    """

    exact = True

    def __init__(self, flat: Any, kept: NDArray[np.float16] | None = None) -> None:
        """kept: the rows, where the index only borrows them."""
        faiss = load_faiss()
        self._flat, self._kept = flat, kept
        codes = faiss.rev_swig_ptr(flat.codes.data(), flat.ntotal * flat.code_size) if flat.ntotal else b""
        self._halves = np.frombuffer(codes, np.float16).reshape(flat.ntotal, flat.d)

    @classmethod
    def over(cls, matrix: NDArray[np.float16]) -> ExactScan:
        """A scan over the rows (n, d) where they lie; copied only where they are not one block."""
        rows = np.ascontiguousarray(matrix, np.float16)
        return cls(flat_over(rows), rows)

    @classmethod
    def load(cls, path: Path) -> ExactScan:
        """A scan over a FAISS file, mapped into memory, not read."""
        faiss = load_faiss()
        return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))

    @property
    def limit(self) -> int:
        """All rows."""
        return int(self._flat.ntotal)

    @property
    def overfetch(self) -> int:
        """1: scores are exact."""
        return 1

    def near(self, probes: Floats, fetch: int) -> Ints:
        """See Scan."""
        return self.top(probes, fetch, None).rows

    def top(self, probes: Floats, fetch: int, allowed: Allowed | None, reweighed: bool = False) -> Found:
        """Exact for any probe; ``reweighed`` changes nothing."""
        count = self.limit if allowed is None else allowed.count
        if count == 0:
            return Found(np.empty(0, np.int64), np.full(len(probes), -np.inf, np.float32))
        fetch = min(fetch, count)
        scores, rows = self._nearest(probes, fetch, allowed)
        worst = scores.min(axis=1) if fetch < count else np.full(len(probes), -np.inf, np.float32)
        return Found(each_once(rows, allowed), worst)

    def each(
        self,
        probes: Floats,
        fetch: int,
        reweighed: bool = False,
        allowed: Allowed | None = None,
        spare: int = 0,
    ) -> Each:
        """See Scan."""
        count = (self.limit if allowed is None else allowed.count) - spare
        nothing_more = np.full(len(probes), -np.inf, np.float32)
        if count <= 0:
            return Each(np.empty((len(probes), 0), np.int64), nothing_more)
        fetch = min(fetch, count)
        if len(probes) < MANY_PROBES:
            scores, rows = self._nearest(probes, fetch + spare, allowed)
        elif allowed is not None and allowed.mask is not None and allowed.is_narrow:
            scores, rows = compared(self._halves, probes, fetch + spare, np.flatnonzero(allowed.mask))
        else:
            scores, rows = compared(self._halves, probes, fetch + self.limit - count)
        worst = scores.min(axis=1) if fetch < count else nothing_more
        return Each(np.where(masked_out(rows, allowed), -1, rows), worst)

    def _nearest(self, probes: Floats, fetch: int, allowed: Allowed | None) -> tuple[Floats, Ints]:
        """Scores and rows (p, f), in no order, of the ``fetch`` best that are allowed, and perhaps of some
        that are not; ``fetch`` is at most the number of the former.
        """
        count = self.limit if allowed is None else allowed.count
        if allowed is None or allowed.mask is None or not allowed.is_narrow:
            # Testing every row would cost more than fetching a few too many.
            return self._scanned(probes, fetch + self.limit - count, self.limit, None)
        if count * GATHERED <= self.limit:
            return self._gathered(probes, np.flatnonzero(allowed.mask), fetch)
        return self._scanned(probes, fetch, count, np.packbits(allowed.mask, bitorder="little"))

    def _gathered(self, probes: Floats, rows: Ints, fetch: int) -> tuple[Floats, Ints]:
        """Scores and rows (p, fetch), in no order, of the best among some rows."""
        picked = widened(self._halves[rows])
        scores = np.vecdot(picked, probes[0])[None, :] if len(probes) == 1 else probes @ picked.T
        if fetch == len(rows):
            return scores, np.broadcast_to(rows, scores.shape)
        best = largest(scores, fetch)
        return np.take_along_axis(scores, best, axis=1), rows[best]

    def _scanned(
        self, probes: Floats, fetch: int, compared: int, bits: NDArray[np.uint8] | None
    ) -> tuple[Floats, Ints]:
        """Scores and rows (p, fetch), in no order, of the best among all, or those whose bit is set;
        compared: how many these are.
        """
        long = compared * self._halves.shape[1] >= 2 * PART_VALUES
        faiss, parts = load_faiss(), self._parts if long else [(0, self._flat)]

        def one(number: int) -> tuple[Floats, Ints]:
            first, flat = parts[number]
            parameters = None
            if bits is not None:
                mine = np.ascontiguousarray(bits[first // 8 : (first + flat.ntotal + 7) // 8])
                parameters = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(mine))
            with one_thread():
                scores, rows = flat.search(probes, min(fetch, flat.ntotal), params=parameters)
            return scores, np.where(rows < 0, rows, rows + first) if first else rows

        if len(parts) == 1:
            return one(0)
        found = shared(len(parts), one)
        scores = np.concatenate([scores for scores, _ in found], axis=1)
        rows = np.concatenate([rows for _, rows in found], axis=1)
        if scores.shape[1] <= fetch:
            return scores, rows
        best = largest(scores, fetch)
        return np.take_along_axis(scores, best, axis=1), np.take_along_axis(rows, best, axis=1)

    @cached_property
    def _parts(self) -> list[tuple[int, Any]]:
        """The rows in parts that begin at a multiple of eight, each a FAISS index over the same memory."""
        rows = max(PART_VALUES // self._halves.shape[1] // 8, 1) * 8
        return [
            (first, flat_over(self._halves[first : first + rows])) for first in range(0, self.limit, rows)
        ]


def each_once(rows: Ints, allowed: Allowed | None, padded: bool = True) -> Ints:
    """What FAISS found for each probe (p, f), without padding and rows that are not allowed, each once.

    padded: whether there may be padding.
    """
    if len(rows) > 1:
        return np.unique(rows[~masked_out(rows, allowed)])
    found: Ints = rows[0]
    if padded:
        found = found[found >= 0]
    return found if allowed is None or allowed.is_whole else found[allowed.holds(found)]
