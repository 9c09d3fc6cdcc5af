"""Fine-tuning by folds: every photo is tested once, nothing leaks, and a stop changes no figure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from data.errors import Damaged, LeakageFound, UsageError
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.finetuning.examples import NONE, read_examples
from embedder.finetuning.fold_store import FoldStore
from embedder.finetuning.folding import finetune_folds, folds_folder
from embedder.finetuning.folds import HeldFolds, held_folds
from embedder.finetuning.report import FinetuneReport
from embedder.finetuning.run import RunOptions, finetune, training_folder
from embedder.finetuning.search_report import SearchReport
from embedder.finetuning.searching import Bench, search, search_folder
from embedder.finetuning.settings import Augmentation, Batches, Goal, Optimisation, Settings, Transfer
from embedder.finetuning.space import Search, applied, read_space
from embedder.measures import map_at_r, retrieve
from embedder.registry import open_embedder
from embedder.splits.split import Split
from tests.embedder.finetuning.shops import SIDE, hidden_label, striped

PRODUCTS, EPOCHS = 52, 3
FOLDS = RunOptions("k-fold", device="cpu", runtime="torch", folds=3)
TWO = replace(FOLDS, folds=2)
ONE_OUT = RunOptions("leave-one-out", device="cpu", runtime="torch")
FIXED = Settings(
    goal=Goal(labels=("kind",), dims=32),
    augmentation=Augmentation("none"),
    batches=Batches(photos=8, epochs=EPOCHS),
    optimisation=Optimisation(precision="float32", new_rate=6e-2),
)
GRID = Search(2, "grid", space=read_space(["new-rate=1e-4,6e-2"], FIXED))


class Stopped(BaseException):
    """As a kill is: nothing catches it."""


@pytest.fixture(scope="module", autouse=True)
def _one_thread_and_no_drawings() -> Iterator[None]:
    """Each training is so small that threads only wait for each other; drawings are tested elsewhere."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1), pytest.MonkeyPatch.context() as patch:
        for module in ("writing", "search_report"):
            patch.setattr(f"embedder.finetuning.{module}.as_png", lambda *_: b"")
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory, tiny: Embedder) -> Shop:
    """One shop for all: every test gives its embedders other names."""
    folder = tmp_path_factory.mktemp("hidden")
    return hidden_label(folder / "shop", folder / "photos", tiny, PRODUCTS)


@pytest.fixture(scope="module")
def whole(hidden: Shop, tiny: Embedder) -> FinetuneReport:
    """A run that nothing stopped."""
    return run(hidden, tiny, "whole")


@pytest.fixture(autouse=True)
def _no_loader_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedder.finetuning.feeding.workers", lambda: 0)


def run(
    shop: Shop,
    base: Embedder,
    name: str,
    settings: Settings = FIXED,
    options: RunOptions = FOLDS,
    tell: Callable[[str], None] = lambda _: None,
) -> FinetuneReport:
    report = finetune_folds(shop, base, name, settings, options, tell)
    assert isinstance(report, FinetuneReport)
    return report


def stop_at(start: str, told: list[str]) -> Callable[[str], None]:
    def tell(text: str) -> None:
        told.append(text)
        if text.startswith(start):
            raise Stopped

    return tell


def figures(report: FinetuneReport) -> dict[str, Any]:
    """All that a stop may not change."""
    told = json.loads(report.as_text().replace(f"{report.name} ", "NAME "))
    del told["name"]
    for part in (told, *told["folds"]["folds"], *told["history"]):
        del part["seconds"]
    return {**told, "space": told["space"].split("-")[1:]}


