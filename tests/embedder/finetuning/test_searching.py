"""A whole search on a shop: the best on validation becomes the embedder, the test is measured once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from data.errors import UsageError, VitrineError
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.finetuning.checkpoint import Checkpoints
from embedder.finetuning.examples import NONE, Examples, read_examples
from embedder.finetuning.holding import Held, held_out
from embedder.finetuning.loop import train
from embedder.finetuning.ranks import Ranks
from embedder.finetuning.run import RunOptions, course_of, finetune, subject_of, training_folder
from embedder.finetuning.search_report import SearchReport
from embedder.finetuning.searching import Bench, blinded, search, search_folder
from embedder.finetuning.settings import Augmentation, Batches, Goal, Optimisation, Settings, Transfer
from embedder.finetuning.space import Search, applied, read_space
from embedder.pipeline import encode_pending
from embedder.registry import open_embedder
from tests.embedder.finetuning.shops import SIDE, hidden_label, striped

TORCH = RunOptions(device="cpu", runtime="torch")
RANKS = Ranks(0, 1, torch.device("cpu"))
FIXED = Settings(
    goal=Goal(labels=("kind",), dims=32),
    augmentation=Augmentation("none"),
    batches=Batches(photos=256, epochs=4),
    optimisation=Optimisation(precision="float32"),
)
PHOTOS = Settings(
    transfer=Transfer("full", head_epochs=0),
    goal=Goal(labels=("category",), dims=16),
    augmentation=Augmentation("none"),
    batches=Batches(photos=16, epochs=2, side=SIDE),
    optimisation=Optimisation(rate=3e-3, new_rate=1e-2, precision="float32"),
)
GRID = Search(9, "grid", space=read_space(["new-rate=1e-3,3e-2", "temperature=0.03,0.1"], FIXED))


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory, tiny: Embedder) -> Shop:
    """One shop for all: every test gives its embedders other names."""
    folder = tmp_path_factory.mktemp("hidden")
    return hidden_label(folder / "shop", folder / "photos", tiny)


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the search of ``whole`` told."""
    return []


@pytest.fixture(scope="module")
def whole(hidden: Shop, tiny: Embedder, said: list[str]) -> SearchReport:
    """A search that nothing stopped."""
    return search(hidden, tiny, "whole", FIXED, TORCH, GRID, said.append)


@pytest.fixture(autouse=True)
def _no_loader_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedder.finetuning.feeding.workers", lambda: 0)


def searched(shop: Shop, base: Embedder, name: str, wanted: Search = GRID, **more: object) -> SearchReport:
    options = replace(TORCH, **more)  # type: ignore[arg-type]
    return search(shop, base, name, FIXED, options, wanted, lambda _: None)


def test_the_best_on_validation_becomes_the_embedder(
    hidden: Shop, whole: SearchReport, said: list[str]
) -> None:
    trials, best = whole.found.trials, whole.found.best
    values = [trial.value for trial in trials if trial.value is not None]
    assert (len(values), best.value) == (4, max(values))
    assert best.values["new-rate"] == 3e-2, "in four epochs the fast one gets further"
    # What was trained at the end is that trial, to the last digit.
    assert whole.run.settings == applied(FIXED, best.values)
    assert whole.run.history[whole.run.best - 1].value == best.value
    assert any("trial 2: epoch 4 of 4" in text for text in said)
    models = hidden.directory / "models"
    assert open_embedder("whole", models, "torch").space == whole.run.space
    assert not search_folder(models, "whole").exists()
    assert not training_folder(models, "whole").exists()


def test_a_search_says_what_it_did(whole: SearchReport) -> None:
    folder, best = whole.run.folder, whole.found.best
    kept = json.loads((folder / "search.json").read_text())
    assert kept == json.loads(json.dumps(whole.found.as_json()))
    assert kept == json.loads(json.dumps(whole.as_json()["search"]))
    assert [trial["number"] for trial in kept["trials"]] == [1, 2, 3, 4]
    assert kept["best"] == best.number
    assert kept["importances"] is None
    assert kept["importances_text"] == "4 trials were finished; 8 are needed to tell"
    assert (folder / "search.png").read_bytes().startswith(b"\x89PNG")
    card = (folder / "card.md").read_text()
    assert (
        "4 settings were tried (grid: 4 finished) and judged by mAP@R on the validation photos alone" in card
    )
    assert f"{best.value:.3f} for the best, trial {best.number} (new-rate 0.03, temperature " in card
    assert "the test photos were used once, to measure it" in card
    assert card.index("## How the settings were found") > card.index("## What it brought")


