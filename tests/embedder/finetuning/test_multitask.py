"""Several labels at once: gaps, weights, and the formula of learnt uncertainty."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from data.errors import UsageError
from embedder.finetuning.multitask import MultiTask
from embedder.finetuning.objectives import Objective, build_objective
from embedder.finetuning.settings import Goal

DIMS = 4


class Mean(Objective):
    """The mean of the targets as a loss, so that a test can see who was counted."""

    def loss(self, embedded: Tensor, targets: Tensor) -> Tensor:
        return targets.float().mean() + 0.0 * embedded.sum()


def embedded(n: int) -> Tensor:
    return torch.nn.functional.normalize(torch.randn(n, DIMS), dim=1)


def both(n: int) -> dict[str, Tensor]:
    rows = embedded(n)
    return {"category": rows, "colour": rows}


def test_fixed_weights_give_the_mean_over_labels() -> None:
    tasks = MultiTask({"category": Mean(), "colour": Mean()})
    found = tasks(both(2), {"category": torch.tensor([1, 3]), "colour": torch.tensor([6, 8])})
    assert {label: float(loss) for label, loss in found.of_label.items()} == {"category": 2.0, "colour": 7.0}
    assert float(found.total) == 4.5
    assert tasks.weights == {"category": 1.0, "colour": 1.0}


def test_a_photo_without_a_value_is_left_out_of_that_label_only() -> None:
    tasks = MultiTask({"category": Mean(), "colour": Mean()})
    found = tasks(both(2), {"category": torch.tensor([-1, 3]), "colour": torch.tensor([6, 8])})
    assert float(found.of_label["category"]) == 3.0
    assert float(found.of_label["colour"]) == 7.0


def test_blended_photos_without_a_value_are_left_out_too() -> None:
    torch.manual_seed(0)
    tasks = MultiTask({"category": build_objective(Goal(), 3, DIMS)})
    rows = embedded(3)
    shares = torch.tensor([[0.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    torch.testing.assert_close(
        tasks({"category": rows}, {"category": shares}).total,
        tasks({"category": rows[1:]}, {"category": shares[1:]}).total,
    )


def test_learnt_weights_follow_kendalls_formula() -> None:
    tasks = MultiTask({"category": Mean(), "colour": Mean()}, "learnt")
    assert tasks.log_variances is not None
    with torch.no_grad():
        tasks.log_variances.copy_(torch.tensor([1.0, -0.5]))
    found = tasks(both(2), {"category": torch.tensor([1, 3]), "colour": torch.tensor([6, 8])})
    expected = (math.exp(-1.0) * 2 + 0.5 + math.exp(0.5) * 7 - 0.25) / 2
    assert float(found.total.detach()) == pytest.approx(expected, rel=1e-6)
    assert tasks.weights == pytest.approx({"category": math.exp(-1.0), "colour": math.exp(0.5)})


def test_learnt_weights_settle_where_each_label_is_worth_as_much() -> None:
    """The least of exp(-s) L + s / 2 lies at exp(-s) = 1 / (2 L)."""
    tasks = MultiTask({"category": Mean(), "colour": Mean()}, "learnt")
    rate = torch.optim.Adam(tasks.parameters(), lr=0.05)
    for _ in range(300):
        rate.zero_grad()
        total = tasks(both(1), {"category": torch.tensor([2]), "colour": torch.tensor([8])}).total
        torch.autograd.backward(total)
        rate.step()
    assert tasks.weights == pytest.approx({"category": 1 / 4, "colour": 1 / 16}, rel=0.02)


def test_a_label_that_no_photo_has_keeps_its_weight() -> None:
    tasks = MultiTask({"category": Mean(), "colour": Mean()}, "learnt")
    none = torch.tensor([-1, -1])
    found = tasks(both(2), {"category": torch.tensor([1, 3]), "colour": none})
    torch.autograd.backward(found.total)
    assert set(found.of_label) == {"category"}
    assert tasks.log_variances is not None
    assert tasks.log_variances.grad is not None
    assert tasks.log_variances.grad[0] != 0.0
    assert tasks.log_variances.grad[1] == 0.0


def test_no_photo_with_any_value_gives_a_loss_of_zero_that_can_go_back() -> None:
    tasks = MultiTask({"category": build_objective(Goal(), 3, DIMS)}, "learnt")
    found = tasks({"category": embedded(2)}, {"category": torch.tensor([-1, -1])})
    torch.autograd.backward(found.total)
    assert float(found.total.detach()) == 0.0
    assert all(p.grad is not None and not p.grad.any() for p in tasks.parameters())


def test_every_label_sees_its_own_aspect() -> None:
    torch.manual_seed(0)
    tasks = MultiTask({"category": build_objective(Goal(), 3, 4), "colour": build_objective(Goal(), 5, 2)})
    rows = {"category": torch.eye(4)[:2], "colour": torch.eye(2)}
    targets = {"category": torch.tensor([0, 2]), "colour": torch.tensor([4, 1])}
    found = tasks(rows, targets)
    for label, objective in zip(tasks.labels, tasks.objectives, strict=True):
        torch.testing.assert_close(
            found.of_label[label], objective(rows[label], targets[label]), check_dtype=False
        )


def test_a_label_may_be_called_what_a_module_may_not() -> None:
    tasks = MultiTask({"care.label": Mean(), "training": Mean(), "keys": Mean()})
    assert tasks.labels == ("care.label", "training", "keys")


@pytest.mark.parametrize("name", ["normalised-softmax", "triplet-hard"])
def test_it_is_pairwise_where_one_objective_is(name: str) -> None:
    parts = {"a": build_objective(Goal(), 3, DIMS), "b": build_objective(Goal(objective=name), 3, DIMS)}
    assert MultiTask(parts).pairwise is (name == "triplet-hard")


def test_nothing_to_learn_and_unknown_weights_are_refused() -> None:
    with pytest.raises(UsageError, match="at least one label"):
        MultiTask({})
    with pytest.raises(UsageError, match="fixed or learnt"):
        MultiTask({"a": Mean()}, "guessed")
