"""Validation with an interval: the value that chooses the epoch, and how sure it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from embedder.comparing.answers import MAP, ask
from embedder.finetuning.examples import Task
from embedder.finetuning.feeding import Feed, Rows
from embedder.finetuning.loop import by_label, embedded
from embedder.finetuning.run import VALIDATED, VALIDATION_BATCH
from embedder.measures import bootstrap

FILE = "intervals.json"
ROUNDS = 400


class Validation:
    """mAP@R of a learner on photos that are not learnt from, averaged over the labels.

    intervals: of every call so far, (low, high): 95 % bootstrap over products; of several labels the mean of
    theirs. They lie beside the training's state, so that one that is resumed still has them.
    """

    def __init__(
        self,
        feed: Feed,
        tasks: Sequence[Task],
        groups: NDArray[np.int64],
        rows: Rows,
        device: torch.device,
        folder: Path,
    ) -> None:
        """tasks, groups: of all photos. rows: those to validate on; of many, the first in a drawn order."""
        self._feed = feed
        self._rows = rows
        if len(rows) > VALIDATED:
            self._rows = np.sort(np.random.default_rng(0).permutation(rows)[:VALIDATED])
        self._tasks = [task.rows(self._rows) for task in tasks]
        self._groups = groups[self._rows]
        self._device = device
        self._path = folder / FILE
        self.intervals: list[tuple[float, float]] = []

    def __call__(self, learner: nn.Module) -> float:
        """The value; higher is better. 0 for a label of which no photo here has an answer."""
        blocks = embedded(learner, self._feed, self._rows, VALIDATION_BATCH, self._device)
        found = []
        for task, block in zip(self._tasks, by_label(blocks, len(self._tasks)), strict=True):
            values = ask(block, task, self._groups).values[MAP]
            known = bool(np.isfinite(values).any())
            one = bootstrap(values, ROUNDS, clusters=self._groups) if known else None
            found.append((one.mean, one.low, one.high) if one is not None else (0.0, 0.0, 0.0))
        value, low, high = np.mean(found, axis=0).tolist()
        self.intervals.append((low, high))
        self._path.write_text(json.dumps(self.intervals), encoding="utf-8")
        return float(value)

    def resume(self, epochs: int) -> None:
        """Takes up the intervals of so many epochs of an earlier run."""
        if epochs:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            self.intervals = [(float(low), float(high)) for low, high in kept[:epochs]]
