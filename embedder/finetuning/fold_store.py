"""The folder of an unfinished fine-tuning by folds: what each finished fold found, and what a running one
keeps, so that a run that was killed goes on with the fold that it was at."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import Damaged, UsageError
from embedder.finetuning.checkpoint import STATE, Checkpoints
from embedder.finetuning.feeding import Rows
from embedder.finetuning.fold_report import Fold
from embedder.finetuning.measuring import Scores

ORDER = "order.json"


@dataclass(frozen=True, slots=True, eq=False)
class FoldResult:
    """A finished fold: the photos that asked (q,), and what they found."""

    fold: Fold
    queries: Rows
    scores: tuple[Scores, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values, null for NaN."""
        scores = [
            {"label": one.label, "aspect": one.aspect, "values": _plain(one.values)} for one in self.scores
        ]
        return {"fold": asdict(self.fold), "queries": self.queries.tolist(), "scores": scores}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> FoldResult:
        """The inverse; KeyError, TypeError or ValueError for anything else."""
        scores = tuple(
            Scores(one["label"], one["aspect"], np.asarray(one["values"], np.float64))
            for one in value["scores"]
        )
        return cls(Fold(**value["fold"]), np.asarray(value["queries"], np.int64), scores)


class FoldStore:
    """The folder of a run's folds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, order: Mapping[str, Any], resume: bool) -> None:
        """Makes the folder, or finds that of an earlier run.

        order: what must be the same for the run to go on, by names for people. Raises UsageError where an
        unfinished run lies there and ``resume`` was not asked for, or where it was begun with another order.
        """
        path = self.folder / ORDER
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        wanted = json.loads(json.dumps(order))
        if known is not None and self._begun():
            changed = [name for name in wanted if wanted[name] != known.get(name)]
            if not resume:
                done = len(list(self.folder.glob("fold-*.json")))
                raise UsageError(
                    f"an unfinished fine-tuning of this name lies in {self.folder}, {done} folds done: go on "
                    "with --resume, or delete that folder"
                )
            if changed:
                raise UsageError(
                    f"the unfinished fine-tuning in {self.folder} was begun with other {', '.join(changed)}; "
                    "give the same, or delete that folder"
                )
        self.folder.mkdir(parents=True, exist_ok=True)
        _replace(path, json.dumps(wanted))

    def result(self, number: int) -> FoldResult | None:
        """What a fold found; None where it is not finished; Damaged where that cannot be read."""
        path = self._path(number)
        if not path.is_file():
            return None
        try:
            return FoldResult.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError) as error:
            raise Damaged(
                f"the result of a fold in {path} cannot be read ({error}); delete that file, and --resume "
                "runs the fold again"
            ) from None

    def keep(self, result: FoldResult) -> None:
        """Keeps a finished fold; what its training kept goes."""
        number = result.fold.number
        _replace(self._path(number), json.dumps(result.as_json(), allow_nan=False))
        self.training(number).end()
        shutil.rmtree(self.search(number), ignore_errors=True)
        shutil.rmtree(self.made(number), ignore_errors=True)

    def training(self, number: int) -> Checkpoints:
        """Where the training of a fold keeps its state."""
        return Checkpoints(self.folder / f"fold-{number}.training")

    def search(self, number: int) -> Path:
        """Where the search of a fold keeps its trials."""
        return self.folder / f"fold-{number}.search"

    def made(self, number: int) -> Path:
        """Where the embedder of a fold lies while it is measured."""
        return self.folder / f"fold-{number}.measured"

    def end(self) -> None:
        """The run is done and its result written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"fold-{number}.json"

    def _begun(self) -> bool:
        """Whether there is anything that would be lost."""
        kept = ("fold-*.json", f"fold-*.training/{STATE}", "fold-*.search/*")
        return any(next(self.folder.glob(pattern), None) is not None for pattern in kept)


def _plain(values: NDArray[np.float64]) -> Any:
    plain = values.astype(object)
    plain[np.isnan(values)] = None
    return plain.tolist()


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
