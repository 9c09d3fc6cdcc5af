"""The reading half of the pipeline: from photos that wait for a vector to pixels, each content once.

A photo whose bytes the space knows already is not decoded; of several with the same bytes in one run, one is
encoded and the others wait for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from data import rejects
from data.records import PendingPhoto
from embedder.hands import Hands, Made, Unfit
from embedder.stages import KNOWN, Stages


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
    """Sorts photos by what must be done with them, for one embedder's space. Threads may share it."""

    def __init__(self, shop: Known, space: str, claims: Claims, stages: Stages) -> None:
        self._shop = shop
        self._space = space
        self._claims = claims
        self._stages = stages

    def read(self, photos: Sequence[PendingPhoto], hands: Hands) -> Iterator[Decoded | Seen | Refused]:
        """Decoded for what must be encoded, Seen for what the space knows already, Refused for what cannot
        be. ``hands`` do the work at files.

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
        done = 0
        while done < len(changed):
            group: list[tuple[int, PendingPhoto, Seen]] = []
            left = changed[done:]
            for place, found in enumerate(hands.read([photo.path for photo in left])):
                photo = left[place]
                done += 1
                if isinstance(found, Unfit):
                    yield Refused(photo.photo_id, found.reason, found.message)
                    continue
                seen = Seen(photo.photo_id, *found, found.sha256 == photo.searched)
                if self._claims.take(seen):
                    group.append((place, photo, seen))
            if group:
                yield from self._new(group, hands)

    def _new(
        self, group: list[tuple[int, PendingPhoto, Seen]], hands: Hands
    ) -> Iterator[Decoded | Seen | Refused]:
        # Asked only after the contents were claimed: whatever was committed before the claim is seen here.
        known = self._known([seen.sha256 for _, _, seen in group])
        decoded = hands.decode([place for place, _, seen in group if seen.sha256 not in known])
        for _, photo, seen in group:
            if seen.sha256 in known:
                yield seen
                yield from self._claims.release(seen.sha256)
                continue
            made = next(decoded)
            if isinstance(made, Made):
                yield Decoded(seen, *made)
                continue
            content: str | None = seen.sha256
            if made.reason == rejects.MISSING_FILE:
                # Its bytes were lost, and are not there any more: those of others may be. The next run reads
                # them, or this one, where they come later.
                self._claims.release(seen.sha256)
                content = None
            yield Refused(seen.photo_id, made.reason, f"{photo.path.name}: {made.message}", content)

    def _known(self, digests: Sequence[str]) -> set[str]:
        began = time.perf_counter()
        known = self._shop.known_sha(self._space, digests)
        self._stages.add(KNOWN, time.perf_counter() - began, len(digests))
        return known
