"""A search for better settings: each trial learns from the training photos and is judged on the validation
photos alone; the best is then trained as any run, and only that one is measured on the test photos."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data.errors import UsageError, VitrineError
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.export import check_name
from embedder.finetuning.checkpoint import STATE, Checkpoints
from embedder.finetuning.examples import NONE, Examples, read_examples
from embedder.finetuning.exploring import Start, Watch, explore
from embedder.finetuning.holding import Held, digest_of, held_out
from embedder.finetuning.knobs import Value
from embedder.finetuning.loop import Epoch, train
from embedder.finetuning.ranks import Ranks, joined
from embedder.finetuning.report import FinetuneReport
from embedder.finetuning.run import (
    RunOptions,
    course_of,
    encode_missing,
    finetune,
    subject_of,
    training_folder,
)
from embedder.finetuning.search_report import Found, SearchReport, add_to
from embedder.finetuning.settings import Settings
from embedder.finetuning.space import Search, applied, check_space, own_values, usual_space
from embedder.finetuning.study import KeptStudy, best_of
from embedder.reduce import MODELS

Tell = Callable[[str], None]
QUIET_SHARE = 4
"""A trial is not pruned in the first quarter of its epochs."""


def search(
    shop: Shop,
    base: Embedder,
    name: str,
    settings: Settings,
    options: RunOptions,
    wanted: Search,
    tell: Tell,
) -> SearchReport:
    """Tries settings, then trains the best of them and writes ``models/NAME`` in the shop.

    What is not varied is as ``settings`` say, and the settings as they are come first where the space holds
    them. Raises UsageError for what ``finetune`` does, for a space that cannot be, under ``torchrun``, and
    where an unfinished search or run is in the way; VitrineError where no settings could be trained. A search
    that is stopped goes on with ``options.resume``; its number of trials and minutes may then differ.
    """
    options.check_single()
    models = shop.directory / MODELS
    check_name(models, name)
    wanted = completed(wanted, settings)
    folder = search_folder(models, name)
    begun = training_folder(models, name)
    if not folder.is_dir() and (begun / STATE).is_file():
        raise UsageError(
            f"an unfinished fine-tuning of the name {name} lies in {begun}: go on with it by --resume and "
            "without --search, delete that folder, or take another name"
        )
    with joined(options.device) as ranks:
        check_alone(ranks)
        encode_missing(shop, base, tell)
        examples = read_examples(shop, base.space, settings.goal.labels)
        held = held_out(examples, base.layout, options.split, settings.seed)
        order = order_of(examples, held, base, settings, options.split, wanted)
        with KeptStudy.opened(folder, order, options.resume) as kept:
            bench = Bench(base, blinded(examples, held), held, settings, ranks, folder)
            found = explored(kept, wanted, bench, tell)
    best = applied(settings, found.best.values)
    tell(f"training with the best of {len(found.trials)} settings")
    run = finetune(shop, base, name, best, replace(options, resume=True), tell)
    return reported(run, found, kept)


def completed(wanted: Search, settings: Settings) -> Search:
    """A search with the usual space where it has none; UsageError for a space that cannot be."""
    wanted = replace(wanted, space=wanted.space or usual_space(settings))
    check_space(wanted.space, settings)
    return wanted


def check_alone(ranks: Ranks) -> None:
    """Raises UsageError under ``torchrun``."""
    if ranks.world > 1:
        raise UsageError("a search runs in one process: leave torchrun out of it")


def search_folder(models: Path, name: str) -> Path:
    """Where an unfinished search of this name keeps its trials."""
    return models / f".{name}.search"


@dataclass(frozen=True, slots=True)
class Bench:
    """What a trial is judged with: the same photos for all, of which the test ones are blinded.

    folder: where a trial keeps its state, so that it goes on after a stop.
    """

    base: Embedder
    examples: Examples
    held: Held
    settings: Settings
    ranks: Ranks
    folder: Path

    def judge(self, values: Mapping[str, Value], watch: Watch, tell: Tell) -> float:
        """mAP@R on validation of the best epoch with some values put into the settings.

        Raises UsageError for values that cannot be together, VitrineError where the training cannot go on.
        """
        tried = applied(self.settings, values)
        epochs = tried.batches.epochs
        key = hashlib.sha256(json.dumps(tried.as_json(), sort_keys=True).encode()).hexdigest()[:12]
        checkpoints = Checkpoints(self.folder / key)
        train_rows, _, _ = self.held.rows()
        torch.manual_seed(tried.seed)
        try:
            subject = subject_of(self.base, self.examples, train_rows, tried, self.ranks, tell)
            course = course_of(subject, self.examples, self.held, tried, self.ranks)
            state = checkpoints.begin(tried, self.base.space, key, resume=True)
            for past in () if state is None else state["history"]:
                watch(past["number"], epochs, past["value"])

            def after(epoch: Epoch) -> None:
                watch(epoch.number, epochs, epoch.value)

            trained = train(course, checkpoints, state, tell, after)
        except Exception:
            # Whatever else ends a trial is a stop, after which it goes on.
            checkpoints.end()
            raise
        checkpoints.end()
        return trained.history[trained.best - 1].value


def blinded(examples: Examples, held: Held) -> Examples:
    """The examples without what only the final measure may see: whatever is neither learnt from nor validated
    on has no vector, no label, and another photo's file."""
    seen = held.split.train | held.split.validation
    hidden, first = np.flatnonzero(~seen), int(np.flatnonzero(seen)[0])
    blocks = examples.blocks.copy()
    blocks[hidden] = np.nan
    tasks = []
    for task in examples.tasks:
        targets = task.targets.copy()
        targets[hidden] = NONE
        tasks.append(replace(task, targets=targets))
    places = [i if seen[i] else first for i in range(len(examples))]
    return replace(
        examples,
        shas=tuple(examples.shas[i] for i in places),
        paths=tuple(examples.paths[i] for i in places),
        blocks=blocks,
        tasks=tuple(tasks),
    )


