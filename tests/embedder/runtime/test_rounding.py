"""Rounding to bfloat16: neighbours are right, the choice is near the best there is, and a network gains by
it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from embedder.runtime.graph import probe_photos
from embedder.runtime.quiet import openvino
from embedder.runtime.rounding import best_rounding, neighbours, round_weights


def test_neighbours_enclose_a_value_and_are_its_own_where_it_is_exact() -> None:
    values = np.random.default_rng(0).normal(size=500).astype(np.float32)
    below, above = neighbours(values)
    assert (np.abs(below) <= np.abs(values)).all()
    assert (np.abs(values) <= np.abs(above)).all()
    for side in (below, above):
        np.testing.assert_array_equal(torch.from_numpy(side).bfloat16().float().numpy(), side)
    exact = np.array([0.0, 1.0, -2.5, 0.15625], np.float32)
    np.testing.assert_array_equal(neighbours(exact), (exact, exact))


def error_of(weights: np.ndarray, biases: np.ndarray, done: tuple, moment: np.ndarray) -> np.ndarray:
    """Mean square of each filter's output error."""
    wrong = np.concatenate([done[0] - weights, (done[1] - biases)[:, None]], 1).astype(np.float64)
    return np.einsum("oi,ij,oj->o", wrong, moment, wrong)


def test_the_choice_is_close_to_the_best_of_all() -> None:
    draw = np.random.default_rng(1)
    weights, biases = draw.normal(size=(20, 7)).astype(np.float32), draw.normal(size=20).astype(np.float32)
    inputs = np.concatenate([draw.gamma(2.0, 1.0, (7, 300)), np.ones((1, 300))])
    moment = (inputs @ inputs.T / 300).astype(np.float32)
    chosen = error_of(weights, biases, best_rounding(weights, biases, moment), moment)
    nearest = [torch.from_numpy(a).bfloat16().float().numpy() for a in (weights, biases)]
    plain = error_of(weights, biases, (nearest[0], nearest[1]), moment)
    below, above = neighbours(np.concatenate([weights, biases[:, None]], 1))
    best = np.full(20, np.inf)
    for ups in itertools.product([False, True], repeat=8):
        taken = np.where(ups, above, below)
        best = np.minimum(best, error_of(weights, biases, (taken[:, :7], taken[:, 7]), moment))
    assert (chosen <= plain + 1e-12).all()
    assert chosen.mean() < 0.5 * plain.mean()
    assert chosen.mean() < 3 * best.mean()


def test_without_a_bias_only_weights_are_chosen_and_one_moment_per_filter_is_obeyed() -> None:
    draw = np.random.default_rng(2)
    weights = draw.normal(size=(3, 4)).astype(np.float32)
    inputs = np.concatenate([draw.gamma(2.0, 1.0, (3, 4, 50)), np.ones((3, 1, 50))], 1)
    moments = (inputs @ inputs.transpose(0, 2, 1) / 50).astype(np.float32)
    done, bias = best_rounding(weights, None, moments)
    assert bias is None
    for i in range(3):
        alone, _ = best_rounding(weights[i : i + 1], None, moments[i])
        np.testing.assert_array_equal(alone[0], done[i])


@pytest.mark.parametrize("bias", [True, False])
def test_a_network_of_rounded_weights_is_nearer_to_the_exact_one(bias: bool) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1, bias=bias), nn.ReLU(),
        nn.Conv2d(16, 16, 3, 1, 1, groups=16, bias=bias), nn.ReLU(),
        nn.Conv2d(16, 32, 1, bias=bias), nn.ReLU(),
        nn.Conv2d(32, 24, 3, 1, (1, 1), bias=bias), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    ).eval()  # fmt: skip
    ov = openvino()
    from openvino.preprocess import PrePostProcessor

    model = ov.convert_model(net, example_input=torch.zeros(1, 3, 32, 32), input=[-1, 3, 32, 32])
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale([255.0] * 3)
    model = steps.build()

    def outputs(graph: object) -> np.ndarray:
        compiled = ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return np.array(compiled(probe_photos(32, 32))[0])

    def nearest(graph: object) -> object:
        from openvino import opset13

        copy = graph.clone()  # type: ignore[attr-defined]
        for node in copy.get_ordered_ops():
            if node.get_type_name() not in ("Convolution", "GroupConvolution", "Add"):
                continue
            source = node.input(1).get_source_output().get_node()
            if source.get_type_name() == "Constant":
                plain = torch.from_numpy(source.data.copy()).bfloat16().float().numpy()
                node.input(1).replace_source_output(opset13.constant(plain).output(0))
        return copy

    exact = outputs(model)
    rounded = round_weights(model, probe_photos(32, 32, seed=1))
    held = [
        node.input(1).get_source_output().get_node().data
        for node in rounded.get_ordered_ops()
        if node.get_type_name() in ("Convolution", "GroupConvolution")
    ]
    assert len(held) == 4
    for value in held:
        np.testing.assert_array_equal(torch.from_numpy(value.copy()).bfloat16().float().numpy(), value)
    ours = np.abs(outputs(rounded) - exact).mean()
    assert ours < 0.8 * np.abs(outputs(nearest(model)) - exact).mean()
