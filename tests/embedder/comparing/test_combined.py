"""What is made of finished trainings: of which, with which weights, fitted on which photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA

from data.errors import VitrineError
from embedder.comparing import combined
from embedder.comparing.answers import MAP, CellResult, Point
from embedder.comparing.averaging import average_into
from embedder.comparing.cell import Bench
from embedder.comparing.combined import Combination, beside, chosen, forget, projected
from embedder.comparing.grid import Cell
from embedder.embedder import Embedder
from embedder.finetuning.settings import Transfer
from embedder.joined import JoinedEmbedder
from embedder.joined_config import JoinedConfig
from embedder.projection import Projection
from embedder.soup import opened
from tests.embedder.comparing.conftest import Benches
from tests.embedder.comparing.test_cells import SMALL, quiet, usual

SOUP, JOINED = Cell("soup", 100.0, 7), Cell("joined", 100.0, 7)
PARTIAL, FULL, FIXED = (Cell(name, 100.0, 7) for name in ("partial", "full", "fixed"))
METHODS = ("fixed", "partial", "full", "soup", "joined")


def finished(bench: Bench, cell: Cell, members: Sequence[Cell]) -> Combination:
    """A combined cell after its members."""
    results = {member: bench.run(member, quiet) for member in members}
    return Combination.of(bench, cell, results, {member: bench.digest(member) for member in members})


def kept(bench: Bench, cell: Cell) -> dict[str, torch.Tensor]:
    state = bench.store.weights(cell, bench.digest(cell))
    assert state is not None
    return dict(state)


def told(cell: Cell, values: Sequence[float], best: int) -> CellResult:
    course = tuple(Point(i + 1, v, v, v, 1.0, 1.0) for i, v in enumerate(values))
    return CellResult(cell, 8, 1, 1, {}, course, best, 1.0)


def test_a_soup_is_the_mean_of_weights_and_of_heads_turned_onto_the_first(
    bench: Benches, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench(usual(side=SMALL, methods=METHODS))
    soup = finished(made, SOUP, (PARTIAL, FULL))
    shown: list[list[np.ndarray]] = []
    answers = Bench.answers

    def spy(of: Bench, blocks: list[np.ndarray], rows: np.ndarray) -> object:
        shown.append(blocks)
        return answers(of, blocks, rows)

    monkeypatch.setattr(Bench, "answers", spy)
    found = soup.run(quiet)
    assert found.members == ("partial", "full")
    assert found.seconds > sum(result.seconds for result in soup.members.values())
    assert (found.course, found.products) == ((), soup.members[FULL].products)
    one, other = kept(made, PARTIAL), kept(made, FULL)
    subject, rows = made.subject(PARTIAL, quiet), made.material.measured(7)
    subject.learner.load_state_dict(other)
    (alone,) = made.embedded(subject, rows)
    subject.learner.load_state_dict(averaged(one, other))
    (block,) = made.embedded(subject, rows)
    np.testing.assert_allclose(shown[0][0], block, atol=1e-4)
    assert np.abs(alone - block).max() > 1e-3


def averaged(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The mean of two states, the second one's head turned and scaled onto the first one's by SciPy."""
    ours, theirs = (state["heads.0.matrix"].double().numpy() for state in (one, other))
    turn, _ = orthogonal_procrustes(theirs, ours)
    turned = theirs @ turn * np.linalg.norm(ours) / np.linalg.norm(theirs)
    second = {**other, "heads.0.matrix": torch.from_numpy(turned)}
    return {
        name: ((tensor.double() + second[name].double()) / 2).to(tensor)
        if tensor.is_floating_point()
        else tensor
        for name, tensor in one.items()
    }


