"""The writing half of the pipeline: one thread that commits what is finished, a portion at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from data.records import EncodedPhoto
from embedder.progress import Progress
from embedder.reading import Claims, Refused, Seen

PORTION = 256
PORTION_SECONDS = 2.0


class VectorStore(Protocol):
    """What of a shop the writer needs."""

    def put_vectors(
        self, space: str, done: Sequence[EncodedPhoto], failed: Sequence[tuple[str, str, str]]
    ) -> None:
        """One transaction: vectors, states of photos, rejects."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Photos with their vectors, float32 (n, d), unit blocks."""

    seen: Sequence[Seen]
    vectors: NDArray[np.float32]


Finished = Encoded | Seen | Refused


class Writer:
    """Gathers finished photos and commits them together; counts as it goes. Used by one thread."""

    def __init__(
        self,
        shop: VectorStore,
        space: str,
        claims: Claims,
        total: int,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._shop = shop
        self._space = space
        self._claims = claims
        self._total = total
        self._progress = progress
        self._done: list[EncodedPhoto] = []
        self._failed: list[Refused] = []
        self._started = self._last = time.perf_counter()
        self.encoded = self.reused = self.rejected = 0
        self.seconds = 0.0

    def take(self, item: Finished) -> None:
        """Adds something finished; commits when enough has come together, or it has waited long enough."""
        if isinstance(item, Encoded):
            self._done.extend(
                EncodedPhoto(s.photo_id, s.sha256, s.size, s.mtime_ns, vector)
                for s, vector in zip(item.seen, item.vectors, strict=True)
            )
        elif isinstance(item, Seen):
            seen = EncodedPhoto(item.photo_id, item.sha256, item.size, item.mtime_ns, None, item.same)
            self._done.append(seen)
        else:
            self._failed.append(item)
        waiting = len(self._done) + len(self._failed)
        if waiting >= PORTION or time.perf_counter() - self._last >= PORTION_SECONDS:
            self.commit()

    def flush(self) -> None:
        """Commits all there is, and the photos that waited for it."""
        while self._done or self._failed:
            self.commit()

    def commit(self) -> None:
        """One transaction; photos that waited for one of these contents come into the next."""
        done, failed = self._done, self._failed
        self._done, self._failed = [], []
        began = time.perf_counter()
        self._shop.put_vectors(self._space, done, [(f.photo_id, f.reason, f.detail) for f in failed])
        self._last = time.perf_counter()
        self.seconds += self._last - began
        self.encoded += sum(photo.vector is not None for photo in done)
        self.reused += sum(photo.vector is None for photo in done)
        self.rejected += len(failed)
        for photo in done:
            if photo.vector is not None:
                for seen in self._claims.release(photo.sha256):
                    self.take(seen)
        for refused in failed:
            if refused.sha256 is not None:
                self._failed.extend(
                    Refused(seen.photo_id, refused.reason, refused.detail)
                    for seen in self._claims.release(refused.sha256)
                )
        self._tell()

    def _tell(self) -> None:
        if self._progress is None:
            return
        done = self.encoded + self.reused + self.rejected
        self._progress(
            Progress(
                done,
                max(self._total, done),
                self.encoded,
                self.reused,
                self.rejected,
                time.perf_counter() - self._started,
            )
        )
