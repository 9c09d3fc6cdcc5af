"""Every objective separates classes, agrees with its formula, and survives a shop's odd batches."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from data.errors import UsageError
from embedder.finetuning.objectives import PAIRWISE, Objective, build_objective
from embedder.finetuning.settings import OBJECTIVES, Goal

CLASSES, DIMS = 3, 8


def unit(rows: Tensor) -> Tensor:
    return functional.normalize(rows, dim=1)


def photos(n: int = 24, spread: float = 1.2) -> tuple[Tensor, Tensor]:
    """Features (n, 16) of three overlapping classes, and their numbers."""
    draw = torch.Generator().manual_seed(5)
    targets = torch.arange(n) % CLASSES
    centres = torch.randn(CLASSES, 16, generator=draw)
    return centres[targets] + spread * torch.randn(n, 16, generator=draw), targets


def separation(embedded: Tensor, targets: Tensor) -> float:
    """Mean cosine within classes less that between them."""
    cosines, same = embedded @ embedded.T, targets[:, None] == targets[None, :]
    same.fill_diagonal_(False)
    other = targets[:, None] != targets[None, :]
    return float(cosines[same].mean() - cosines[other].mean())


def goal(objective: str, **given: object) -> Goal:
    return replace(Goal(objective=objective), **given)  # type: ignore[arg-type]


def built(chosen: Goal, classes: int = CLASSES, weights: Tensor | None = None) -> Objective:
    torch.manual_seed(3)
    return build_objective(chosen, classes, DIMS, weights)


@pytest.mark.parametrize("memory", [0, 48])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_learning_lowers_the_loss_and_separates_the_classes(name: str, memory: int) -> None:
    if memory and name not in PAIRWISE:
        return
    features, targets = photos()
    objective = built(goal(name, memory=memory))
    network = nn.Linear(16, DIMS)
    rate = torch.optim.AdamW([*network.parameters(), *objective.parameters()], lr=0.03)
    before = separation(unit(network(features)).detach(), targets)
    losses = []
    for _ in range(40):
        loss = objective(unit(network(features)), targets)
        rate.zero_grad()
        torch.autograd.backward(loss)
        rate.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    assert separation(unit(network(features)).detach(), targets) > before + 0.2


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_says_whether_it_compares_photos(name: str) -> None:
    objective = built(goal(name))
    assert objective.pairwise is (name in PAIRWISE)
    assert bool(list(objective.parameters())) is (name not in PAIRWISE)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_same_seed_draws_the_same_parameters(name: str) -> None:
    first, again = built(goal(name)).state_dict(), built(goal(name)).state_dict()
    assert first.keys() == again.keys()
    assert all(torch.equal(first[key], again[key]) for key in first)


def test_normalised_softmax_is_the_closed_formula() -> None:
    embedded, targets = unit(torch.randn(5, DIMS)), torch.tensor([0, 2, 1, 1, 0])
    objective = built(goal("normalised-softmax", temperature=0.1))
    (directions,) = (p.detach().double().numpy() for p in objective.parameters())
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    total = 0.0
    for photo, target in zip(embedded.double().numpy(), targets.tolist(), strict=True):
        scores = [math.exp(float(photo @ direction) / 0.1) for direction in directions]
        total -= math.log(scores[target] / sum(scores))
    assert float(objective(embedded, targets).detach()) == pytest.approx(total / 5, rel=1e-5)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("name", ["normalised-softmax", "cross-entropy"])
def test_smoothing_and_class_weights_are_torchs(name: str, soft: bool) -> None:
    embedded, numbers = unit(torch.randn(6, DIMS)), torch.tensor([0, 2, 1, 1, 0, 2])
    shares = torch.softmax(torch.randn(6, CLASSES), dim=1)
    targets = shares if soft else numbers
    weights = torch.tensor([0.5, 1.0, 2.0])
    objective = built(goal(name, label_smoothing=0.1, temperature=0.2), weights=weights)
    parameters = dict(objective.named_parameters())
    if name == "cross-entropy":
        logits = functional.linear(
            embedded / 0.2, parameters["classifier.weight"], parameters["classifier.bias"]
        )
    else:
        logits = embedded @ unit(parameters["directions"]).T / 0.2
    expected = functional.cross_entropy(logits, targets, weight=weights, label_smoothing=0.1)
    torch.testing.assert_close(objective(embedded, targets), expected)


def test_a_photo_half_of_which_has_no_label_counts_half() -> None:
    embedded = unit(torch.randn(1, DIMS))
    objective = built(goal("normalised-softmax", label_smoothing=0.2))
    whole = objective(embedded, torch.tensor([[0.0, 1.0, 0.0]]))
    half = objective(embedded, torch.tensor([[0.0, 0.5, 0.0]]))
    torch.testing.assert_close(half, whole / 2)


@pytest.mark.parametrize("name", ["arcface", "proxy-anchor", *PAIRWISE])
def test_weights_let_rare_classes_pull_harder(name: str) -> None:
    features, targets = photos(12, spread=4.0)
    embedded = unit(features[:, :DIMS]).requires_grad_()
    gradients = []
    for weights in (None, torch.tensor([1.0, 1.0, 1.0]), torch.tensor([1.0, 1.0, 5.0])):
        (found,) = torch.autograd.grad(built(goal(name), weights=weights)(embedded, targets), embedded)
        gradients.append(found[targets == 2].norm())
    assert gradients[2] > 1.3 * gradients[1] > 0
    assert gradients[0] > 0


@pytest.mark.parametrize("memory", [0, 16])
@pytest.mark.parametrize("name", PAIRWISE)
@pytest.mark.parametrize("targets", [[0, 1, 2, 3], [0], []])
def test_a_batch_without_a_pair_teaches_nothing(name: str, memory: int, targets: list[int]) -> None:
    embedded = unit(torch.randn(len(targets), DIMS)).requires_grad_()
    loss = built(goal(name, memory=memory), classes=4)(embedded, torch.tensor(targets, dtype=torch.int64))
    torch.autograd.backward(loss)
    assert float(loss.detach()) == 0.0
    assert embedded.grad is not None
    assert not embedded.grad.any()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_empty_batch_gives_every_parameter_a_gradient_of_zero(name: str) -> None:
    objective = built(goal(name))
    embedded = torch.zeros(0, DIMS, requires_grad=True)
    torch.autograd.backward(objective(embedded, torch.zeros(0, dtype=torch.int64)))
    assert all(p.grad is not None and not p.grad.any() for p in objective.parameters())


@pytest.mark.parametrize("name", OBJECTIVES)
def test_identical_photos_keep_the_gradient_finite(name: str) -> None:
    embedded = unit(torch.ones(6, DIMS)).requires_grad_()
    loss = built(goal(name))(embedded, torch.tensor([0, 0, 1, 1, 2, 2]))
    (gradient,) = torch.autograd.grad(loss, embedded)
    assert torch.isfinite(loss)
    assert torch.isfinite(gradient).all()


def test_arcface_keeps_a_finite_gradient_on_its_own_direction() -> None:
    objective = built(goal("arcface"))
    (directions,) = objective.parameters()
    with torch.no_grad():
        directions.copy_(torch.eye(DIMS)[:, :CLASSES])  # so that cosines are 1 to the last digit
    embedded = torch.eye(DIMS)[:CLASSES].requires_grad_()
    torch.autograd.backward(objective(embedded, torch.arange(CLASSES)))
    assert embedded.grad is not None
    assert torch.isfinite(embedded.grad).all()
    assert directions.grad is not None
    assert torch.isfinite(directions.grad).all()


def test_arcface_is_the_closed_formula() -> None:
    embedded, targets = unit(torch.randn(4, DIMS)), torch.tensor([0, 2, 1, 1])
    objective = built(goal("arcface", margin=20.0, temperature=0.1))
    (directions,) = (unit(p.detach().T) for p in objective.parameters())
    cosines = embedded @ directions.T
    for row, target in enumerate(targets.tolist()):
        cosines[row, target] = math.cos(math.acos(float(cosines[row, target])) + math.radians(20))
    expected = functional.cross_entropy(cosines / 0.1, targets)
    torch.testing.assert_close(objective(embedded, targets).detach(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_mixed_precision_changes_neither_loss_nor_parameters(name: str) -> None:
    features, targets = photos()
    embedded = unit(features[:, :DIMS])
    objective = built(goal(name))
    expected = objective(embedded, targets)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = objective(embedded, targets)
    torch.testing.assert_close(found, expected)
    objective(embedded.bfloat16(), targets)
    assert all(p.dtype is torch.float32 for p in objective.parameters())


@pytest.mark.parametrize("name", PAIRWISE)
def test_a_memory_goes_on_where_its_state_was_kept(name: str) -> None:
    features, targets = photos(40)
    batches = [(unit(features[i : i + 10, :DIMS]), targets[i : i + 10]) for i in range(0, 40, 10)]
    chosen = goal(name, memory=16)
    unbroken, before, after = (build_objective(chosen, CLASSES, DIMS, None) for _ in range(3))
    whole = [float(unbroken(*batch)) for batch in batches]
    first = [float(before(*batch)) for batch in batches[:2]]
    kept = io.BytesIO()
    torch.save(before.state_dict(), kept)
    kept.seek(0)
    after.load_state_dict(torch.load(kept, weights_only=True))
    assert first + [float(after(*batch)) for batch in batches[2:]] == whole


def test_a_memory_keeps_its_buffers_so_that_processes_can_share_them() -> None:
    objective = built(goal("supervised-contrastive", memory=8))
    before = dict(objective.named_buffers())
    for _ in range(3):
        objective(unit(torch.randn(6, DIMS)), torch.arange(6) % 3)
    after = dict(objective.named_buffers())
    assert objective.state_dict().keys() >= after.keys()
    assert all(after[name] is buffer for name, buffer in before.items())
    assert after["place"].tolist() == [18 % 8, 1]


def test_a_memory_finds_the_pair_that_a_batch_lacks() -> None:
    objective = built(goal("supervised-contrastive", memory=8), classes=4)
    first, second = unit(torch.randn(2, DIMS)), unit(torch.randn(2, DIMS))
    assert float(objective(first, torch.tensor([0, 1]))) == 0.0
    assert float(objective(second, torch.tensor([0, 1]))) > 0.0


def test_a_single_photo_is_not_its_own_pair() -> None:
    objective = built(goal("supervised-contrastive", memory=8), classes=4)
    objective(unit(torch.randn(4, DIMS)), torch.tensor([0, 1, 2, 0]))
    assert float(objective(unit(torch.randn(1, DIMS)), torch.tensor([3]))) == 0.0


def test_a_memory_is_left_alone_while_evaluating() -> None:
    objective = built(goal("supervised-contrastive", memory=8)).eval()
    before = {key: value.clone() for key, value in objective.state_dict().items()}
    objective(unit(torch.randn(4, DIMS)), torch.tensor([0, 0, 1, 1]))
    assert all(torch.equal(value, before[key]) for key, value in objective.state_dict().items())


def test_a_memory_smaller_than_a_batch_is_refused() -> None:
    with pytest.raises(UsageError, match="memory of 4 photos is smaller than a batch of 6"):
        built(goal("multi-similarity", memory=4))(unit(torch.randn(6, DIMS)), torch.arange(6) % 3)


@pytest.mark.parametrize(
    ("chosen", "classes", "told"),
    [
        (goal("cross-entropy"), 1, "one class"),
        (goal("cross-entropy", memory=64), 3, "remembers none"),
        (goal("normalised-softmax", margin=0.1), 3, "has no margin"),
        (goal("arcface", margin=120.0), 3, "below 90 degrees"),
        (goal("proxy-anchor", margin=-0.1), 3, "from 0 to below 1"),
    ],
)
def test_what_cannot_work_is_refused_with_a_reason(chosen: Goal, classes: int, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        build_objective(chosen, classes, DIMS, None)


def test_weights_of_other_classes_are_refused() -> None:
    with pytest.raises(UsageError, match="need so many weights"):
        build_objective(Goal(), 3, DIMS, torch.ones(2))
