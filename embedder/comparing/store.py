"""Finished cells on disk: one JSON file each, named by everything that could make its result another one.

A file appears by rename, so a killed comparison leaves whole cells only, and the next run goes on after them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embedder.comparing.answers import CellResult
from embedder.comparing.grid import Cell

if TYPE_CHECKING:
    from torch import Tensor

State = Mapping[str, "Tensor"]
LETTERS = 16
WEIGHTS = "safetensors"


class Store:
    """The folder of a comparison's cells."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def cell(self, cell: Cell, digest: str) -> CellResult | None:
        """The result of an earlier run; None where there is none, or its file is broken."""
        value = self.record(cell.slug, digest)
        try:
            return None if value is None else CellResult.from_json(value)
        except (KeyError, TypeError, ValueError):
            return None

    def keep_cell(self, result: CellResult, digest: str) -> None:
        """Keeps a result."""
        self.keep_record(result.cell.slug, digest, result.as_json())

    def path(self, cell: Cell, digest: str) -> Path:
        """The file of a cell's result."""
        return self._path(cell.slug, digest, "json")

    def weights(self, cell: Cell, digest: str) -> State | None:
        """The best weights of a finished training; None where they are not kept, or the file is broken."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._path(cell.slug, digest, WEIGHTS), "pt") as file:
                if (file.metadata() or {}).get("digest") != digest:
                    return None
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError):
            return None

    def keep_weights(self, cell: Cell, digest: str, state: State) -> None:
        """Keeps them for what is made of several trainings."""
        from safetensors.torch import save_file

        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(cell.slug, digest, WEIGHTS)
        part = path.with_suffix(".part")
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, part, {"digest": digest})
        part.replace(path)

    def drop_weights(self, cell: Cell, digest: str) -> None:
        """Lets go of them, where they are kept."""
        self._path(cell.slug, digest, WEIGHTS).unlink(missing_ok=True)

    def training(self, cell: Cell, digest: str) -> Path:
        """Where a cell's unfinished training keeps its state."""
        return self.folder / f".{cell.slug}-{digest[:LETTERS]}.training"

    def record(self, name: str, digest: str) -> dict[str, Any] | None:
        """What was kept under a name and a digest; None where nothing whole was."""
        try:
            kept = json.loads(self._path(name, digest, "json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if (
            not isinstance(kept, dict)
            or kept.get("digest") != digest
            or not isinstance(kept.get("found"), dict)
        ):
            return None
        found: dict[str, Any] = kept["found"]
        return found

    def keep_record(self, name: str, digest: str, found: Mapping[str, Any]) -> None:
        """Keeps plain values."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(name, digest, "json")
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"digest": digest, "found": dict(found)}), encoding="utf-8")
        part.replace(path)

    def array(self, name: str, digest: str, make: Callable[[], NDArray[np.float16]]) -> NDArray[np.float16]:
        """An array that was kept, or that is made and kept now."""
        path = self._path(name, digest, "npy")
        try:
            kept: NDArray[np.float16] = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            kept = make()
            self.folder.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                np.save(file, kept, allow_pickle=False)
            part.replace(path)
        return kept

    def _path(self, name: str, digest: str, kind: str) -> Path:
        return self.folder / f"{name}-{digest[:LETTERS]}.{kind}"
