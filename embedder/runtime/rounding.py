"""Weights rounded to bfloat16 so that a network's outputs change least.

Rounding every weight to the nearest value harms small networks: the errors of one filter add up to a shift
that is the same for every photo. Here each weight goes up or down such that, over the activations of example
pictures, the filter's output (its bias included) is wrong by the least mean square: coordinate descent on the
quadratic form of the inputs' second moments. The objective is that of AdaRound (Nagel et al., "Up or Down?
Adaptive Rounding for Post-Training Quantization", 2020), here between the two neighbours in bfloat16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from embedder.runtime.graph import CONVOLUTIONS
from embedder.runtime.quiet import openvino
from embedder.runtime.seam import Photos

Floats = NDArray[np.float32]
PASSES = 2
# Filters with more inputs than this stay rounded to nearest: the cost grows with the square, the harm
# shrinks.
WIDEST = 1536
POSITIONS = 1024
UPPER = np.uint32(0xFFFF0000)
STEP = np.uint32(0x00010000)


@dataclass(frozen=True)
class _Layer:
    """A convolution of the graph: its node, its filters (o, width), the bias after it where there is one."""

    node: Any
    bias: Any | None
    depthwise: bool
    side: int

    @property
    def weights(self) -> Floats:
        """The filters, one per row."""
        data: Floats = self.node.input(1).get_source_output().get_node().data
        return data.reshape(data.shape[0] * (data.shape[1] if self.depthwise else 1), -1)


def round_weights(model: Any, examples: Photos) -> Any:
    """A copy of an OpenVINO model whose convolutions hold weights and biases that bfloat16 has exactly.

    model: takes photos uint8 (n, H, W, 3). examples: such photos, on which activations are gathered.
    """
    moments = _moments(model, examples)
    rounded = model.clone()
    for layer, moment in zip(_layers(rounded), moments, strict=True):
        biases = None if layer.bias is None else _bias_value(layer.bias).reshape(-1)
        weights, biases = best_rounding(layer.weights, biases, moment)
        source = layer.node.input(1).get_source_output().get_node()
        _replace(layer.node.input(1), weights.reshape(source.data.shape))
        if layer.bias is not None and biases is not None:
            _replace(_bias_input(layer.bias), biases.reshape(_bias_value(layer.bias).shape))
    return rounded


def best_rounding(weights: Floats, biases: Floats | None, moment: Floats) -> tuple[Floats, Floats | None]:
    """Filters (o, d) and biases (o,) as bfloat16 values in float32, by the least mean square of the outputs'
    error.

    moment: second moments of the inputs, not centred, the constant 1 of the bias last: (d + 1, d + 1), or one
    such matrix per filter (o, d + 1, d + 1).
    """
    bias = np.zeros(len(weights), np.float32) if biases is None else biases
    exact = np.concatenate([weights, bias[:, None]], axis=1)
    below, above = neighbours(exact)
    down, up = below - exact, above - exact
    error = np.where(np.abs(down) <= np.abs(up), down, up)
    per_filter = moment.ndim == 3
    slope = np.einsum("oi,oij->oj", error, moment) if per_filter else error @ moment
    for _ in range(PASSES):
        moved = False
        for i in range(exact.shape[1] - (biases is None)):
            row = moment[:, i] if per_filter else moment[i]
            other = down[:, i] + up[:, i] - 2 * error[:, i]
            change = 2 * other * slope[:, i] + other**2 * row[..., i]
            step = np.where(change < 0, other, np.float32(0))
            if step.any():
                moved = True
                error[:, i] += step
                slope += step[:, None] * row
        if not moved:
            break
    done = np.where(error == down, below, above)
    return done[:, :-1], None if biases is None else done[:, -1]


def neighbours(values: Floats) -> tuple[Floats, Floats]:
    """The nearest bfloat16 values towards and away from zero, as float32; equal where a value is exact."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    low = bits & UPPER
    high = np.where(bits == low, low, low + STEP).astype(np.uint32)
    return low.view(np.float32), high.view(np.float32)


