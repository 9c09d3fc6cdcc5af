"""The generations of a shop on the disk: which there are, which is in use, and loading one that is whole."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.aspects import AspectLayout
from data.errors import Damaged
from index.durable import replace_text
from index.manifest import Manifest
from index.rows import Rows
from index.serving import Scans
from index.sources import VECTORS_FILE

CURRENT_FILE = "CURRENT"
KEPT = 2
"""Generations of a space that are kept while it is in use; readers may still be on the older one."""
WIDTH = 6
BUILDING = ".building-"


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation whose every file matched its checksum. Immutable, and safe to search from several threads.

    matrix: float16 (n, d), mapped from the disk.
    """

    manifest: Manifest
    layout: AspectLayout
    rows: Rows
    matrix: NDArray[np.float16]
    scans: Scans

    @classmethod
    def load(cls, directory: Path, brief: bool = False) -> Generation:
        """Check every file, then map it. Raises Damaged, saying which file and what to do.

        brief: see ``Manifest.check_files``.
        """
        manifest = Manifest.load(directory)
        manifest.check_files(directory, brief)
        try:
            rows = Rows.load(directory)
            mapped = np.load(directory / VECTORS_FILE, mmap_mode="r", allow_pickle=False)
            matrix = mapped.view(np.ndarray)  # numpy's memmap class costs microseconds at every touch
            layout = manifest.aspect_layout()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Damaged(f"{directory} cannot be read ({error}); rebuild the index") from error
        if matrix.shape != (len(rows), layout.d) or matrix.dtype != np.float16:
            raise Damaged(f"{directory / VECTORS_FILE} has shape {matrix.shape}; rebuild the index")
        return cls(manifest, layout, rows, matrix, Scans(directory, manifest, matrix))


@dataclass(frozen=True, slots=True)
class Loaded:
    """What could be loaded, and what the user must know about what could not."""

    generation: Generation | None
    warnings: list[str] = field(default_factory=list)


class Generations:
    """The folder ``index/`` of a shop. brief: see ``Manifest.check_files``."""

    def __init__(self, directory: Path, brief: bool = False) -> None:
        self.directory = directory
        self._brief = brief
        self._pointer = os.fspath(directory / CURRENT_FILE)
        self._read: tuple[tuple[int, ...], str] | None = None

    def path(self, number: int) -> Path:
        """The folder of a generation."""
        return self.directory / f"{number:0{WIDTH}d}"

    def numbers(self) -> list[int]:
        """All generations on the disk, the newest first."""
        if not self.directory.is_dir():
            return []
        names = (entry.name for entry in self.directory.iterdir() if entry.is_dir())
        return sorted((int(name) for name in names if name.isdecimal() and len(name) >= WIDTH), reverse=True)

    def current(self) -> str:
        """The text of CURRENT, the name of the generation in use; empty where there is none.

        It is asked for with every question and read only once the file is another one: it is always replaced
        as a whole, so another text comes with another inode and another time.
        """
        try:
            found = os.stat(self._pointer)
            stamp = (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
            kept = self._read
            if kept is None or kept[0] != stamp:
                self._read = kept = stamp, Path(self._pointer).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError):
            return "unreadable"
        return kept[1]

    def make_current(self, number: int) -> None:
        """Put a generation to use, in one step that a crash cannot halve."""
        replace_text(self.directory / CURRENT_FILE, self.path(number).name + "\n")

    def space_of(self, number: int) -> str | None:
        """The space of a generation by its manifest; None where that cannot be read."""
        try:
            return Manifest.load(self.path(number)).space
        except Damaged:
            return None

    def of_space(self, space: str) -> list[int]:
        """The generations of a space, the newest first."""
        return [number for number in self.numbers() if self.space_of(number) == space]

    def load(self, space: str | None = None) -> Loaded:
        """The generation in use or, where it fails a check, the newest that passes, with a warning.

        space: the one that the shop searches. While CURRENT names a generation of another space, the newest
        of this space is in use: the shop's records are what a switch of spaces changes first. None of
        another space stands in for it, unless this one never had any. Raises Damaged where there are
        generations and none is whole. None where there is none at all.
        """
        for _ in range(3):
            pointer = self.current()
            loaded = self._load(pointer, space)
            if loaded is not None:
                return loaded
            if pointer == self.current():
                break  # nobody swapped meanwhile: what is there is really damaged
        raise Damaged(
            f"no generation in {self.directory} is whole; build a new one from the shop's records: "
            "run vitrine index again with --rebuild",
            directory=str(self.directory),
        )

    def load_of(self, space: str) -> Loaded:
        """The newest generation of a space that is whole, whichever is in use; none where there is none."""
        faults: list[str] = []
        for number in self.of_space(space):
            try:
                return Loaded(Generation.load(self.path(number)), faults)
            except Damaged as error:
                faults.append(error.message)
        return Loaded(None, faults)

    def in_order(self, pointer: str, space: str | None) -> list[int]:
        """The generation that should be in use, and after it what may stand in for it, the newest first."""
        named = int(pointer) if pointer.isdecimal() else None
        numbers = sorted(self.numbers(), key=lambda number: number != named)
        if space is None:
            return numbers
        spaces = {number: self.space_of(number) for number in numbers}
        # One that CURRENT names and whose manifest cannot be read may be of this space: that must be told.
        mine = [n for n in numbers if spaces[n] == space or (n, spaces[n]) == (named, None)]
        return mine or numbers

    def _load(self, pointer: str, space: str | None) -> Loaded | None:
        numbers = self.in_order(pointer, space)
        if not numbers and not pointer:
            return Loaded(None)
        faults = []
        if not pointer.isdecimal() or not self.path(int(pointer)).is_dir():
            faults.append(f"{self.directory / CURRENT_FILE} names no generation that is there")
        for number in numbers:
            try:
                generation = Generation.load(self.path(number), self._brief)
            except Damaged as error:
                faults.append(error.message)
                continue
            if not faults:
                return Loaded(generation)
            return Loaded(generation, [f"{'; '.join(faults)}; generation {number} is used meanwhile"])
        return None

    def prune(self, keep: int) -> None:
        """Remove what the generation ``keep`` makes superfluous.

        Of its space, and of the one that CURRENT names, two stay: readers may still be using the older one.
        Of every other space the newest stays, so that one can switch to it and back. One whose manifest
        cannot be read is of no use.
        """
        named = self.current()
        busy = {self.space_of(keep), self.space_of(int(named)) if named.isdecimal() else None}
        seen: Counter[str | None] = Counter({self.space_of(keep): 1})
        for number in [number for number in self.numbers() if number < keep]:
            space = self.space_of(number)
            seen[space] += 1
            if space is None or seen[space] > (KEPT if space in busy else 1):
                shutil.rmtree(self.path(number), ignore_errors=True)

    def drop(self, space: str) -> list[int]:
        """Remove all generations of a space; returns which."""
        gone = self.of_space(space)
        for number in gone:
            shutil.rmtree(self.path(number), ignore_errors=True)
        return gone


def sweep(directory: Path) -> None:
    """Remove what builds that were killed left behind; only the holder of the shop's writer lock may."""
    for entry in directory.glob(f"{BUILDING}*"):
        shutil.rmtree(entry, ignore_errors=True)
