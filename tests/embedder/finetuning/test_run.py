"""A whole fine-tuning: what is learnt, what stays, what is written, and that stopping it changes nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.errors import EmptyShop, UsageError, VitrineError
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.export import Contents, write_embedder
from embedder.finetuning.report import FinetuneReport
from embedder.finetuning.run import RunOptions, finetune, training_folder
from embedder.finetuning.settings import (
    Augmentation,
    Batches,
    Goal,
    Optimisation,
    Regularisation,
    Settings,
    Transfer,
)
from embedder.made import made_of
from embedder.registry import available, open_embedder, open_folder
from embedder.trained_on import TRAINED_ON_NAME, TrainedOn, read_trained_on
from tests.embedder.finetuning.shops import SIDE, hidden_label, striped
from tests.embedder.kit import drawn, tiny_folder

TORCH = RunOptions(device="cpu", runtime="torch")
FIXED = Settings(
    goal=Goal(labels=("kind",)),
    augmentation=Augmentation("none"),
    batches=Batches(photos=256, epochs=60),
    optimisation=Optimisation(precision="float32"),
)
PHOTOS = Settings(
    transfer=Transfer("full", head_epochs=1),
    goal=Goal(labels=("category",), dims=16),
    augmentation=Augmentation("light"),
    batches=Batches(photos=16, epochs=3, side=SIDE),
    optimisation=Optimisation(rate=3e-3, new_rate=1e-2, precision="float32"),
)


@pytest.fixture
def hidden(tmp_path: Path, tiny: Embedder) -> Shop:
    return hidden_label(tmp_path / "shop", tmp_path / "photos", tiny)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return striped(tmp_path / "shop", tmp_path / "photos")


@pytest.fixture(autouse=True)
def _no_loader_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos are changed in this process: starting others takes longer than these tests."""
    monkeypatch.setattr("embedder.finetuning.feeding.workers", lambda: 0)


def run(shop: Shop, base: Embedder, name: str, settings: Settings, **more: object) -> FinetuneReport:
    report = finetune(shop, base, name, settings, replace(TORCH, **more))  # type: ignore[arg-type]
    assert report is not None
    return report