def _layers(model: Any) -> list[_Layer]:
    """The convolutions that can be rounded well, in order."""
    found = []
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if kind not in CONVOLUTIONS:
            continue
        source = node.input(1).get_source_output().get_node()
        if source.get_type_name() != "Constant" or source.get_element_type() != openvino().Type.f32:
            continue
        shape, attributes = source.data.shape, node.get_attributes()
        depthwise = kind == "GroupConvolution"
        plain = attributes["auto_pad"] == "explicit" and set(attributes["dilations"]) == {1}
        square = shape[-1] == shape[-2]
        narrow = (shape[1] == shape[2] == 1) if depthwise else int(np.prod(shape[1:])) <= WIDEST
        if plain and square and narrow:
            found.append(_Layer(node, _bias_of(node), depthwise, int(shape[-1])))
    return found


def _moments(model: Any, examples: Photos) -> list[Floats]:
    """Second moments of every layer's inputs, gathered picture by picture, so that memory stays bounded."""
    probed = model.clone()
    shape = list(probed.input(0).get_partial_shape())
    probed.reshape([1, *(int(axis.get_length()) for axis in shape[1:])])
    layers = _layers(probed)
    first = len(probed.outputs)
    names = [layer.node.input(0).get_source_output() for layer in layers]
    places: dict[str, int] = {}
    wanted: list[Any] = []
    for output in names:
        key = f"{output.get_node().get_friendly_name()}:{output.get_index()}"
        if key not in places:
            places[key] = first + len(wanted)
            wanted.append(output)
    order = [places[f"{o.get_node().get_friendly_name()}:{o.get_index()}"] for o in names]
    attributes = [layer.node.get_attributes() for layer in layers]
    if wanted:
        probed.add_outputs(wanted)
    request = openvino().Core().compile_model(probed, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    sums: list[Any] = [0.0] * len(layers)
    for photo in examples:
        got = request(photo[None])
        for i, (layer, place) in enumerate(zip(layers, order, strict=True)):
            sums[i] = sums[i] + _moment(torch.from_numpy(got[place]), layer, attributes[i]).numpy()
    return [total / len(examples) for total in sums]


def _moment(inputs: torch.Tensor, layer: _Layer, attributes: dict[str, Any]) -> torch.Tensor:
    """Mean outer product of the patches under a filter, a 1 appended to each."""
    (top, left), (bottom, right) = attributes["pads_begin"], attributes["pads_end"]
    if layer.side == 1:
        down, across = attributes["strides"]
        columns = inputs[0, :, ::down, ::across].flatten(1)
    else:
        padded = torch.nn.functional.pad(inputs, (left, right, top, bottom))
        columns = torch.nn.functional.unfold(padded, layer.side, stride=tuple(attributes["strides"]))[0]
    columns = columns[:, :: max(1, columns.shape[1] // POSITIONS)]
    if layer.depthwise:
        patches = columns.reshape(inputs.shape[1], -1, columns.shape[1])
        patches = torch.cat([patches, torch.ones(len(patches), 1, patches.shape[2])], 1)
        return patches @ patches.transpose(1, 2) / patches.shape[2]
    patches = torch.cat([columns, torch.ones(1, columns.shape[1])])
    return patches @ patches.T / patches.shape[1]


def _bias_of(node: Any) -> Any | None:
    """The addition of a constant that alone uses a convolution's output, or None."""
    users = list(node.output(0).get_target_inputs())
    if len(users) != 1 or users[0].get_node().get_type_name() != "Add":
        return None
    addition = users[0].get_node()
    constant = _bias_input(addition)
    if constant is None:
        return None
    source = constant.get_source_output().get_node()
    filters = int(node.output(0).get_partial_shape()[1].get_length())
    return addition if source.data.size == filters else None


def _bias_input(addition: Any) -> Any | None:
    for place in (0, 1):
        if addition.input(place).get_source_output().get_node().get_type_name() == "Constant":
            return addition.input(place)
    return None


def _bias_value(addition: Any) -> Floats:
    constant = _bias_input(addition)
    value: Floats = constant.get_source_output().get_node().data  # type: ignore[union-attr]
    return value


def _replace(place: Any, values: Floats) -> None:
    """Puts a new constant where an old one was."""
    from openvino import opset13

    place.replace_source_output(opset13.constant(np.ascontiguousarray(values)).output(0))