def explored(kept: KeptStudy, wanted: Search, bench: Bench, tell: Tell) -> Found:
    """Explores a space that is complete; the folder goes where nothing in it is of use."""
    settings = bench.settings
    quiet = max(settings.batches.epochs // QUIET_SHARE, settings.transfer.head_epochs)
    start = Start(settings.seed, own_values(settings, wanted.space), quiet)

    def judge(values: Mapping[str, Value], watch: Watch) -> float:
        number = len(kept.study.trials) + 1
        return bench.judge(values, watch, lambda text: tell(f"trial {number}: {text}"))

    try:
        explore(kept, wanted, start, judge, tell)
        trials = kept.trials()
        best = best_of(trials)
        if best is None:
            last = trials[-1].reason
            raise VitrineError(f"none of the {len(trials)} settings could be trained; the last: {last}")
    except VitrineError:
        if best_of(kept.trials()) is None:
            kept.end()
        raise
    return Found(wanted, trials, best, kept.importances(wanted.space, settings.seed))


def reported(run: FinetuneReport | None, found: Found, kept: KeptStudy) -> SearchReport:
    """Completes the new embedder's folder by what the search found."""
    if run is None:
        raise UsageError("a search runs in one process: leave torchrun out of it")
    add_to(run.folder, run.name, found)
    kept.end()
    return SearchReport(run, found)


def order_of(
    examples: Examples, held: Held, base: Embedder, settings: Settings, split: str, wanted: Search
) -> dict[str, Any]:
    """What must be the same for a search to go on, by names for people."""
    said = settings.as_json()
    return {
        "photos or labels": digest_of(examples, held),
        "embedder": base.space,
        "split": split,
        "sampler": wanted.sampler,
        "varied settings": [varied.as_json() for varied in wanted.space],
        "seed": said.pop("seed"),
        **{f"settings of {name}": part for name, part in said.items()},
    }
