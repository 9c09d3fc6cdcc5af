"""Stages against the table written by hand, and against the order in which the networks really compute."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
from torch import nn

from data.errors import UsageError
from embedder.finetuning.stages import NORMS, module_stages, stages_of
from tests.embedder.finetuning.families import FAMILIES, Family


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.architecture)
def test_every_parameter_and_norm_has_the_stage_of_the_table_in_the_order_of_computation(
    family: Family,
) -> None:
    model = family.build()
    stages = stages_of(model)
    assert stages.count == len(family.stages)
    names = [name for name, _ in model.named_parameters()]
    assert stages.stage_of_parameter == {name: family.stage_of(name) for name in names}
    norms = [name for name, module in model.named_modules() if isinstance(module, NORMS)]
    assert stages.stage_of_module == {name: family.stage_of(f"{name}.") for name in norms}
    assert [name for stage in range(stages.count) for name in stages.parameters_of(stage)] == names

    seen = _computed(model, family)
    assert len(seen) >= 8
    assert seen == sorted(seen)


def _computed(model: nn.Module, family: Family) -> list[int]:
    """The stages of all layers with parameters, in the order in which they are called."""
    place, seen = module_stages(model), []

    def noted(name: str) -> Any:
        return lambda *_: seen.append(place[name])

    for name, module in model.named_modules():
        if list(module.parameters(recurse=False)):
            module.register_forward_pre_hook(noted(name))
    with torch.inference_mode():
        model.eval()(family.photos(1))
    return seen


def test_vgg_with_its_wide_head_has_one_more_stage() -> None:
    with torch.device("meta"):
        model = timm.create_model("vgg11_bn", num_classes=0)
    stages = stages_of(model)
    assert stages.count == 6
    assert all(name.startswith("pre_logits.") for name in stages.parameters_of(5))
    assert stages.parameters_of(0) == [f"features.{i}.{kind}" for i in (0, 1) for kind in ("weight", "bias")]


@pytest.mark.parametrize("architecture", ["resnetv2_50", "regnety_002", "densenet121", "nf_resnet26"])
def test_other_families_have_a_stage_for_everything_too(architecture: str) -> None:
    with torch.device("meta"):
        model = timm.create_model(architecture, num_classes=0)
    stages = stages_of(model)
    assert stages.count == len(model.feature_info)
    assert all(stages.parameters_of(stage) for stage in range(stages.count))
    order = list(stages.stage_of_parameter.values())
    assert order == sorted(order)


def test_a_network_that_does_not_tell_its_stages_is_refused() -> None:
    with pytest.raises(UsageError, match="Sequential does not tell its stages"):
        stages_of(nn.Sequential(nn.Conv2d(3, 3, 1)))


def test_feature_info_that_does_not_fit_is_refused() -> None:
    model = timm.create_model("test_resnet", num_classes=0)
    told = model.feature_info
    model.feature_info = [*told, {"module": "layer9"}]
    with pytest.raises(UsageError, match="'layer9' that it does not have"):
        stages_of(model)
    model.feature_info = told[::-1]
    with pytest.raises(UsageError, match="order"):
        stages_of(model)
