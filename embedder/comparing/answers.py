"""What one cell of a comparison found: every query's own values, and the course of its training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedder.comparing.grid import Cell
from embedder.finetuning.examples import NONE, Task
from embedder.measures import retrieve

Values = NDArray[np.float64]
Floats = NDArray[np.float32]
RECALL, MAP = "recall_at_1", "map_at_r"
MEASURES = (MAP, RECALL)
DIGITS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Of one label on one seed's test photos: a value per photo (n,) for each measure, NaN for none."""

    values: Mapping[str, Values]

    def as_json(self) -> dict[str, Any]:
        """Lists, null for NaN."""
        return {
            name: [None if np.isnan(value) else value for value in values.tolist()]
            for name, values in self.values.items()
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Sequence[float | None]]) -> Answers:
        """The inverse."""
        return cls({name: np.asarray(value[name], np.float64) for name in MEASURES})


def ask(blocks: Floats, task: Task, groups: NDArray[np.int64]) -> Answers:
    """Every photo asked for others of its value, by cosine of the blocks (n, d).

    task, groups: of these photos. For every label but ``product`` the photos of a query's own group are left
    out; photos without a value neither ask nor answer.
    """
    rows = np.flatnonzero(task.targets != NONE)
    values = {name: np.full(len(blocks), np.nan) for name in MEASURES}
    if len(rows):
        found = retrieve(blocks[rows], task.targets[rows], None if task.is_identity else groups[rows])
        # Rounded here, so that a result that was read from disk is the very one that was put there.
        values[MAP][rows], values[RECALL][rows] = np.round(found.map_at_r, DIGITS), found.recall(1)
    return Answers(values)


@dataclass(frozen=True, slots=True)
class Point:
    """One epoch: mAP@R on validation (mean over the labels) with its 95 % interval over products, loss, and
    seconds since the training began."""

    epoch: int
    value: float
    low: float
    high: float
    loss: float
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class CellResult:
    """A finished cell.

    dims: width of what was measured. photos, products: learnt from. answers: seed → label → answers on that
    seed's test photos. course, best: of the training; nothing for a method without one. seconds: of training;
    of a combined cell also of the trainings it is made of. members: the methods that a combined cell, and the
    cycles that ``snapshots``, is made of.
    """

    cell: Cell
    dims: int
    photos: int
    products: int
    answers: Mapping[int, Mapping[str, Answers]]
    course: tuple[Point, ...] = ()
    best: int = 0
    seconds: float = 0.0
    members: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the cell's file."""
        return {
            "method": self.cell.method,
            "share": self.cell.share,
            "seed": self.cell.seed,
            "dims": self.dims,
            "photos": self.photos,
            "products": self.products,
            "best": self.best,
            "seconds": self.seconds,
            "members": list(self.members),
            "course": [asdict(point) for point in self.course],
            "answers": {
                str(seed): {label: one.as_json() for label, one in of.items()}
                for seed, of in self.answers.items()
            },
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> CellResult:
        """The inverse; KeyError, TypeError or ValueError for anything else."""
        return cls(
            Cell(value["method"], value["share"], value["seed"]),
            int(value["dims"]),
            int(value["photos"]),
            int(value["products"]),
            {
                int(seed): {label: Answers.from_json(one) for label, one in of.items()}
                for seed, of in value["answers"].items()
            },
            tuple(Point(**point) for point in value["course"]),
            int(value["best"]),
            float(value["seconds"]),
            tuple(str(name) for name in value.get("members", ())),
        )