def test_a_hidden_label_is_found_by_a_head_and_the_result_opens(hidden: Shop, tiny: Embedder) -> None:
    told: list[str] = []
    report = finetune(hidden, tiny, "by-kind", FIXED, TORCH, told.append)
    assert report is not None
    (shown,) = report.comparisons
    assert shown.tuned.recall_at_1.mean > shown.frozen.recall_at_1.mean + 0.1
    assert shown.tuned.map_at_r.mean > shown.frozen.map_at_r.mean + 0.05
    assert shown.tuned_vector.map_at_r.mean > shown.frozen_vector.map_at_r.mean
    assert report.verdict.better is True
    counts = report.counts
    assert (counts.classes, counts.unlabelled, counts.rare) == ({"kind": 3}, {"kind": 6}, {"kind": 2})
    assert counts.train + counts.validation + counts.test == 2 * 90 - 8
    assert "epoch 60 of 60" in " ".join(told)
    models = hidden.directory / "models"
    opened = open_embedder("by-kind", models, "torch")
    assert opened.space == report.space != tiny.space
    matrix = opened.projections[0].matrix
    assert matrix is not None
    wanted = tiny.encode(drawn(4))[:, tiny.layout.slices[0]] @ matrix
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    got = opened.encode(drawn(4))
    np.testing.assert_allclose(got[:, opened.layout.slices[0]], wanted, atol=1e-5)
    np.testing.assert_allclose(
        got[:, opened.layout.slices[2]], tiny.encode(drawn(4))[:, tiny.layout.slices[2]]
    )
    assert f"{shown.tuned.recall_at_1.mean:.3f}" in (report.folder / "card.md").read_text()
    kept = json.loads((report.folder / "finetuning.json").read_text())
    assert kept["verdict"] == {"better": True, "text": report.verdict.text}
    assert Settings.from_json(kept["settings"]) == FIXED
    assert len((report.folder / "curves.csv").read_text().splitlines()) == 61
    assert (report.folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    learnt = read_trained_on(report.folder)
    assert learnt is not None
    assert 0 < len(learnt.products) < 90, "products held out are not among them"
    assert counts.train + counts.validation <= 2 * len(learnt.products)
    assert set(learnt.products) < {product.product_id for part in hidden.all_products() for product in part}
    assert "by-kind" in [info.spec for info in available(models)]
    assert not training_folder(models, "by-kind").exists()


@pytest.mark.parametrize("knows", [True, False])
def test_a_base_that_knows_what_is_held_out_is_told(knows: bool, tmp_path: Path, tiny: Embedder) -> None:
    learnt = TrainedOn(tuple(f"p{i:03}" for i in range(90)) if knows else (), None, 0.0)
    folder = write_embedder(tmp_path / "base", replace(Contents.of(tiny, ""), files=learnt.files()))
    base = open_folder(folder, "base", "torch")
    made = hidden_label(tmp_path / "shop", tmp_path / "photos", base)
    report = run(made, base, "x", replace(FIXED, batches=replace(FIXED.batches, epochs=1)))
    assert json.loads((report.folder / "finetuning.json").read_text())["caution"] == report.caution
    card = (report.folder / "card.md").read_text()
    if not knows:
        assert report.caution is None
        assert "Mind:" not in card
        return
    assert report.caution is not None
    assert re.match(r"base learnt from (\d+) of the \1 products measured here; ", report.caution)
    assert f"Mind: {report.caution}." in card


def test_the_best_epoch_is_the_one_that_is_kept(hidden: Shop, tiny: Embedder) -> None:
    report = run(hidden, tiny, "x", FIXED)
    values = [epoch.value for epoch in report.history]
    assert values[report.best - 1] == max(values)


def weights(model: Embedder) -> dict[str, np.ndarray]:
    return {name: tensor.float().numpy() for name, tensor in model.network.weights.tensors().items()}


@pytest.mark.parametrize("strategy", ["partial", "full", "scratch"])
def test_a_strategy_moves_what_it_says(shop: Shop, tiny: Embedder, strategy: str) -> None:
    transfer = Transfer(strategy, frozen_stages=2 if strategy == "partial" else None, head_epochs=0)
    report = run(
        shop, tiny, strategy, replace(PHOTOS, transfer=transfer, batches=replace(PHOTOS.batches, epochs=1))
    )
    made = open_embedder(strategy, shop.directory / "models", "torch")
    before, after = weights(tiny), weights(made)
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    early = {name for name in before if name.startswith(("conv1", "bn1", "layer1"))}
    late = {name for name in before if name.startswith("layer4") and name.endswith("weight")}
    assert late <= moved
    assert bool(early & moved) is (strategy != "partial")
    if strategy != "scratch":
        assert not {name for name in moved if "running" in name}  # statistics of the pre-training are kept
    assert made.input_size == (SIDE, SIDE)
    assert report.history[0].stages == {"partial": 3, "full": 5, "scratch": 5}[strategy]


def test_progressive_opens_stage_by_stage(shop: Shop, tiny: Embedder) -> None:
    settings = replace(PHOTOS, transfer=Transfer("progressive", unfreeze_every=1))
    report = run(shop, tiny, "x", replace(settings, batches=replace(PHOTOS.batches, epochs=6)))
    assert [epoch.stages for epoch in report.history] == [0, 1, 2, 3, 4, 5]


def test_what_photos_show_is_learnt(shop: Shop, tiny: Embedder) -> None:
    settings = replace(PHOTOS, batches=replace(PHOTOS.batches, epochs=8))
    (shown,) = run(shop, tiny, "x", settings).comparisons
    assert shown.tuned.map_at_r.mean > shown.frozen.map_at_r.mean + 0.1


def test_the_saved_embedder_is_what_was_measured(shop: Shop, tiny: Embedder) -> None:
    report = run(shop, tiny, "x", PHOTOS)
    made = open_embedder("x", shop.directory / "models", "torch")
    paths = [shop.photo_path(photo) for photo in shop.photos_of("p000")]
    first, errors = made.encode_files(paths)
    assert not errors
    assert first.shape == (2, made.layout.d)
    assert made.layout.dims[0] == 16
    assert report.space == made.space


class Stopped(BaseException):
    """As a kill is: nothing catches it."""


def stop_after(epoch: int) -> object:
    def tell(text: str) -> None:
        if text.startswith(f"epoch {epoch} "):
            raise Stopped

    return tell


RESUMED = {
    "fixed": FIXED,
    "full": replace(PHOTOS, regularisation=Regularisation(dropout=0.3, drop_path=0.1, ema=0.9, l2sp=0.01)),
    "progressive": replace(
        PHOTOS, transfer=Transfer("progressive"), augmentation=Augmentation("strong", mixup=0.3)
    ),
    "memory": replace(PHOTOS, goal=replace(PHOTOS.goal, objective="supervised-contrastive", memory=48)),
    "plateau": replace(
        PHOTOS, optimisation=replace(PHOTOS.optimisation, schedule="plateau", optimiser="lamb")
    ),
    "swa": replace(PHOTOS, regularisation=Regularisation(swa=True), transfer=Transfer("full", 0, 1.0, False)),
}


@pytest.mark.parametrize("kind", RESUMED)
def test_stopped_and_resumed_gives_the_weights_of_a_run_that_was_not(
    kind: str, tmp_path: Path, tiny: Embedder
) -> None:
    settings = RESUMED[kind]
    if kind == "fixed":
        made = hidden_label(tmp_path / "shop", tmp_path / "photos", tiny)
    else:
        made = striped(tmp_path / "shop", tmp_path / "photos", n=36)
    whole = run(made, tiny, "whole", settings)
    with pytest.raises(Stopped):
        finetune(made, tiny, "parts", settings, TORCH, stop_after(2))  # type: ignore[arg-type]
    assert not (made.directory / "models" / "parts").exists()
    resumed = run(made, tiny, "parts", settings, resume=True)
    assert resumed.space.split("-")[1:] == whole.space.split("-")[1:]  # a fingerprint of every weight
    assert [e.value for e in resumed.history] == [e.value for e in whole.history]


def test_a_run_goes_on_at_the_rate_it_is_given_now(hidden: Shop, tiny: Embedder) -> None:
    short = replace(FIXED, batches=replace(FIXED.batches, epochs=3))
    losses = []
    for name, rate in (("same", FIXED.optimisation.new_rate), ("lower", 1e-6)):
        with pytest.raises(Stopped):
            finetune(hidden, tiny, name, short, TORCH, stop_after(1))  # type: ignore[arg-type]
        after = replace(short, optimisation=replace(short.optimisation, new_rate=rate))
        losses.append([epoch.loss for epoch in run(hidden, tiny, name, after, resume=True).history])
    assert losses[0][0] == losses[1][0]
    assert losses[0][2] < losses[1][2]


def test_an_unfinished_run_is_neither_lost_nor_mixed(hidden: Shop, tiny: Embedder) -> None:
    with pytest.raises(Stopped):
        finetune(hidden, tiny, "x", FIXED, TORCH, stop_after(2))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="2 epochs done: go on with --resume"):
        run(hidden, tiny, "x", FIXED)
    other = replace(FIXED, goal=replace(FIXED.goal, temperature=0.1))
    with pytest.raises(UsageError, match="begun with other settings of goal"):
        run(hidden, tiny, "x", other, resume=True)
    sgd = replace(FIXED, optimisation=replace(FIXED.optimisation, optimiser="sgd"), seed=8)
    with pytest.raises(UsageError, match=r"begun with .*another optimiser, another seed; give the same"):
        run(hidden, tiny, "x", sgd, resume=True)