def test_every_photo_is_tested_once_and_the_embedder_learns_from_all_but_validation(
    hidden: Shop, tiny: Embedder, whole: FinetuneReport
) -> None:
    counts, folds = whole.counts, whole.folds
    assert folds is not None
    assert (folds.kind, folds.nested, len(folds.folds)) == ("k-fold", False, 3)
    photos = 2 * (PRODUCTS - 4)
    assert counts.test == counts.measured == sum(fold.test for fold in folds.folds) == photos
    assert counts.train + counts.validation == photos
    for fold in folds.folds:
        assert fold.train + fold.validation + fold.test == photos
        assert fold.settings is None
    (shown,) = whole.comparisons
    assert shown.tuned.map_at_r.queries == photos
    assert shown.difference.products == PRODUCTS - 4
    assert shown.tuned.map_at_r.mean > shown.frozen.map_at_r.mean + 0.05
    assert whole.verdict.better is True
    models = hidden.directory / "models"
    assert open_embedder("whole", models, "torch").space == whole.space
    assert not folds_folder(models, "whole").exists()
    assert not training_folder(models, "whole").exists()


def test_the_frozen_figure_is_the_mean_over_folds_of_each_photos_own_value(
    hidden: Shop, tiny: Embedder, whole: FinetuneReport
) -> None:
    examples = read_examples(hidden, tiny.space, ("kind",))
    held = held_folds(examples, tiny.layout, "k-fold", FIXED.seed, 3)
    block = examples.blocks[:, tiny.layout.slices[0]].astype(np.float32)
    values = np.full(len(examples), np.nan)
    for fold in held.folds:
        rows = fold.rows()[2]
        rows = rows[examples.tasks[0].targets[rows] != NONE]
        values[rows] = map_at_r(block[rows], examples.tasks[0].targets[rows], fold.groups[rows])
    (shown,) = whole.comparisons
    assert shown.frozen.map_at_r.mean == pytest.approx(np.nanmean(values), abs=1e-12)
    assert whole.folds is not None
    means = [np.nanmean(values[fold.rows()[2]]) for fold in held.folds]
    assert [fold.frozen["kind"] for fold in whole.folds.folds] == pytest.approx(means, abs=1e-12)


def test_the_card_says_whose_figures_these_are_and_how_far_they_lie_apart(whole: FinetuneReport) -> None:
    card = (whole.folder / "card.md").read_text()
    assert whole.folds is not None
    assert "All figures are of the 3 trainings of the split k-fold, not of the weights that are kept" in card
    assert "looked among those that its own fold tests" in card
    gains = [fold.gain("kind") for fold in whole.folds.folds]
    assert None not in gains
    spread = f"{min(gains):+.3f} to {max(gains):+.3f}, standard deviation {np.std(gains, ddof=1):.3f}"  # type: ignore[arg-type, type-var]
    assert spread in card
    for fold in whole.folds.folds:
        assert f"| {fold.number} | {fold.train} | {fold.validation} | {fold.test} | {fold.best} |" in card
    kept = json.loads((whole.folder / "finetuning.json").read_text())
    assert [fold["number"] for fold in kept["folds"]["folds"]] == [1, 2, 3]
    assert kept["split"] == "k-fold"


def test_stopped_in_and_between_folds_gives_the_same_figures_and_runs_no_fold_twice(
    hidden: Shop, tiny: Embedder, whole: FinetuneReport
) -> None:
    told: list[str] = []
    options = FOLDS
    for start in ("fold 1 of 3: measured", "fold 2 of 3: epoch 2 ", "fold 3 of 3: measured", "epoch 2 "):
        with pytest.raises(Stopped):
            run(hidden, tiny, "halted", options=options, tell=stop_at(start, told))
        options = replace(FOLDS, resume=True)
    assert not (hidden.directory / "models" / "halted").exists()
    parts = run(hidden, tiny, "halted", options=options, tell=told.append)
    assert figures(parts) == figures(whole)
    epochs = [text.rsplit(f" of {EPOCHS}", 1)[0] for text in told if "epoch" in text]
    wanted = [f"fold {fold} of 3: epoch {epoch}" for fold in (1, 2, 3) for epoch in range(1, EPOCHS + 1)]
    assert epochs == [*wanted, *(f"epoch {epoch}" for epoch in range(1, EPOCHS + 1))]


