"""The reading half of the pipeline: from photos that wait for a vector to pixels, each content once.

A photo whose bytes the space knows already is not decoded; of several with the same bytes in one run, one is
encoded and the others wait for it.
"""

from __future__ import annotations

import hashlib
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from data import rejects
from data.errors import BadPhoto
from data.photolimits import PhotoLimits
from data.records import PendingPhoto
from embedder.embedder import Embedder
from embedder.stages import COLOURS, DECODE, KNOWN, READ, Stages

GROUP_PHOTOS = 32
GROUP_BYTES = 32 * 2**20


class Known(Protocol):
    """What of a shop the reader needs."""

    def known_sha(self, space: str, shas: Sequence[str]) -> set[str]:
        """Those file digests for which the space has a vector."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A photo whose file was read: its digest, and the file's size and time when it was. same: see
    ``EncodedPhoto``.
    """

    photo_id: str
    sha256: str
    size: int
    mtime_ns: int
    same: bool = False


@dataclass(frozen=True, slots=True)
class Decoded:
    """A photo ready for the network: pixels uint8 (H, W, 3), and its palette block (c,)."""

    seen: Seen
    pixels: NDArray[np.uint8]
    colours: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Refused:
    """A photo that cannot be used; ``sha256`` where its bytes could be read."""

    photo_id: str
    reason: str
    detail: str
    sha256: str | None = None


class Claims:
    """Which contents are on their way to a vector, and which photos wait for them. Shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Seen]] = {}

    def take(self, seen: Seen) -> bool:
        """True for the first photo with this content; any other one is noted to wait for it."""
        with self._lock:
            if seen.sha256 in self._waiting:
                self._waiting[seen.sha256].append(seen)
                return False
            self._waiting[seen.sha256] = []
            return True

    def release(self, sha256: str) -> list[Seen]:
        """The content has its vector, or never will: the photos that waited for it."""
        with self._lock:
            return self._waiting.pop(sha256, [])


class Reader:
    """Reads, hashes and decodes photos for one embedder. Threads may share it."""

    def __init__(
        self,
        shop: Known,
        embedder: Embedder,
        claims: Claims,
        stages: Stages,
        limits: PhotoLimits | None = None,
    ) -> None:
        self._shop = shop
        self._embedder = embedder
        self._claims = claims
        self._stages = stages
        self._limits = limits or PhotoLimits()

    def read(self, photos: Sequence[PendingPhoto]) -> Iterator[Decoded | Seen | Refused]:
        """Decoded for what must be encoded, Seen for what the space knows already, Refused for what cannot
        be.

        Photos that wait for another one with the same bytes do not appear: see ``Claims``.
        """
        unread = [photo.sha256 for photo in photos if photo.sha256 is not None]
        known = self._known(unread) if unread else set()
        changed = []
        for photo in photos:
            if photo.sha256 is not None and photo.sha256 in known:
                same = photo.sha256 == photo.searched
                yield Seen(photo.photo_id, photo.sha256, photo.size, photo.mtime_ns, same)
            else:
                changed.append(photo)
        group: list[tuple[PendingPhoto, Seen, bytes]] = []
        size = 0
        for photo in changed:
            try:
                seen, data = self._bytes(photo)
            except BadPhoto as error:
                yield Refused(photo.photo_id, error.reason, error.message)
                continue
            if self._claims.take(seen):
                group.append((photo, seen, data))
                size += len(data)
            if len(group) >= GROUP_PHOTOS or size >= GROUP_BYTES:
                yield from self._new(group)
                group, size = [], 0
        if group:
            yield from self._new(group)

    def _new(self, group: list[tuple[PendingPhoto, Seen, bytes]]) -> Iterator[Decoded | Seen | Refused]:
        # Asked only after the contents were claimed: whatever was committed before the claim is seen here.
        known = self._known([seen.sha256 for _, seen, _ in group])
        for photo, seen, data in group:
            if seen.sha256 in known:
                yield seen
                yield from self._claims.release(seen.sha256)
                continue
            try:
                yield self._decoded(seen, data)
            except BadPhoto as error:
                yield Refused(seen.photo_id, error.reason, f"{photo.path.name}: {error.message}", seen.sha256)

    def _known(self, digests: Sequence[str]) -> set[str]:
        began = time.perf_counter()
        known = self._shop.known_sha(self._embedder.space, digests)
        self._stages.add(KNOWN, time.perf_counter() - began, len(digests))
        return known

    def _decoded(self, seen: Seen, data: bytes) -> Decoded:
        began = time.perf_counter()
        pixels = self._embedder.prepare(data)
        middle = time.perf_counter()
        colours = self._embedder.colours(pixels)
        self._stages.add(DECODE, middle - began, 1)
        self._stages.add(COLOURS, time.perf_counter() - middle, 1)
        return Decoded(seen, pixels, colours)

    def _bytes(self, photo: PendingPhoto) -> tuple[Seen, bytes]:
        began = time.perf_counter()
        data, size, mtime_ns = read_bytes(photo.path, self._limits.max_bytes)
        sha256 = hashlib.sha256(data).hexdigest()
        seen = Seen(photo.photo_id, sha256, size, mtime_ns, sha256 == photo.searched)
        self._stages.add(READ, time.perf_counter() - began, 1)
        return seen, data


def read_bytes(path: Path, limit: int) -> tuple[bytes, int, int]:
    """A photo's bytes with the size and time of its file; BadPhoto where it is absent, no file or too
    large."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise BadPhoto(rejects.MISSING_FILE, f"{path.name} is not a file")
        if found.st_size > limit:
            raise BadPhoto(
                rejects.TOO_MANY_BYTES, f"{path.name} has {found.st_size:,} bytes; the limit is {limit:,}"
            )
        return path.read_bytes(), found.st_size, found.st_mtime_ns
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error}"
        raise BadPhoto(rejects.MISSING_FILE, f"{path.name} {why}") from None
