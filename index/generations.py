"""The generations of a shop on the disk: which there are, which is in use, and loading one that is whole."""

from __future__ import annotations

import shutil
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
    def load(cls, directory: Path) -> Generation:
        """Check every file, then map it. Raises Damaged, saying which file and what to do."""
        manifest = Manifest.load(directory)
        manifest.check_files(directory)
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
    """The folder ``index/`` of a shop."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

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
        """The text of CURRENT, the name of the generation in use; empty where there is none."""
        try:
            return (self.directory / CURRENT_FILE).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError):
            return "unreadable"

    def make_current(self, number: int) -> None:
        """Put a generation to use, in one step that a crash cannot halve."""
        replace_text(self.directory / CURRENT_FILE, self.path(number).name + "\n")

    def load(self) -> Loaded:
        """The generation in use or, where it fails a check, the newest that passes, with a warning.

        Raises Damaged where there are generations and none is whole. None where there is none at all.
        """
        for _ in range(3):
            pointer = self.current()
            loaded = self._load(pointer)
            if loaded is not None:
                return loaded
            if pointer == self.current():
                break  # nobody swapped meanwhile: what is there is really damaged
        raise Damaged(
            f"no generation in {self.directory} is whole; build a new one from the shop's records: "
            "run vitrine index again with --rebuild",
            directory=str(self.directory),
        )

    def _load(self, pointer: str) -> Loaded | None:
        numbers = self.numbers()
        if not numbers and not pointer:
            return Loaded(None)
        faults = []
        if not pointer.isdecimal() or int(pointer) not in numbers:
            faults.append(f"{self.directory / CURRENT_FILE} names no generation that is there")
        else:
            numbers.sort(key=lambda number: number != int(pointer))
        for number in numbers:
            try:
                generation = Generation.load(self.path(number))
            except Damaged as error:
                faults.append(error.message)
                continue
            if not faults:
                return Loaded(generation)
            return Loaded(generation, [f"{'; '.join(faults)}; generation {number} is used meanwhile"])
        return None

    def prune(self, keep: int) -> None:
        """Remove all generations before ``keep`` but the newest of them, which readers may still be using."""
        older = [number for number in self.numbers() if number < keep]
        for number in older[KEPT - 1 :]:
            shutil.rmtree(self.path(number), ignore_errors=True)


def sweep(directory: Path) -> None:
    """Remove what builds that were killed left behind; only the holder of the shop's writer lock may."""
    for entry in directory.glob(f"{BUILDING}*"):
        shutil.rmtree(entry, ignore_errors=True)