def test_an_unfinished_run_is_neither_lost_nor_mixed(hidden: Shop, tiny: Embedder) -> None:
    with pytest.raises(Stopped):
        run(hidden, tiny, "x", tell=stop_at("fold 2 of 3: epoch 1 ", []))
    with pytest.raises(UsageError, match=r"an unfinished fine-tuning .*, 1 folds done: go on with --resume"):
        run(hidden, tiny, "x")
    resumed = replace(FOLDS, resume=True)
    other = replace(FIXED, goal=replace(FIXED.goal, temperature=0.1))
    with pytest.raises(UsageError, match="begun with other settings of goal; give the same"):
        run(hidden, tiny, "x", other, resumed)
    with pytest.raises(UsageError, match="begun with other photos, labels or folds"):
        run(hidden, tiny, "x", options=replace(resumed, folds=4))
    with pytest.raises(UsageError, match=r"begun with other .*search"):
        finetune_folds(hidden, tiny, "x", FIXED, resumed, lambda _: None, GRID)


def test_another_kind_of_unfinished_run_is_in_the_way_before_anything_is_trained(
    hidden: Shop, tiny: Embedder
) -> None:
    single = RunOptions(device="cpu", runtime="torch")
    with pytest.raises(Stopped):
        finetune(hidden, tiny, "single", FIXED, single, stop_at("epoch 1 ", []))
    with pytest.raises(UsageError, match="an unfinished fine-tuning of the name single with another split"):
        run(hidden, tiny, "single", options=replace(FOLDS, resume=True))
    with pytest.raises(Stopped):
        search(hidden, tiny, "tried", FIXED, single, GRID, stop_at("trial 1 of 2", []))
    with pytest.raises(UsageError, match="an unfinished fine-tuning of the name tried with another split"):
        run(hidden, tiny, "tried")


def planted(held: HeldFolds, row: int, fold: int) -> HeldFolds:
    """The same folds with one more photo in a fold's test part."""
    split = held.folds[fold].split
    masks = [np.array(mask) for mask in (split.train, split.validation, split.test)]
    for mask, value in zip(masks, (False, False, True), strict=True):
        mask[row] = value
    leaky = replace(held.folds[fold], split=Split(*masks))
    folds = (*held.folds[:fold], leaky, *held.folds[fold + 1 :])
    return HeldFolds(held.kind, folds, held.last)


def test_a_photo_that_two_folds_test_is_refused(hidden: Shop, tiny: Embedder) -> None:
    examples = read_examples(hidden, tiny.space, ("kind",))
    held = held_folds(examples, tiny.layout, "k-fold", 7, 3)
    row = int(held.folds[0].rows()[2][0])
    with pytest.raises(LeakageFound, match=f"the photo in row {row} is tested in 2 folds instead of one"):
        planted(held, row, 1)