def test_a_stop_changes_nothing_and_no_trial_is_repeated(
    hidden: Shop, tiny: Embedder, whole: SearchReport
) -> None:
    told: list[str] = []

    def stopping_at(start: str) -> Callable[[str], None]:
        def tell(text: str) -> None:
            told.append(text)
            if text.startswith(start):
                raise KeyboardInterrupt

        return tell

    options = TORCH
    for start in ("trial 2: epoch 3 of 4", "trial 4 of 4", "epoch 2 of 4"):
        with pytest.raises(KeyboardInterrupt):
            search(hidden, tiny, "part", FIXED, options, GRID, stopping_at(start))
        options = replace(TORCH, resume=True)
    part = search(hidden, tiny, "part", FIXED, options, GRID, told.append)
    epochs = [text.split(":")[0] + text.split(":")[1] for text in told if ": epoch" in text]
    assert epochs == [f"trial {n} epoch {e} of 4" for n in range(1, 5) for e in range(1, 5)]
    assert [(t.value, t.values, t.epochs) for t in part.found.trials] == [
        (t.value, t.values, t.epochs) for t in whole.found.trials
    ]
    assert part.run.space.split("-")[1] == whole.run.space.split("-")[1]


def ground(shop: Shop, base: Embedder, label: str) -> tuple[Examples, Held]:
    encode_pending(shop, base)
    examples = read_examples(shop, base.space, (label,))
    return examples, held_out(examples, base.layout, "stratified", 7)


def judged(base: Embedder, examples: Examples, held: Held, settings: Settings, folder: Path) -> list[float]:
    """The epochs of a trial."""
    values: list[float] = []
    bench = Bench(base, examples, held, settings, RANKS, folder)
    value = bench.judge({}, lambda epoch, epochs, value: values.append(value), lambda _: None)
    assert value == max(values)
    return values


def plain(base: Embedder, examples: Examples, held: Held, settings: Settings, folder: Path) -> list[float]:
    """The epochs of a training that sees everything."""
    torch.manual_seed(settings.seed)
    subject = subject_of(base, examples, held.rows()[0], settings, RANKS, lambda _: None)
    course = course_of(subject, examples, held, settings, RANKS)
    checkpoints = Checkpoints(folder)
    checkpoints.begin(settings, base.space, "", resume=False)
    return [epoch.value for epoch in train(course, checkpoints, None, lambda _: None).history]


def test_a_trial_never_sees_the_test_photos(hidden: Shop, tiny: Embedder, tmp_path: Path) -> None:
    examples, held = ground(hidden, tiny, "kind")
    test = held.rows()[2]
    blind = blinded(examples, held)
    assert np.isnan(blind.blocks[test]).all()
    assert (blind.tasks[0].targets[test] == NONE).all()
    assert not {blind.paths[i] for i in test} & {examples.paths[i] for i in test}
    for rows in held.rows()[:2]:
        np.testing.assert_array_equal(blind.blocks[rows], examples.blocks[rows])
        np.testing.assert_array_equal(blind.tasks[0].targets[rows], examples.tasks[0].targets[rows])
    seen = plain(tiny, examples, held, FIXED, tmp_path / "plain")
    assert judged(tiny, blind, held, FIXED, tmp_path / "a") == seen
    poisoned = replace(
        examples,
        blocks=np.where(held.split.test[:, None], np.float16(7), examples.blocks),
        tasks=(replace(examples.tasks[0], targets=np.where(held.split.test, 0, examples.tasks[0].targets)),),
    )
    assert judged(tiny, poisoned, held, FIXED, tmp_path / "b") == seen
    # The same poison where it is learnt from shows.
    parts = Held(replace(held.split, train=held.split.test, test=held.split.train), held.groups, ())
    assert judged(tiny, poisoned, parts, FIXED, tmp_path / "c") != seen