def test_a_soup_of_one_training_twice_is_that_training(bench: Benches) -> None:
    made = bench(usual(side=SMALL, epochs=1, methods=METHODS))
    result = made.run(FULL, quiet)
    subject = made.subject(FULL, quiet)
    state = kept(made, FULL)
    average_into(subject, {"a": state, "b": state}, Transfer("full"), made.material.measured(7))
    for name, tensor in subject.learner.state_dict().items():
        torch.testing.assert_close(tensor, state[name], msg=name)
    rows = made.material.measured(7)
    found = made.answers(made.embedded(subject, rows), rows)["category"].values[MAP]
    np.testing.assert_allclose(found, result.answers[7]["category"].values[MAP], atol=1e-5)


def test_statistics_that_moved_are_recomputed_for_the_average(bench: Benches) -> None:
    made = bench(usual(side=SMALL, epochs=1, methods=METHODS))
    subject = made.subject(FULL, quiet)
    one = {name: tensor.clone() for name, tensor in subject.learner.state_dict().items()}
    norm = next(name for name in one if name.endswith("running_mean"))
    rows = made.material.held[7].rows()[0][:16]
    average_into(subject, {"a": one, "b": one}, Transfer("full"), rows)
    torch.testing.assert_close(subject.learner.state_dict()[norm], one[norm])
    average_into(subject, {"a": one, "b": one}, Transfer("full", freeze_norm_statistics=False), rows)
    backbone = subject.learner.backbone
    assert backbone is not None
    size = made.base.config.preprocessing
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (size.mean, size.std))
    with torch.inference_mode():
        maps = backbone.conv1[0]((subject.feed.plain(rows).float() / 255 - mean) / std)
    assert norm.endswith("conv1.1.running_mean")
    torch.testing.assert_close(subject.learner.state_dict()[norm], maps.mean((0, 2, 3)), atol=1e-4, rtol=1e-3)


