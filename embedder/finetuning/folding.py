"""Fine-tunes with several splits: every photo is tested once, by a training that did not see it.

The way of a run: a training in each fold, measured on the fold's own test part; then one on all photos but
the validation share, which is kept and bears the figures of the folds. With a search it is nested (Varma &
Simon, 2006): in each fold settings are searched on an inner split, at the end on all photos. Finished folds
are kept on disk, so a run that is stopped goes on with the fold that it was at.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import UsageError
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.export import check_name
from embedder.finetuning.checkpoint import STATE, Checkpoints
from embedder.finetuning.examples import Examples, read_examples
from embedder.finetuning.fold_report import Fold, FoldedProof
from embedder.finetuning.fold_store import FoldResult, FoldStore
from embedder.finetuning.folds import HeldFolds, held_folds
from embedder.finetuning.holding import Held
from embedder.finetuning.knobs import Value
from embedder.finetuning.measuring import Scores, compared, pooled
from embedder.finetuning.ranks import Ranks, joined
from embedder.finetuning.report import FinetuneReport
from embedder.finetuning.run import Job, RunOptions, encode_missing, training_folder
from embedder.finetuning.search_report import Found, SearchReport
from embedder.finetuning.searching import (
    Bench,
    blinded,
    check_alone,
    completed,
    explored,
    order_of,
    reported,
    search_folder,
)
from embedder.finetuning.settings import Settings
from embedder.finetuning.space import Search, applied
from embedder.finetuning.study import KeptStudy
from embedder.finetuning.writing import Asked, Outcome, written
from embedder.reduce import MODELS

Tell = Callable[[str], None]


def finetune_folds(
    shop: Shop,
    base: Embedder,
    name: str,
    settings: Settings,
    options: RunOptions,
    tell: Tell,
    wanted: Search | None = None,
) -> FinetuneReport | SearchReport | None:
    """Measures by ``options.split``, ``k-fold`` or ``leave-one-out``, then writes ``models/NAME``.

    wanted: a search in each fold, and one for the embedder that is kept; None: the settings as they are.
    Under ``torchrun`` only the first process gets a report, the others None. Raises what ``finetune`` and
    ``search`` do, and UsageError where the labels allow no folds or too many trainings would be needed.
    """
    models = shop.directory / MODELS
    folder = check_name(models, name)
    search = None if wanted is None else completed(wanted, settings)
    store = FoldStore(folds_folder(models, name))
    _check_free(models, name, store)
    with joined(options.device) as ranks:
        if search is not None:
            check_alone(ranks)
        if ranks.first:
            encode_missing(shop, base, tell)
        ranks.wait()
        examples = read_examples(shop, base.space, settings.goal.labels)
        held = held_folds(
            examples, base.layout, options.split, settings.seed, options.folds, search is not None
        )
        for note in held.notes:
            tell(f"note: {note}")
        run = FoldedRun(base, examples, held, settings, search, ranks, store)
        if ranks.first:
            store.begin(run.order(), options.resume)
        ranks.wait()
        results = run.measured(tell)
        return run.kept(folder, results, options.runtime, tell)


def folds_folder(models: Path, name: str) -> Path:
    """Where an unfinished run of this name keeps its folds."""
    return models / f".{name}.folds"


@dataclass(frozen=True, slots=True)
class FoldedRun:
    """Trainings of the same photos with the same settings, or the same search for them."""

    base: Embedder
    examples: Examples
    held: HeldFolds
    settings: Settings
    search: Search | None
    ranks: Ranks
    store: FoldStore

    def order(self) -> dict[str, Any]:
        """What must be the same for the run to go on, by names for people."""
        said, search = self.settings.as_json(), self.search
        return {
            "photos, labels or folds": self.held.digest(self.examples),
            "embedder": self.base.space,
            "split": self.held.kind,
            "search": None if search is None else _said(search),
            "seed": said.pop("seed"),
            **{f"settings of {name}": part for name, part in said.items()},
        }

    def measured(self, tell: Tell) -> list[FoldResult]:
        """Every fold's result, in order, for the first process; what is known is not run again."""
        results = []
        for place in range(len(self.held.folds)):
            words = f"fold {place + 1} of {len(self.held.folds)}"

            def told(text: str, words: str = words) -> None:
                tell(f"{words}: {text}")

            result = self.store.result(place + 1)
            self.ranks.wait()  # until all have looked: then the first one may write
            if result is None:
                result = self._fold(place, told)
            if result is not None:
                results.append(result)
        return results

    def kept(
        self, folder: Path, results: Sequence[FoldResult], runtime: str, tell: Tell
    ) -> FinetuneReport | SearchReport | None:
        """The embedder that is kept, with the figures of the folds."""
        last, name = self.held.last, folder.name
        searched, settings = None, self.settings
        if self.search is not None:
            searched = self._searched(self.search, search_folder(folder.parent, name), last, tell)
            settings = applied(settings, searched[0].best.values)
        tell("training on all photos but those that validate")
        began = time.perf_counter()
        job = Job(self.base, self.examples, last, settings, self.ranks)
        checkpoints = Checkpoints(training_folder(folder.parent, name))
        outcome = job.trained(checkpoints, True, tell)
        if not self.ranks.first:
            return None
        queries = np.concatenate([result.queries for result in results])
        comparisons = compared(pooled([result.scores for result in results]), last.groups[queries])
        draft = job.draft(folder, self.held.kind, outcome, queries)
        folds = [result.fold for result in results]
        draft = replace(
            draft,
            counts=replace(draft.counts, test=sum(fold.test for fold in folds)),
            folds=FoldedProof.of(self.held.kind, searched is not None, folds),
            seconds=sum(fold.seconds for fold in folds) + time.perf_counter() - began + outcome.earlier,
        )
        report = written(draft, outcome, runtime, lambda _: comparisons)
        checkpoints.end()
        self.store.end()
        return report if searched is None else reported(report, *searched)

    def _fold(self, place: int, tell: Tell) -> FoldResult | None:
        """Searches where that is wanted, trains, measures and keeps a fold."""
        number, held = place + 1, self.held.folds[place]
        settings, values, searched = self.settings, None, 0.0
        if self.search is not None:
            inner = self.held.inner[place]
            found, _ = self._searched(self.search, self.store.search(number), inner, tell)
            values, searched = found.best.values, sum(trial.seconds for trial in found.trials)
            settings = applied(settings, values)
        began = time.perf_counter()
        job = Job(self.base, self.examples, held, settings, self.ranks)
        outcome = job.trained(self.store.training(number), True, tell)
        if not self.ranks.first:
            return None
        queries, gallery = self.held.asked(place, self.settings.seed)
        # Nobody uses this one but the lines below, so it is not converted for a faster runtime.
        runtime = "cuda" if self.ranks.device.type == "cuda" else "torch"
        made = outcome.saved(self.store.made(number), f"fold-{number}", runtime, {})
        asked = Asked(self.examples, self.base.layout, held.groups, queries, gallery)
        scores = asked.scores(outcome, made)
        seconds = searched + time.perf_counter() - began + outcome.earlier
        result = FoldResult(_fold_of(number, held, outcome, scores, values, seconds), queries, scores)
        self.store.keep(result)
        tell(_line(result.fold))
        return result

    def _searched(self, search: Search, folder: Path, held: Held, tell: Tell) -> tuple[Found, KeptStudy]:
        """The best settings on some photos; what the split does not hold is never seen."""
        order = order_of(self.examples, held, self.base, self.settings, self.held.kind, search)
        bench = Bench(self.base, blinded(self.examples, held), held, self.settings, self.ranks, folder)
        with KeptStudy.opened(folder, order, resume=True) as kept:
            found = explored(kept, search, bench, tell)
        return replace(found, nested=True), kept