def test_an_unfinished_run_goes_on_from_its_own_embedder_alone(
    hidden: Shop, tiny: Embedder, tmp_path: Path
) -> None:
    with pytest.raises(Stopped):
        finetune(hidden, tiny, "x", FIXED, TORCH, stop_after(2))  # type: ignore[arg-type]
    other = open_folder(tiny_folder(tmp_path / "other", seed=9), "other", "torch")
    twin = hidden_label(tmp_path / "twin", tmp_path / "same", other)
    begun, same = (training_folder(made.directory / "models", "x") for made in (hidden, twin))
    shutil.copytree(begun, same)
    with pytest.raises(UsageError, match="begun with another embedder; give the same"):
        run(twin, other, "x", FIXED, resume=True)


def test_a_loss_that_is_no_number_stops_with_the_last_good_state(hidden: Shop, tiny: Embedder) -> None:
    wild = replace(
        FIXED, optimisation=replace(FIXED.optimisation, optimiser="sgd", new_rate=1e38, clip=1e30, warmup=0.9)
    )
    with pytest.raises(VitrineError, match=r"no number any more in epoch \d.*lower --rate") as caught:
        run(hidden, tiny, "x", wild)
    assert "kept in" in caught.value.message or "no epoch was finished" in caught.value.message
    assert not (hidden.directory / "models" / "x").exists()