def test_the_cycle_ends_of_one_training_are_averaged_killed_or_not(bench: Benches, tmp_path: Path) -> None:
    cell = Cell("snapshots", 100.0, 7)
    wanted = usual(side=SMALL, epochs=3, methods=("snapshots",))
    whole = bench(wanted, tmp_path / "whole").run(cell, quiet)
    assert whole.members == ("epoch 1", "epoch 2", "epoch 3")
    assert len(whole.course) == 3
    made = bench(wanted, tmp_path / "killed")

    def kill(text: str) -> None:
        if text.startswith("epoch 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.run(cell, kill)
    found = made.run(cell, quiet)
    np.testing.assert_array_equal(
        found.answers[7]["category"].values[MAP], whole.answers[7]["category"].values[MAP]
    )
    assert made.store.weights(cell, made.digest(cell)) is None  # nothing is made of it


def test_the_best_on_validation_is_joined_whatever_the_test_photos_say() -> None:
    members = {
        FIXED: told(FIXED, [0.1, 0.5], 2),
        PARTIAL: told(PARTIAL, [0.7, 0.6], 1),
        FULL: told(FULL, [0.7], 1),
    }
    assert chosen(members) == PARTIAL
    assert chosen({FIXED: members[FIXED]}) == FIXED


def test_blocks_lie_side_by_side_as_in_a_joined_embedder(bench: Benches, tiny: Embedder) -> None:
    made = bench(usual(epochs=1, methods=METHODS))
    made.run(FULL, quiet)
    subject = made.subject(FULL, quiet)
    subject.learner.load_state_dict(kept(made, FULL))
    rows = made.material.measured(7)
    (learnt,) = made.embedded(subject, rows)
    tuned = opened("tuned", subject.contents(subject.learner, "", {}))
    config = JoinedConfig.of(["tiny", "tuned"], [tiny.config, tuned.config])
    joined = JoinedEmbedder("both", config, [tiny, tuned], {})
    photos = np.stack([joined.prepare(made.material.examples.paths[row]) for row in rows.tolist()])
    (block, *_) = joined.runtime.encode(photos)
    # What a shop stores is float16.
    np.testing.assert_allclose(beside(made.frozen(rows, quiet), learnt), block, atol=2e-3)


def test_components_are_those_of_the_training_photos_alone(
    bench: Benches, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bench(usual(side=SMALL, epochs=1, methods=METHODS))
    combination = finished(made, JOINED, (FIXED, FULL))
    fitted: list[np.ndarray] = []

    def spy(blocks: np.ndarray, dims: int) -> Projection:
        fitted.append(blocks)
        return projected(blocks, dims)

    monkeypatch.setattr(combined, "projected", spy)
    found = combination.run(quiet)
    best = chosen(combination.members)
    assert found.members == ("frozen", best.method)
    assert found.dims == 16
    assert found.seconds > combination.members[best].seconds
    train, _, _ = made.material.held[7].rows()
    (blocks,) = fitted
    width = made.frozen(train, quiet).shape[1]
    assert blocks.shape == (len(train), width + combination.members[best].dims)
    half = np.sqrt(0.5) * made.frozen(train, quiet)
    np.testing.assert_allclose(blocks[:, :width], half, atol=1e-3)
    assert not set(train.tolist()) & set(made.material.measured(7).tolist())


def test_projected_blocks_have_the_cosines_of_principal_components() -> None:
    blocks = np.random.default_rng(0).normal(size=(40, 12)).astype(np.float32)
    ours = projected(blocks, 5).apply(blocks)
    theirs = PCA(5).fit_transform(blocks)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-5)
    assert projected(blocks, 12).matrix is None
    assert projected(blocks[:4], 5).apply(blocks).shape == (40, 3)  # as many as four photos can tell


def test_what_it_is_made_of_names_the_result(bench: Benches) -> None:
    made = bench(usual(methods=METHODS))
    digests = {cell: made.digest(cell) for cell in (FIXED, PARTIAL, FULL)}
    results = {cell: told(cell, [0.5], 1) for cell in digests}

    def digest(cell: Cell, *members: Cell) -> str:
        return Combination.of(made, cell, {one: results[one] for one in members}, digests).digest

    names = [digest(SOUP, PARTIAL, FULL), digest(SOUP, PARTIAL), digest(JOINED, PARTIAL, FULL)]
    assert len({*names, digest(JOINED, FIXED, PARTIAL, FULL)}) == 4
    assert digest(SOUP, FIXED, FULL, PARTIAL) == names[0]  # a head on vectors is no part of a soup


def test_too_few_members_and_weights_that_are_gone_are_said(bench: Benches) -> None:
    made = bench(usual(side=SMALL, epochs=1, methods=METHODS))
    result = made.run(FULL, quiet)
    digests = {cell: made.digest(cell) for cell in (PARTIAL, FULL)}
    with pytest.raises(VitrineError, match="at least 2 of partial, full, progressive; finished: full"):
        Combination.of(made, SOUP, {FULL: result}, digests).run(quiet)
    results = {FULL: result, PARTIAL: told(PARTIAL, [0.5], 1)}
    with pytest.raises(VitrineError, match=r"partial at 100 %, seed 7 are not kept.*partial-100-seed7-"):
        Combination.of(made, SOUP, results, digests).run(quiet)


def test_weights_are_let_go_once_nothing_can_need_them(bench: Benches) -> None:
    some = bench(usual(methods=METHODS))
    every = bench(usual())
    cells = [*every.design.members(JOINED), SOUP, JOINED]
    results = {cell: told(cell, [0.5], 1) for cell in cells}
    for made, left in ((some, True), (every, False)):
        digests = {cell: made.digest(cell) for cell in made.design.members(JOINED)}
        made.store.keep_weights(FULL, digests[FULL], {"a": torch.zeros(2)})
        forget(made, JOINED, {cell: results[cell] for cell in cells if cell != SOUP}, digests)
        assert made.store.weights(FULL, digests[FULL]) is not None
        forget(made, JOINED, results, digests)
        assert (made.store.weights(FULL, digests[FULL]) is not None) is left


def test_weights_are_kept_only_for_what_is_made_of_them(bench: Benches) -> None:
    alone = bench(replace(usual(side=SMALL, epochs=1), methods=("full", "fixed")))
    alone.run(FULL, quiet)
    assert alone.store.weights(FULL, alone.digest(FULL)) is None
