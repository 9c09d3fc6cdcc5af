"""The recommender that answers, and its replacement by one that was trained since, without a restart."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import NotTrained, VitrineError
from data.shop import Shop

if TYPE_CHECKING:
    from index.catching_up import CatchingUp
    from index.search import CatalogueIndex
    from recommender.recommender import Recommender

CHECK_SECONDS = 0.5
RETRY_SECONDS = 30.0
ATTEMPTS = 5
UNTRAINED = "untrained"
TRAINED = "vitrine"

_UNREADABLE = (VitrineError, OSError, ValueError, LookupError)
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Serving:
    """The recommender in use.

    policy: what it is, for the log: "vitrine@" and a digest of its manifest, or "untrained". warning: that a
    newer one is there but cannot be used, or None.
    """

    recommender: Recommender
    policy: str
    warning: str | None = None


class Recommenders:
    """Opens the shop's recommender and keeps it up to date. Safe to use from several threads.

    Each answer asks once and uses what it gets to its end. The manifest is looked at twice a second at most;
    whoever sees that it was replaced reads the new recommender, while all others are answered by the old one.
    A new one that cannot be read leaves the old one in use, with a warning; it is tried again every half
    minute, and at once when the manifest changes again.
    """

    def __init__(self, shop: Shop, clock: Callable[[], float] = time.monotonic) -> None:
        self._shop = shop
        self._manifest = shop.directory / "recommender" / "manifest.json"
        self._clock = clock
        self._opening = threading.Lock()
        self._serving: Serving | None = None
        self._early: CatchingUp | None = None
        self._stamp: object = None
        self._checked = self._failed = float("-inf")

    def current(self, index: CatalogueIndex) -> Serving:
        """The recommender as last trained (the default blend for a shop that has none).

        Raises Damaged where there is one that cannot be read and none before it.
        """
        found = self._serving
        if found is None:
            with self._opening:
                if self._serving is None:
                    self._look(index)
                found = self._serving
        elif self._clock() - self._checked >= CHECK_SECONDS and self._opening.acquire(blocking=False):
            try:
                self._look(index)
                found = self._serving
            finally:
                self._opening.release()
        return found  # type: ignore[return-value]  # _look leaves one there, or raises

    def begin(self, index: CatalogueIndex) -> None:
        """Have a thread open a recommender that was trained: the first customer shall not wait for it."""
        if self._manifest.exists():
            from index.catching_up import CatchingUp

            self._early = CatchingUp(lambda: self.current(index).recommender.warm_up(), "the recommender")
            self._early.start()

    def wait(self) -> None:
        """Until that thread has ended."""
        if self._early is not None:
            self._early.wait()

    def look_again(self) -> None:
        """Let the next question look at the manifest, however short ago that was."""
        self._checked = float("-inf")

    @property
    def warning(self) -> str | None:
        """Of the recommender in use; None while none is open."""
        found = self._serving
        return None if found is None else found.warning

    def _look(self, index: CatalogueIndex) -> None:
        """Read the recommender if its manifest was replaced since; the lock is held."""
        self._checked = self._clock()
        stamp, serving = _stamp(self._manifest), self._serving
        if serving is not None and stamp == self._stamp and not self._worth_a_retry(serving):
            return
        try:
            self._serving = self._open(index, serving)
        except _UNREADABLE as error:
            if serving is None:
                raise
            warning = f"the newly trained recommender cannot be used, the one before it answers: {error}"
            _logger.warning("%s", warning)
            self._serving = replace(serving, warning=warning)
            self._failed = self._checked
        self._stamp = stamp

    def _worth_a_retry(self, serving: Serving) -> bool:
        return serving.warning is not None and self._checked - self._failed >= RETRY_SECONDS

    def _open(self, index: CatalogueIndex, serving: Serving | None) -> Serving:
        """The recommender with the digest of the very manifest that it was read by."""
        from recommender.recommender import Recommender

        for attempt in range(ATTEMPTS):
            before = self._digest()
            try:
                found = Recommender.open(self._shop, index)
            except _UNREADABLE:
                # Two trainings in a row may sweep the files away while they are read.
                if self._digest() == before or attempt == ATTEMPTS - 1:
                    raise
                continue
            if self._digest() == before:
                break
        if before is not None and not found.trained and serving is not None and serving.recommender.trained:
            raise NotTrained(
                "it was trained by another version of Vitrine; run `vitrine train` with this one"
            )
        if serving is not None:
            found.warm_up()  # all others are answered by the one before meanwhile
        policy = f"{TRAINED}@{before}" if found.trained and before else UNTRAINED
        return Serving(found, policy)

    def _digest(self) -> str | None:
        try:
            return hashlib.sha256(self._manifest.read_bytes()).hexdigest()[:12]
        except FileNotFoundError:
            return None


def _stamp(path: Path) -> object:
    """Something that changes when a file is replaced."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size)