def test_the_files_of_the_test_photos_may_be_gone(
    tmp_path: Path, tiny: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = striped(tmp_path / "shop", tmp_path / "photos")
    examples, held = ground(shop, tiny, "category")
    seen = plain(tiny, examples, held, PHOTOS, tmp_path / "plain")
    monkeypatch.setenv("VITRINE_CACHE", str(tmp_path / "cache"))
    for row in held.rows()[2]:
        examples.paths[row].unlink()
    assert judged(tiny, blinded(examples, held), held, PHOTOS, tmp_path / "a") == seen


def test_a_trial_that_is_given_up_leaves_nothing(hidden: Shop, tiny: Embedder, tmp_path: Path) -> None:
    class GivenUpError(Exception):
        pass

    def watch(epoch: int, epochs: int, _: float) -> None:
        assert epochs == 4
        if epoch == 2:
            raise GivenUpError

    examples, held = ground(hidden, tiny, "kind")
    bench = Bench(tiny, blinded(examples, held), held, FIXED, RANKS, tmp_path / "bench")
    with pytest.raises(GivenUpError):
        bench.judge({"dropout": 0.1}, watch, lambda _: None)
    assert not list((tmp_path / "bench").iterdir())


def test_settings_that_cannot_be_together_fail_as_a_trial(hidden: Shop, tiny: Embedder) -> None:
    space = read_space(["ema=0,0.9", "swa=no,yes"], FIXED)
    report = searched(hidden, tiny, "averaged", Search(4, "grid", space=space))
    failed = [trial for trial in report.found.trials if trial.state == "failed"]
    assert [trial.values for trial in failed] == [{"ema": 0.9, "swa": True}]
    assert failed[0].reason.startswith("take a moving average (ema) or the last epochs' (swa), not both")
    assert len(report.found.trials) == 4
    assert "1 failed" in report.found.text()


def test_where_no_settings_work_nothing_is_left(hidden: Shop, tiny: Embedder) -> None:
    endless = Search(2, "grid", space=read_space(["new-rate=1e30,1e35"], FIXED))
    with pytest.raises(
        VitrineError, match="none of the 2 settings could be trained; the last: the loss is no number"
    ):
        searched(hidden, tiny, "endless", endless)
    assert not list((hidden.directory / "models").glob("*endless*"))


def test_what_is_in_the_way_says_so_before_anything_is_tried(hidden: Shop, tiny: Embedder) -> None:
    def stopping(text: str) -> None:
        if text.startswith(("epoch 2", "trial 1 of 4")):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finetune(hidden, tiny, "run", FIXED, TORCH, stopping)
    with pytest.raises(UsageError, match="an unfinished fine-tuning of the name run lies in"):
        searched(hidden, tiny, "run", resume=True)
    with pytest.raises(KeyboardInterrupt):
        search(hidden, tiny, "x", FIXED, TORCH, GRID, stopping)
    with pytest.raises(UsageError, match=r"an unfinished search of this name lies in .*, 1 settings tried"):
        searched(hidden, tiny, "x")
    options = replace(TORCH, resume=True)
    other = replace(FIXED, goal=replace(FIXED.goal, label_smoothing=0.1))
    with pytest.raises(UsageError, match="begun with other settings of goal; give the same"):
        search(hidden, tiny, "x", other, options, GRID, lambda _: None)
    (hidden.directory / "models" / "taken").mkdir()
    with pytest.raises(UsageError, match="there is an embedder 'taken' already"):
        searched(hidden, tiny, "taken")


def test_a_search_runs_in_one_process(hidden: Shop, tiny: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    several = Ranks(0, 2, torch.device("cpu"))
    monkeypatch.setattr("embedder.finetuning.searching.joined", lambda _: nullcontext(several))
    with pytest.raises(UsageError, match="a search runs in one process"):
        searched(hidden, tiny, "x")
