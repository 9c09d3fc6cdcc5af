"""The state of a training between two epochs: everything that going on from there needs, and nothing that
runs.

A file of plain tensors and values, read with ``weights_only``; it appears by rename, so a killed process
leaves the one before.
"""

from __future__ import annotations

import json
import os
import pickle  # nosec B403 # for its exception alone: torch reads with weights_only
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from data.errors import Damaged, UsageError
from embedder.finetuning.settings import Settings

STATE = "state.pt"
ORDER = "order.json"


class Checkpoints:
    """The folder in which a running training keeps its state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, settings: Settings, space: str, data: str, resume: bool) -> dict[str, Any] | None:
        """Makes the folder, or finds the state of an earlier run in it; None where there is nothing to go on
        from.

        space: of the embedder that it began from. data: a digest of the examples and the split. Raises
        UsageError where an unfinished run lies there and ``resume`` was not asked for, or where it was made
        with another embedder, other settings or data. How it optimises may differ (a lower rate after a loss
        that was no number), but not the optimiser, whose state is kept; the rest may not.
        """
        order = {"settings": settings.as_json(), "space": space, "data": data}
        text = json.dumps(order, sort_keys=True)
        path = self.folder / ORDER
        if not path.is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            _replace(path, text.encode())
            return None
        state = self.load()
        if not resume and state is not None:
            raise UsageError(
                f"an unfinished fine-tuning of this name lies in {self.folder}, {state['epoch']} epochs "
                "done: go on "
                "with --resume, or delete that folder"
            )
        known = json.loads(path.read_text(encoding="utf-8"))
        if resume and state is not None and _essence(known) != _essence(json.loads(text)):
            changed = _changed(known, json.loads(text))
            raise UsageError(
                f"the unfinished fine-tuning in {self.folder} was begun with {changed}; give the same, or "
                "delete that folder"
            )
        _replace(path, text.encode())
        return state

    def save(self, state: Mapping[str, Any]) -> None:
        """Keeps the state after an epoch."""
        part = self.folder / f"{STATE}.part"
        with part.open("wb") as file:
            torch.save(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.folder / STATE)

    def load(self) -> dict[str, Any] | None:
        """The last state, or None; Damaged where the file cannot be read."""
        path = self.folder / STATE
        if not path.is_file():
            return None
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
            first = str(error).splitlines()[0]
            raise Damaged(
                f"the state {path} cannot be read ({first}); delete its folder and begin anew"
            ) from None
        return state

    def end(self) -> None:
        """The training is done and its result written: the state is of no more use."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _essence(order: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same for a run to go on, by words for people."""
    settings = dict(order["settings"])
    optimisation, seed = settings.pop("optimisation"), settings.pop("seed")
    return {
        "another embedder": order.get("space"),
        "other photos or labels": order["data"],
        "another optimiser": optimisation["optimiser"],
        "another seed": seed,
        **{f"other settings of {name}": part for name, part in settings.items()},
    }


def _changed(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    before, now = _essence(known), _essence(wanted)
    return ", ".join(name for name in now if before.get(name) != now[name])


def _replace(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