def test_the_same_seed_gives_the_same_space(hidden: Shop, tiny: Embedder) -> None:
    short = replace(FIXED, batches=replace(FIXED.batches, epochs=2))
    spaces = [
        run(hidden, tiny, name, replace(short, seed=seed)).space
        for name, seed in zip("abc", (3, 3, 4), strict=True)
    ]
    digests = [space.split("-", 1)[1] for space in spaces]
    assert digests[0] == digests[1] != digests[2]


def test_labels_become_aspects_of_their_own(shop: Shop, tiny: Embedder) -> None:
    goal = Goal(labels=("category", "tone"), own_aspects=True, dims=8, task_weights="learnt")
    report = run(shop, tiny, "x", replace(PHOTOS, goal=goal))
    made = open_embedder("x", shop.directory / "models", "torch")
    assert made.layout.names == ("shape", "texture", "colour", "category", "tone")
    assert sum(made.layout.weights) == pytest.approx(sum(tiny.layout.weights))
    assert made.layout.weights[2] == tiny.layout.weights[2]
    assert [c.aspect for c in report.comparisons] == ["category", "tone"]
    assert report.counts.unlabelled == {"category": 0, "tone": 24}


def test_a_label_named_like_an_aspect_gets_a_name_of_its_own(shop: Shop, tiny: Embedder) -> None:
    from embedder.finetuning.subject import aspect_name

    assert aspect_name("colour", ["shape", "colour"]) == "colour-learnt"
    assert aspect_name("base colour", []) == "base-colour"


def test_the_products_themselves_are_learnt_on_products_never_seen(shop: Shop, tiny: Embedder) -> None:
    goal = Goal(labels=("product",), objective="multi-similarity", dims=16)
    report = run(shop, tiny, "x", replace(PHOTOS, goal=goal))
    (shown,) = report.comparisons
    assert shown.label == "product"
    assert shown.tuned.recall_at_1.queries == report.counts.test  # each has its other photo to find


@pytest.mark.parametrize("split", ["class-disjoint", "time"])
def test_other_splits(hidden: Shop, tiny: Embedder, split: str) -> None:
    if split == "class-disjoint":
        with pytest.raises(UsageError, match="too few for a class-disjoint split"):
            run(hidden, tiny, "x", FIXED, split=split)
    else:
        with pytest.raises(UsageError, match=r"time|moment"):  # all arrived at once
            run(hidden, tiny, "x", FIXED, split=split)


