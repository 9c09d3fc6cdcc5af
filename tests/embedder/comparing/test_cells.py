"""Single cells on a tiny shop: what each method measures, and that stopping a training changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from data.errors import UsageError
from data.photos import decode
from data.shop import Shop
from embedder.backbone import FeatureNet, build_model
from embedder.comparing.answers import MAP, CellResult, ask
from embedder.comparing.cell import Bench
from embedder.comparing.deadline import Deadline, OutOfTime
from embedder.comparing.grid import Cell, Design, design_of
from embedder.comparing.untrained import check_possible, with_indexed
from embedder.embedder import Embedder
from embedder.finetuning.examples import Task
from embedder.joined import JoinedEmbedder
from embedder.joined_config import JoinedConfig
from tests.embedder.comparing.conftest import Benches

SMALL = 32


def usual(epochs: int = 2, side: int | None = None, **change: object) -> Design:
    base = design_of(("category",), "shape", epochs, side)
    settings = replace(
        base.settings,
        batches=replace(base.settings.batches, photos=16),
        goal=replace(base.settings.goal, dims=16),
    )
    wanted = replace(base, settings=settings, seeds=1, also=("tone",))
    return replace(wanted, **change)  # type: ignore[arg-type]


def quiet(_: str) -> None:
    pass


def value(result: CellResult, label: str = "category") -> float:
    (answers,) = result.answers.values()
    return float(np.nanmean(answers[label].values[MAP]))


def blocks(bench: Bench, method: str) -> np.ndarray:
    return bench.untrained(quiet).blocks(method, bench.material.asked())


def test_frozen_is_the_stored_aspect_and_colour_the_stored_palette(bench: Benches, tiny: Embedder) -> None:
    made = bench(usual())
    asked = made.material.asked()
    stored = made.material.examples.blocks[asked].astype(np.float32)
    np.testing.assert_array_equal(blocks(made, "frozen"), stored[:, tiny.layout.slices[0]])
    np.testing.assert_array_equal(blocks(made, "indexed"), stored[:, tiny.layout.slices[0]])
    np.testing.assert_array_equal(blocks(made, "colour"), stored[:, tiny.layout.slices[2]])


def test_max_pooling_and_random_weights_are_what_they_say(bench: Benches, tiny: Embedder) -> None:
    made = bench(usual())
    paths = [made.material.examples.paths[row] for row in made.material.asked().tolist()]
    photos = np.stack([tiny.prepare(path) for path in paths])
    size = tiny.config.preprocessing
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (size.mean, size.std))
    pictures = (torch.from_numpy(photos).permute(0, 3, 1, 2).float() / 255 - mean) / std
    with torch.inference_mode():
        maps = tiny.network.weights.model().forward_features(pictures)
        torch.manual_seed(7)
        untrained = build_model(tiny.config).eval().forward_features(pictures)
    for method, wanted in (("frozen-max", maps.amax((2, 3))), ("random", untrained.mean((2, 3)))):
        unit = torch.nn.functional.normalize(wanted, dim=1).numpy()
        np.testing.assert_allclose(blocks(made, method), unit, atol=1e-5)


def test_at_another_side_frozen_sees_smaller_photos_and_indexed_does_not(
    bench: Benches, tiny: Embedder
) -> None:
    made = bench(with_indexed(tiny, usual(side=SMALL)))
    assert made.design.untrained[-1] == "indexed"
    at_own = bench(usual())
    np.testing.assert_array_equal(blocks(made, "indexed"), blocks(at_own, "frozen"))
    small = blocks(made, "frozen")
    assert small.shape == blocks(at_own, "frozen").shape
    net: FeatureNet = tiny.network.build()
    row = int(made.material.asked()[0])
    photo = decode(made.material.examples.paths[row], (SMALL, SMALL))
    size = tiny.config.preprocessing
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (size.mean, size.std))
    picture = (torch.from_numpy(photo)[None].permute(0, 3, 1, 2).float() / 255 - mean) / std
    with torch.inference_mode():
        pooled = net(picture)[0].numpy()
    np.testing.assert_allclose(small[0], tiny.projections[0].apply(pooled)[0], atol=1e-5)


def test_a_head_finds_what_the_frozen_vectors_hide(bench: Benches, hidden: Shop) -> None:
    goal = replace(usual().settings.goal, labels=("kind",), dims=256)
    made = bench(usual(settings=replace(usual().settings, goal=goal), also=()), shop=hidden)
    frozen, colour = (value(made.run(Cell(name), quiet), "kind") for name in ("frozen", "colour"))
    fixed = made.run(Cell("fixed", 100.0, 7), quiet)
    assert value(fixed, "kind") > frozen + 0.03
    assert value(fixed, "kind") > colour + 0.03
    assert len(fixed.course) == 25
    assert fixed.course[fixed.best - 1].value == max(point.value for point in fixed.course)
    assert all(point.low <= point.value <= point.high for point in fixed.course)
    train, _, _ = made.material.held[7].rows()
    assert (fixed.photos, fixed.products) == (len(train), len(train) // 2)


def test_every_method_of_a_seed_is_asked_the_same_photos_of_all_labels(bench: Benches) -> None:
    made = bench(usual(epochs=1))
    shown = [
        made.run(cell, quiet) for cell in (Cell("frozen"), Cell("fixed", 100.0, 7), Cell("full", 50.0, 7))
    ]
    for label in ("category", "tone"):
        known = [~np.isnan(one.answers[7][label].values[MAP]) for one in shown]
        assert known[0].any()
        for other in known[1:]:
            np.testing.assert_array_equal(other, known[0])
    tone = made.material.also[0]
    rows = made.material.measured(7)
    assert (known[0] == (tone.targets[rows] >= 0)).all()


def test_answers_leave_out_the_photos_of_ones_own_group() -> None:
    blocks = np.asarray([[1, 0], [1, 0], [0.9, 0.1], [0, 1]], np.float32)
    task = Task("kind", ("a", "b"), np.asarray([0, 0, 0, 1]), 0, 0)
    found = ask(blocks, task, np.asarray([0, 0, 1, 2])).values
    np.testing.assert_array_equal(found["recall_at_1"], [1, 1, 1, np.nan])
    alone = ask(blocks, task, np.asarray([0, 0, 0, 1])).values
    assert np.isnan(alone["recall_at_1"]).all()


@pytest.mark.parametrize("method", ["partial", "full", "progressive", "scratch"])
def test_trainings_on_photos_move_what_they_should(bench: Benches, method: str) -> None:
    result = bench(usual(side=SMALL)).run(Cell(method, 100.0, 7), quiet)
    assert (len(result.course), result.dims) == (2, 16)
    assert result.seconds > 0
    assert 0.0 <= value(result) <= 1.0


def test_fewer_labels_are_learnt_from_and_the_same_photos_tested(bench: Benches) -> None:
    made = bench(usual())
    half, whole = (made.run(Cell("fixed", share, 7), quiet) for share in (50.0, 100.0))
    assert half.products < whole.products
    assert half.photos == 2 * half.products
    assert len(half.answers[7]["category"].values[MAP]) == len(whole.answers[7]["category"].values[MAP])


def test_a_training_that_is_killed_goes_on_to_the_same_result(bench: Benches, tmp_path: Path) -> None:
    cell = Cell("full", 100.0, 7)
    wanted = bench(usual(epochs=3, side=SMALL), tmp_path / "whole").run(cell, quiet)
    made = bench(usual(epochs=3, side=SMALL), tmp_path / "killed")

    def kill(text: str) -> None:
        if text.startswith("epoch 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.run(cell, kill)
    told: list[str] = []
    found = made.run(cell, told.append)
    assert [text.split(":")[0] for text in told if text.startswith("epoch")] == ["epoch 3 of 3"]
    for label in ("category", "tone"):
        np.testing.assert_array_equal(
            found.answers[7][label].values[MAP], wanted.answers[7][label].values[MAP]
        )
    assert [(p.value, p.low, p.high) for p in found.course] == [
        (p.value, p.low, p.high) for p in wanted.course
    ]
    assert not made.store.training(cell, made.digest(cell)).exists()


def test_a_training_stops_between_batches_when_the_time_is_over(bench: Benches) -> None:
    class Soon(Deadline):
        left = 8

        @property
        def over(self) -> bool:
            self.left -= 1
            return self.left < 0

    made = bench(usual(side=SMALL), deadline=Soon())
    with pytest.raises(OutOfTime):
        made.run(Cell("full", 100.0, 7), quiet)


def test_digests_tell_labels_and_splits_apart_but_not_runs(bench: Benches) -> None:
    cell = Cell("fixed", 100.0, 7)
    plain = bench(usual()).digest(cell)
    assert bench(usual(seeds=2, shares=(1.0, 100.0))).digest(cell) == plain
    assert bench(usual(also=())).digest(cell) != plain
    # More epochs on photos are nothing to a head on vectors, which has its own number of them.
    assert bench(usual(epochs=5)).digest(cell) == plain
    material = bench(usual(seeds=2)).material
    assert material.digest((7,)) != material.digest((8,))


def test_an_embedder_of_several_networks_is_compared_by_its_vectors_alone(tiny: Embedder) -> None:
    joined = JoinedEmbedder("two", JoinedConfig.of("ab", [tiny.config] * 2), [tiny, tiny], {})
    check_possible(joined, usual(methods=("colour", "frozen", "fixed")))
    with pytest.raises(UsageError, match="'two' is joined of several networks, so full cannot be compared"):
        check_possible(joined, usual(methods=("full",)))
    check_possible(tiny, usual())