def test_a_fold_that_parts_a_product_is_refused(
    hidden: Shop, tiny: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folds that were dealt by photo, not by group: the photos of a product lie in several."""
    from embedder.splits import folds as dealing

    def by_photo(labels: object, groups: np.ndarray, k: int, seed: int) -> np.ndarray:
        return np.arange(len(groups)) % k

    monkeypatch.setattr(dealing, "_dealt", by_photo)
    with pytest.raises(LeakageFound, match=r"the same product p\d+ in the"):
        run(hidden, tiny, "leaky")
    assert not folds_folder(hidden.directory / "models", "leaky").exists()


def test_one_product_left_out_is_asked_among_all_others(tmp_path: Path, tiny: Embedder) -> None:
    shop = hidden_label(tmp_path / "shop", tmp_path / "photos", tiny, n=14)
    short = replace(FIXED, batches=replace(FIXED.batches, epochs=1))
    report = run(shop, tiny, "x", short, ONE_OUT)
    assert report.folds is not None
    assert len(report.folds.folds) == 10
    assert {fold.test for fold in report.folds.folds} == {2}
    examples = read_examples(shop, tiny.space, ("kind",))
    held = held_folds(examples, tiny.layout, "leave-one-out", FIXED.seed)
    block = examples.blocks[:, tiny.layout.slices[0]].astype(np.float32)
    known = np.flatnonzero(examples.tasks[0].targets != NONE)
    found = retrieve(block[known], examples.tasks[0].targets[known], held.last.groups[known])
    (shown,) = report.comparisons
    assert shown.frozen.map_at_r.mean == pytest.approx(np.nanmean(found.map_at_r), abs=1e-12)
    assert "looked among all others, those that its fold learnt from included" in report.folds.text()


def test_too_many_to_leave_out_one_by_one(
    hidden: Shop, tiny: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedder.splits.folds.MOST_LEFT_OUT", 20)
    with pytest.raises(UsageError, match="takes as many trainings; beyond 20 take the split k-fold"):
        run(hidden, tiny, "x1", options=ONE_OUT)


def test_the_products_themselves_are_held_out_whole(hidden: Shop, tiny: Embedder) -> None:
    goal = Goal(labels=("product",), objective="multi-similarity", dims=16)
    settings = replace(FIXED, goal=goal, batches=replace(FIXED.batches, epochs=1))
    report = run(hidden, tiny, "products", settings)
    (shown,) = report.comparisons
    assert shown.tuned.recall_at_1.queries == 2 * PRODUCTS
    assert report.counts.test == 2 * PRODUCTS


def test_photos_are_learnt_from_in_every_fold(tmp_path: Path, tiny: Embedder) -> None:
    shop = striped(tmp_path / "shop", tmp_path / "photos", n=18)
    settings = Settings(
        transfer=Transfer("full", head_epochs=0),
        goal=Goal(labels=("category",), dims=8),
        augmentation=Augmentation("none"),
        batches=Batches(photos=16, epochs=1, side=SIDE),
        optimisation=Optimisation(precision="float32"),
    )
    report = run(shop, tiny, "x", settings, replace(FOLDS, folds=2))
    assert report.counts.test == 36
    assert open_embedder("x", shop.directory / "models", "torch").space == report.space


@pytest.fixture(scope="module")
def seen() -> list[np.ndarray]:
    """What each trial of ``nested`` could not see: photos without a vector."""
    return []


@pytest.fixture(scope="module")
def nested(hidden: Shop, tiny: Embedder, seen: list[np.ndarray]) -> SearchReport:
    """Settings searched anew in each of two folds, and at the end on all photos."""
    judge = Bench.judge

    def watched(self: Bench, *more: Any) -> float:
        seen.append(np.isnan(self.examples.blocks).all(axis=1))
        assert (self.examples.tasks[0].targets[seen[-1]] == NONE).all()
        return judge(self, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Bench, "judge", watched)
        report = finetune_folds(hidden, tiny, "nested", FIXED, TWO, lambda _: None, GRID)
    assert isinstance(report, SearchReport)
    return report


def test_nested_folds_have_their_own_settings_and_the_report_says_nested(nested: SearchReport) -> None:
    folds = nested.run.folds
    assert folds is not None
    assert folds.nested
    card = (nested.run.folder / "card.md").read_text()
    for fold in folds.folds:
        assert fold.settings in ({"new-rate": 1e-4}, {"new-rate": 6e-2})
        assert f"| new-rate {fold.settings['new-rate']:.3g} |" in card
    assert nested.run.settings == applied(FIXED, nested.found.best.values)
    assert nested.run.history[nested.run.best - 1].value == nested.found.best.value
    assert "Nested: in each fold the settings were searched anew" in card
    assert "The figures are nested: in every fold the settings were searched anew" in card
    assert nested.as_json()["folds"]["nested"] is True
    models = nested.run.folder.parent
    assert not search_folder(models, "nested").exists()
    assert not folds_folder(models, "nested").exists()


def test_a_fold_is_measured_with_the_settings_that_were_found_in_it(
    hidden: Shop, tiny: Embedder, nested: SearchReport
) -> None:
    assert nested.run.folds is not None
    first = nested.run.folds.folds[0]
    assert first.settings is not None
    plain = run(hidden, tiny, "plain", applied(FIXED, first.settings), TWO)
    assert plain.folds is not None
    same = plain.folds.folds[0]
    assert (same.frozen, same.tuned, same.best) == (first.frozen, first.tuned, first.best)


def test_the_search_of_a_fold_never_sees_what_the_fold_tests(
    hidden: Shop, tiny: Embedder, nested: SearchReport, seen: list[np.ndarray]
) -> None:
    examples = read_examples(hidden, tiny.space, ("kind",))
    held = held_folds(examples, tiny.layout, "k-fold", FIXED.seed, 2, searched=True)
    tests = [fold.split.test for fold in held.folds]
    assert len(seen) == 3 * 2
    for unseen, test in zip(seen[:4], (tests[0], tests[0], tests[1], tests[1]), strict=True):
        np.testing.assert_array_equal(unseen, test)
    assert not np.any(seen[4:])


def test_a_nested_run_that_was_stopped_repeats_no_trial(
    hidden: Shop, tiny: Embedder, nested: SearchReport
) -> None:
    told: list[str] = []
    options = TWO
    for start in ("fold 1 of 2: trial 2: epoch 2 ", "fold 2 of 2: epoch 2 ", "trial 2 of 2", "epoch 2 "):
        with pytest.raises(Stopped):
            finetune_folds(hidden, tiny, "broken", FIXED, options, stop_at(start, told), GRID)
        options = replace(options, resume=True)
    part = finetune_folds(hidden, tiny, "broken", FIXED, options, told.append, GRID)
    assert isinstance(part, SearchReport)
    assert figures(part.run) == figures(nested.run)
    trials = [text for text in told if "trial" in text and ": epoch" in text]
    assert len(trials) == len(set(trials)) == 3 * 2 * EPOCHS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "stratified", "folds": 3}, "the split stratified has no number of folds"),
        ({"split": "leave-one-out", "folds": 3}, "the split leave-one-out has no number of folds"),
        ({"split": "k-fold", "folds": 1}, "at least 2 folds, not 1"),
        ({"split": "random"}, "there is no split 'random'; there are stratified, .*, k-fold, leave-one-out"),
    ],
)
def test_impossible_splits(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        RunOptions(**options)


def test_more_folds_than_products(hidden: Shop, tiny: Embedder) -> None:
    with pytest.raises(UsageError, match=r"products .* make 2 to \d+ folds, not 99"):
        run(hidden, tiny, "x2", options=replace(FOLDS, folds=99))


def test_folds_cannot_be_of_a_single_split(hidden: Shop, tiny: Embedder) -> None:
    with pytest.raises(UsageError, match="the split time has no folds; take k-fold or leave-one-out"):
        run(hidden, tiny, "x4", options=replace(FOLDS, split="time", folds=None))


def test_a_fold_that_cannot_be_read_says_what_to_delete(tmp_path: Path) -> None:
    (tmp_path / "fold-1.json").write_text('{"fold": {"number": 1}, "queries": [], "scores": []}')
    store = FoldStore(tmp_path)
    with pytest.raises(Damaged, match=r"fold-1.json cannot be read .*; delete that file, and --resume"):
        store.result(1)
    assert store.result(2) is None


def test_a_single_training_cannot_be_of_folds(hidden: Shop, tiny: Embedder) -> None:
    with pytest.raises(UsageError, match="k-fold has several trainings"):
        finetune(hidden, tiny, "x3", FIXED, FOLDS)
    with pytest.raises(UsageError, match="k-fold has several trainings"):
        search(hidden, tiny, "x3", FIXED, FOLDS, GRID, lambda _: None)