def test_each_cycle_leaves_a_snapshot_that_opens(hidden: Shop, tiny: Embedder) -> None:
    cyclical = replace(FIXED.optimisation, schedule="cyclical", cycles=2)
    report = run(hidden, tiny, "x", replace(FIXED, optimisation=cyclical))
    assert report.snapshots == ("x-snapshot-1", "x-snapshot-2")
    opened = [open_embedder(name, hidden.directory / "models", "torch") for name in report.snapshots]
    assert len({embedder.space.split("-")[-1] for embedder in opened}) == 2
    folders = [hidden.directory / "models" / name for name in ("x", *report.snapshots)]
    assert len({(folder / TRAINED_ON_NAME).read_bytes() for folder in folders}) == 1
    assert [made_of(folder) for folder in folders] == ["fine-tuned"] * 3


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        (
            Goal(labels=("colour",)),
            "no product has a value in column 'colour'; columns with values: category, kind",
        ),
        (Goal(labels=("category",)), "only one"),
        (Goal(labels=("kind",), aspect="colour"), "only what the network gives can be tuned: shape, texture"),
    ],
)
def test_what_cannot_be_done_says_why(hidden: Shop, tiny: Embedder, goal: Goal, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run(hidden, tiny, "x", replace(FIXED, goal=goal))
    assert not (hidden.directory / "models" / "x").exists()


def test_values_too_many_for_the_products_held_out_are_refused_before_training(
    tmp_path: Path, tiny: Embedder
) -> None:
    few = striped(tmp_path / "few", tmp_path / "photos", n=12)
    told: list[str] = []
    with pytest.raises(UsageError, match="none has another product of its own value in 'category'"):
        finetune(few, tiny, "x", PHOTOS, TORCH, told.append)
    assert not [text for text in told if text.startswith("epoch")]


@pytest.mark.parametrize("name", ["../x", "bundled"])
def test_impossible_names(hidden: Shop, tiny: Embedder, name: str) -> None:
    with pytest.raises(UsageError, match="cannot name an embedder"):
        run(hidden, tiny, name, FIXED)


def test_a_name_that_is_taken(hidden: Shop, tiny: Embedder) -> None:
    (hidden.directory / "models" / "x").mkdir(parents=True)
    with pytest.raises(UsageError, match="already"):
        run(hidden, tiny, "x", FIXED)


def test_too_few_photos(tmp_path: Path, tiny: Embedder) -> None:
    few = hidden_label(tmp_path / "few", tmp_path / "photos", tiny, n=10)
    with pytest.raises(UsageError, match="too few"):
        run(few, tiny, "x", FIXED)


def test_an_empty_shop(tmp_path: Path, tiny: Embedder) -> None:
    with pytest.raises(EmptyShop):
        run(Shop.create(tmp_path / "none"), tiny, "x", FIXED)


def test_two_processes_train_one_embedder(tmp_path: Path, folder: Path, tiny: Embedder) -> None:
    made = striped(tmp_path / "shop", tmp_path / "photos", n=36)
    made.close()
    code = """
        import sys
        from dataclasses import replace
        from pathlib import Path
        import torch
        torch.set_num_threads(1)
        from data.shop import Shop
        from embedder.finetuning.run import finetune
        from embedder.registry import open_folder
        from tests.embedder.finetuning.test_run import PHOTOS, TORCH
        settings = replace(PHOTOS, goal=replace(PHOTOS.goal, objective="proxy-anchor"))
        base = open_folder(Path(sys.argv[2]), "tiny", "torch")
        report = finetune(Shop.open(Path(sys.argv[1])), base, "both", settings, TORCH)
        print("REPORT" if report is not None else "NONE", flush=True)
    """
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code))
    root = Path(__file__).resolve().parents[3]
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--standalone",
        str(script),
    ]
    done = subprocess.run(
        [*command, str(tmp_path / "shop"), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert sorted(done.stdout.split()) == ["NONE", "REPORT"]
    opened = open_embedder("both", tmp_path / "shop" / "models", "torch")
    assert opened.layout.dims[0] == 16
    kept = json.loads((tmp_path / "shop" / "models" / "both" / "finetuning.json").read_text())
    assert len(kept["history"]) == 3
