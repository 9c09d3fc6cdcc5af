"""The trials of a search on disk, kept by Optuna (Akiba et al., 2019) in an SQLite file.

Only trials that are over are written, each at once, so a search that was killed has them all and never half
of one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from data.errors import Damaged, UsageError
from embedder.finetuning.knobs import Value
from embedder.finetuning.space import Space

if TYPE_CHECKING:
    import optuna

FILE = "trials.sqlite"
NAME = "search"
ORDER, REASON, SECONDS = "order", "reason", "seconds"
FINISHED, PRUNED, FAILED = "finished", "pruned", "failed"
FEWEST_WEIGHED = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """One set of values that was tried.

    number: from 1. state: ``finished``, ``pruned`` (given up early, since it lay below the median of the
    others) or ``failed``, and then with a reason. value: the best on validation; None where there is none.
    """

    number: int
    state: str
    value: float | None
    values: Mapping[str, Value]
    epochs: int
    seconds: float
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Importances:
    """How much of the differences between trials each setting accounts for: shares that sum to 1, largest
    first (functional ANOVA: Hutter, Hoos & Leyton-Brown, 2014). shares: None where that cannot be told.
    text: what they rest on, or why there are none."""

    shares: Mapping[str, float] | None
    text: str


class KeptStudy:
    """The folder of a search: its trials, and beside them whatever a running trial keeps."""

    def __init__(self, folder: Path, study: optuna.Study, storage: optuna.storages.RDBStorage) -> None:
        self.folder = folder
        self.study = study
        self._storage = storage

    @classmethod
    def opened(cls, folder: Path, order: Mapping[str, Any], resume: bool) -> Self:
        """Begins a search, or finds one that was.

        order: what must be the same for a search to go on, by names that a person understands. Raises
        UsageError where trials of this name lie there and ``resume`` was not asked for, or where they were
        made with another order; Damaged where they cannot be read.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE
        kept = cls(folder, *_study(path))
        try:
            kept._begin(json.loads(json.dumps(order)), resume)
        except UsageError:
            kept.close()
            raise
        return kept

    def _begin(self, order: dict[str, Any], resume: bool) -> None:
        done, before = len(self.study.trials), self.study.user_attrs.get(ORDER, {})
        if done and not resume:
            raise UsageError(
                f"an unfinished search of this name lies in {self.folder}, {done} settings tried: go on with "
                "--resume, or delete that folder"
            )
        changed = [name for name in order if order[name] != before.get(name)]
        if done and changed:
            raise UsageError(
                f"the unfinished search in {self.folder} was begun with other {', '.join(changed)}; give the "
                "same, or delete that folder"
            )
        self.study.set_user_attr(ORDER, order)

    def trials(self) -> tuple[Trial, ...]:
        """All that were tried, in order."""
        return tuple(_trial(number, frozen) for number, frozen in enumerate(self.study.trials, 1))

    def importances(self, space: Space, seed: int) -> Importances:
        """What the differences between the finished trials are due to."""
        values = [trial.value for trial in self.trials() if trial.state == FINISHED]
        fewest = max(FEWEST_WEIGHED, 2 * len(space))
        if len(space) == 1:
            return Importances(None, "only one setting was varied")
        if len(values) < fewest:
            return Importances(None, f"{len(values)} trials were finished; {fewest} are needed to tell")
        if len(set(values)) == 1:
            return Importances(None, "all trials came out alike")
        from optuna.importance import FanovaImportanceEvaluator, get_param_importances

        found = get_param_importances(self.study, evaluator=FanovaImportanceEvaluator(seed=seed))
        shares = {name: float(share) for name, share in found.items()}
        return Importances(shares, f"by functional ANOVA over the {len(values)} finished trials")

    def close(self) -> None:
        """Lets go of the file."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def end(self) -> None:
        """The search is done and its result written: the folder is of no more use."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def best_of(trials: tuple[Trial, ...]) -> Trial | None:
    """The finished trial with the highest value, the first of several; None where none was finished."""
    finished = [trial for trial in trials if trial.state == FINISHED and trial.value is not None]
    return max(finished, key=lambda trial: trial.value or 0.0, default=None)


def _study(path: Path) -> tuple[optuna.Study, optuna.storages.RDBStorage]:
    import optuna
    from sqlalchemy import URL
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        storage = optuna.storages.RDBStorage(URL.create("sqlite", database=str(path)).render_as_string())
        study = optuna.create_study(
            study_name=NAME, storage=storage, direction="maximize", load_if_exists=True
        )
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise Damaged(
            f"the trials in {path} cannot be read ({first}); delete that folder and begin anew"
        ) from None
    return study, storage


def _trial(number: int, frozen: optuna.trial.FrozenTrial) -> Trial:
    from optuna.trial import TrialState

    states = {TrialState.COMPLETE: FINISHED, TrialState.PRUNED: PRUNED}
    reached = list(frozen.intermediate_values.values())
    value = frozen.value if frozen.state == TrialState.COMPLETE else max(reached, default=None)
    return Trial(
        number,
        states.get(frozen.state, FAILED),
        value,
        dict(frozen.params),
        len(reached),
        float(frozen.user_attrs.get(SECONDS, 0.0)),
        str(frozen.user_attrs.get(REASON, "")),
    )