def _fold_of(
    number: int,
    held: Held,
    outcome: Outcome,
    scores: Sequence[Scores],
    values: Mapping[str, Value] | None,
    seconds: float,
) -> Fold:
    train, validation, test = held.split.counts
    means = {
        one.label: [float(np.nanmean(v)) if np.isfinite(v).any() else None for v in one.values[:2, 1]]
        for one in scores
    }
    return Fold(
        number=number,
        train=train,
        validation=validation,
        test=test,
        epochs=len(outcome.trained.history),
        best=outcome.trained.best,
        seconds=seconds,
        frozen={label: frozen for label, (frozen, _) in means.items()},
        tuned={label: tuned for label, (_, tuned) in means.items()},
        settings=None if values is None else dict(values),
    )


def _said(search: Search) -> list[Any]:
    return [search.sampler, search.trials, search.minutes, [one.as_json() for one in search.space]]


def _line(fold: Fold) -> str:
    values = [(label, fold.frozen[label], fold.gain(label)) for label in fold.tuned]
    shown = [
        f"mAP@R of {label} {frozen:.3f} frozen, {gain:+.3f} by tuning"
        for label, frozen, gain in values
        if frozen is not None and gain is not None
    ]
    return f"measured on {fold.test} photos: {'; '.join(shown) or 'none of them has another to find'}"


def _check_free(models: Path, name: str, store: FoldStore) -> None:
    """Raises UsageError where another kind of run of this name is unfinished."""
    begun = (training_folder(models, name) / STATE, search_folder(models, name))
    for path in () if store.folder.is_dir() else begun:
        if path.exists():
            folder = path.parent if path.name == STATE else path
            raise UsageError(
                f"an unfinished fine-tuning of the name {name} with another split lies in {folder}: go on "
                "with it by --resume and that split, delete that folder, or take another name"
            )
