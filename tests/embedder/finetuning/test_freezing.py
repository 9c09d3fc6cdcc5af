"""For every family and strategy: which parameters and statistics one real step moved, bit by bit."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from data.errors import UsageError
from embedder.finetuning.freezing import apply, keeps_statistics, learning_norms, learning_stages
from embedder.finetuning.optimisers import build_optimiser, parameter_groups
from embedder.finetuning.regularise import set_drop_path
from embedder.finetuning.settings import Optimisation, Transfer
from embedder.finetuning.stages import BATCH_NORMS, Stages, stages_of
from tests.embedder.finetuning.families import FAMILIES, TINY, Family

EPOCHS = 8


@dataclass
class Built:
    family: Family
    model: nn.Module
    stages: Stages
    start: dict[str, Tensor]


@dataclass(frozen=True)
class Case:
    """A strategy in an epoch counted from 0, and how many stages from the top learn (None: all)."""

    transfer: Transfer
    epoch: int
    top: int | None


CASES = {
    "fixed": Case(Transfer("fixed"), 5, 0),
    "partial": Case(Transfer("partial", frozen_stages=2), 5, -2),
    "partial, statistics learn": Case(
        Transfer("partial", frozen_stages=2, freeze_norm_statistics=False), 5, -2
    ),
    "full": Case(Transfer("full"), 1, None),
    "full, statistics learn": Case(Transfer("full", freeze_norm_statistics=False), 1, None),
    "full, first epoch": Case(Transfer("full", freeze_norm_statistics=False), 0, 0),
    "progressive": Case(Transfer("progressive", unfreeze_every=2, freeze_norm_statistics=False), 3, 2),
    "scratch": Case(Transfer("scratch"), 0, None),
}


@pytest.fixture(scope="module", params=FAMILIES, ids=lambda family: family.architecture)
def built(request: pytest.FixtureRequest) -> Built:
    family: Family = request.param
    model = family.build()
    return Built(family, model, stages_of(model), {k: v.clone() for k, v in model.state_dict().items()})


def _one_step(model: nn.Module, stages: Stages, family: Family, case: Case) -> set[str]:
    """One step with a new head; names of what has moved, the head's with ``new.``."""
    transfer = case.transfer
    photos = family.photos()
    with torch.inference_mode():
        width = model.eval()(photos[:1]).shape[1]
    head = nn.Linear(width, 4)
    optimisation = Optimisation(rate=1e-2, weight_decay=0.1)
    groups = parameter_groups(model, stages, head.named_parameters(), transfer, optimisation)
    optimiser = build_optimiser(groups, optimisation)
    new = {f"new.{name}": parameter for name, parameter in head.named_parameters()}
    before = {k: v.clone() for k, v in {**model.state_dict(), **new}.items()}
    model.train()
    apply(model, stages, learning_stages(transfer, stages, case.epoch, EPOCHS), keeps_statistics(transfer))
    nn.functional.cross_entropy(head(model(photos)), torch.tensor([0, 1, 3])).backward()
    optimiser.step()
    return {k for k, v in {**model.state_dict(), **new}.items() if not torch.equal(v, before[k])}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_exactly_the_learning_stages_move(built: Built, case: Case) -> None:
    family, model = built.family, built.model
    model.load_state_dict(built.start)
    moved = _one_step(model, built.stages, family, case)

    count = len(family.stages)
    lowest = 0 if case.top is None else -case.top if case.top < 0 else count - case.top
    parameters = {name for name, _ in model.named_parameters() if family.stage_of(name) >= lowest}
    statistics = {
        f"{name}.{kind}"
        for name, module in model.named_modules()
        if isinstance(module, BATCH_NORMS) and family.stage_of(f"{name}.") >= lowest
        for kind in ("running_mean", "running_var", "num_batches_tracked")
    }
    if case.transfer.strategy != "scratch" and case.transfer.freeze_norm_statistics:
        statistics = set()
    assert moved == parameters | statistics | {"new.weight", "new.bias"}


def _tiny() -> tuple[nn.Module, Stages]:
    model = TINY.build()
    return model, stages_of(model)


@pytest.mark.parametrize(
    ("transfer", "opened"),
    [
        (Transfer("fixed"), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        (Transfer("partial"), [0, 3, 3, 3, 3, 3, 3, 3, 3, 3]),
        (Transfer("partial", frozen_stages=4, head_epochs=0), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
        (Transfer("full", head_epochs=2), [0, 0, 5, 5, 5, 5, 5, 5, 5, 5]),
        (Transfer("progressive"), [0, 1, 2, 3, 4, 5, 5, 5, 5, 5]),
        (Transfer("progressive", head_epochs=0), [1, 1, 2, 3, 4, 5, 5, 5, 5, 5]),
        (Transfer("progressive", head_epochs=6), [0, 0, 0, 0, 0, 0, 5, 5, 5, 5]),
        (Transfer("progressive", unfreeze_every=3), [0, 1, 1, 1, 2, 2, 2, 3, 3, 3]),
        (Transfer("scratch", head_epochs=3), [5, 5, 5, 5, 5, 5, 5, 5, 5, 5]),
    ],
)
def test_how_many_stages_learn_in_each_of_ten_epochs(transfer: Transfer, opened: list[int]) -> None:
    _, stages = _tiny()
    found = [learning_stages(transfer, stages, epoch, 10) for epoch in range(10)]
    assert found == [frozenset(range(5 - n, 5)) for n in opened]


def test_a_strategy_that_could_teach_the_backbone_nothing_is_refused() -> None:
    _, stages = _tiny()
    with pytest.raises(UsageError, match="has 5 stages; with 5 of them frozen"):
        learning_stages(Transfer("partial", frozen_stages=5), stages, 0, 10)
    with pytest.raises(UsageError, match="the run has 2 epochs and the first 2 train the new layers alone"):
        learning_stages(Transfer("full", head_epochs=2), stages, 0, 2)
    assert learning_stages(Transfer("fixed", head_epochs=2), stages, 0, 2) == frozenset()


def test_a_stage_frozen_again_loses_its_gradients() -> None:
    """A gradient left behind would let the optimiser go on moving the stage."""
    model, stages = _tiny()
    model.train()
    apply(model, stages, {3, 4}, True)
    model(TINY.photos()).sum().backward()
    apply(model, stages, {4}, True)
    kept = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert kept == set(stages.parameters_of(4))


def test_frozen_stages_have_no_stochastic_depth() -> None:
    model, stages = _tiny()
    assert set_drop_path(model, 0.5) == 4
    model.train()
    apply(model, stages, {3, 4}, False)
    modes = [getattr(model, f"layer{i}")[0].drop_path for i in range(1, 5)]
    assert [bool(mode.training) for mode in modes[1:]] == [False, True, True]
    frozen = nn.Sequential(model.conv1, model.bn1, model.act1, model.maxpool, model.layer1, model.layer2)
    photos = TINY.photos()
    torch.testing.assert_close(frozen(photos), frozen(photos), rtol=0, atol=0)


def test_the_norms_that_learn_are_named() -> None:
    model, stages = _tiny()
    model.train()
    apply(model, stages, {4}, False)
    assert learning_norms(model) == {n for n in stages.stage_of_module if n.startswith("layer4.")}
    apply(model, stages, {4}, True)
    assert learning_norms(model) == frozenset()
    assert keeps_statistics(Transfer("full"))
    assert not keeps_statistics(Transfer("scratch"))
