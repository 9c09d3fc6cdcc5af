"""What a network costs: counted, and measured in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from embedder.colour import Palette
from embedder.comparing.costs import Cost, Opening, network_cost, palette_cost, together, vector_bytes
from embedder.comparing.inference import Inference
from embedder.embedder import Embedder
from embedder.palettes import grid


def test_a_network_is_counted_and_measured(tiny: Embedder, folder: Path) -> None:
    cost = network_cost(tiny, Opening(str(folder), None, "torch", 0.01), None)
    model = tiny.network.weights.model()
    assert cost.parameters == sum(p.numel() for p in model.parameters())
    assert cost.side == 64
    assert cost.inference is not None, cost.why
    assert cost.inference.images_per_second > 0
    assert cost.inference.runtime == "torch-cpu"
    if sys.platform == "linux":
        assert cost.inference.peak_bytes is not None
        assert cost.inference.peak_bytes > 50e6


def test_a_convolution_has_a_quarter_of_its_work_at_half_the_side(tiny: Embedder) -> None:
    from embedder.comparing.costs import _counted

    whole, half = (_counted(tiny, (side, side))[0] for side in (64, 32))
    assert whole == pytest.approx(4 * half)
    first = next(m for m in tiny.network.weights.model().modules() if type(m).__name__ == "Conv2d")
    stride = first.stride[0]
    alone = first.weight.numel() * (64 // stride) ** 2
    assert whole > alone > 0


def test_an_embedder_that_cannot_be_opened_there_is_said_and_still_counted(tiny: Embedder) -> None:
    cost = network_cost(tiny, Opening("/nowhere/at/all", None, "torch", 0.01), None)
    assert cost.inference is None
    assert "there is no folder /nowhere/at/all" in cost.why
    assert cost.gmacs > 0


def test_colours_cost_no_network() -> None:
    cost = palette_cost(Palette(grid()), 32, 0.0)
    assert (cost.gmacs, cost.parameters) == (0.0, 0)
    assert cost.inference is not None


def test_a_cost_comes_back_from_json() -> None:
    from dataclasses import asdict

    cost = palette_cost(Palette(grid()), 32, 0.0)
    assert Cost.from_json(asdict(cost)) == cost


def test_bytes_of_a_million_vectors() -> None:
    assert vector_bytes(256) == np.dtype(np.float16).itemsize * 256 * 10**6


def test_two_networks_cost_what_both_cost_and_their_common_memory_is_not_guessed() -> None:
    first = Cost(64, 1.0, 100, Inference(30.0, 10**9, "torch", "cpu"))
    second = Cost(32, 0.5, 50, Inference(60.0, 10**9, "torch", "cpu"))
    both = together(first, second)
    assert (both.side, both.gmacs, both.parameters) == (64, 1.5, 150)
    assert both.inference == Inference(pytest.approx(20.0), None, "torch", "cpu")
    assert together(first, Cost(32, 0.5, 50, None, "not measured: why")).why == "not measured: why"
