"""What long work has done so far, kept in the shop so that a stopped command goes on from there.

The seam between models, ``fit(data)``, knows of no shop; so whoever owns the long work opens a folder for it
with ``kept_in``, and trainings and searches inside it keep their state there. A file is named by a
fingerprint of all that the work depends on: other data or settings never find it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from index.durable import replace_bytes

Tell = Callable[[str], None]

FOLDER = "models-of-recommender/.unfinished"
FORMAT = 1
"""Goes up where the same inputs are learnt from otherwise than before."""
STALE = 7 * 86_400.0
"""Seconds after which a state that nobody came back for is removed."""


@dataclass(frozen=True, slots=True)
class _Place:
    folder: Path
    tell: Tell | None
    used: set[Path] = field(default_factory=set)


_place: ContextVar[_Place | None] = ContextVar("unfinished_place", default=None)


@contextmanager
def kept_in(folder: Path, tell: Tell | None = None) -> Iterator[None]:
    """Long work in this block keeps its state in ``folder`` (made when needed) and goes on from what it finds
    there. tell: told how far it is.

    Where the block ends well, what was used in it is removed; where it is stopped, it stays for the next
    time. States older than ``STALE`` are removed at the start.
    """
    _sweep(folder)
    with _opened(_Place(folder, tell)):
        yield
    with suppress(OSError):  # not empty: another command's work
        folder.rmdir()


@contextmanager
def chapter() -> Iterator[None]:
    """A part of the work whose result is on record by itself: what it used goes as soon as it has ended
    well. Without ``kept_in`` around it, it does nothing.
    """
    around = _place.get()
    if around is None:
        yield
        return
    with _opened(_Place(around.folder, around.tell)):
        yield


@contextmanager
def _opened(place: _Place) -> Iterator[None]:
    before = _place.set(place)
    try:
        yield
    finally:
        _place.reset(before)
    for path in place.used:
        path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Course:
    """How a piece of long work is followed. tell: told how far it is; None: nobody is. path: the file of its
    state, which need not exist; None: nothing is kept.
    """

    tell: Tell | None = None
    path: Path | None = None

    @classmethod
    def of(cls, name: str, tell: Tell | None, *parts: object) -> Course:
        """That of work which depends on ``parts`` (see ``fingerprint``) and nothing else. name: of the model,
        for the file and for what is told. tell: instead of the block's.
        """
        place = _place.get()
        if place is None:
            return cls(tell)
        path = place.folder / f"{name}-{fingerprint(FORMAT, name, *parts)[:32]}"
        place.used.add(path)
        told = place.tell
        return cls(tell or (None if told is None else lambda words: told(f"{name}: {words}")), path)

    def say(self, words: str) -> None:
        """Tell, where somebody listens."""
        if self.tell is not None:
            self.tell(words)

    def write(self, content: bytes) -> None:
        """Replace the state, whole or not at all; nothing where none is kept."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(self.path, content)

    def read(self) -> bytes | None:
        """The state; None where there is none."""
        try:
            return None if self.path is None else self.path.read_bytes()
        except FileNotFoundError:
            return None


def fingerprint(*parts: object) -> str:
    """Hex sha256 of values: dataclasses (by their fields), arrays and sparse arrays, mappings, sequences, and
    whatever JSON can say. Raises TypeError for anything else.
    """
    digest = hashlib.sha256()
    known: dict[int, bytes] = {}
    for part in parts:
        digest.update(_digest(part, known))
    return digest.hexdigest()


def _digest(part: Any, known: dict[int, bytes]) -> bytes:
    """known: digests of arrays by id, as windows of one shop share most of theirs."""
    if isinstance(part, np.ndarray):
        if part.dtype.hasobject:
            raise TypeError("an array of objects has no fingerprint: its bytes are addresses")
        if id(part) not in known:
            digest = hashlib.sha256(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data)
            known[id(part)] = digest.digest()
        return known[id(part)]
    if isinstance(part, sparse.csr_array):
        return _joined(["csr", part.shape, part.indptr, part.indices, part.data], known)
    if isinstance(part, np.generic):
        return _digest(part.item(), known)
    if is_dataclass(part) and not isinstance(part, type):
        named = {one.name: getattr(part, one.name) for one in fields(part)}
        return _joined([type(part).__name__, named], known)
    try:
        return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).digest()
    except TypeError:
        if isinstance(part, Mapping):
            return _joined([value for name in sorted(part) for value in (name, part[name])], known)
        if isinstance(part, Sequence) and not isinstance(part, (str, bytes)):
            return _joined(part, known)
        raise


def _joined(parts: Sequence[Any], known: dict[int, bytes]) -> bytes:
    digest = hashlib.sha256(str(len(parts)).encode())
    for part in parts:
        digest.update(_digest(part, known))
    return digest.digest()


def _sweep(folder: Path) -> None:
    if not folder.is_dir():
        return
    oldest = time.time() - STALE
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another command was quicker
            if path.stat().st_mtime < oldest:
                path.unlink()
