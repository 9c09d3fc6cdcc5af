"""A network as an OpenVINO graph: converted once with torch, checked against it, kept in the cache; or, of a
network that is quantised, the graph that lies beside its weights.

The graph takes uint8 photos (n, H, W, 3); cast, mean and scale are inside it. With the graph in the cache,
torch is not needed to encode a photo.
"""

from __future__ import annotations

import hashlib
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from data.errors import Damaged
from embedder.cache import cache_folder, keep, kept
from embedder.config import Preprocessing
from embedder.network import Network
from embedder.runtime.quiet import openvino
from embedder.runtime.seam import Floats, Photos

if TYPE_CHECKING:
    from embedder.backbone import FeatureNet

GRAPH = "graph.xml"
TENSORS = "graph.bin"
INT8_FILES = ("int8.xml", "int8.bin")
CONVOLUTIONS = ("Convolution", "GroupConvolution")
"""OpenVINO's names of them."""
LAYOUT_VERSION = 3
# Every block of every probe must come this near to float32. Some photos are harder than the probes: with what
# passes here, whole vectors of photos came nearer than 0.999.
ENOUGH = 0.9994
PROBES = 16


@dataclass(frozen=True, slots=True)
class Graph:
    """A converted network.

    model: OpenVINO's model with a free batch size.
    dims: width of every output.
    precision: ``bf16``, ``f32`` or ``int8``: what it is to be computed in on this processor.
    """

    model: Any
    dims: tuple[int, ...]
    precision: str


def fast_precision() -> str:
    """``bf16`` where the processor computes in it (AVX-512 BF16, AMX), else ``f32``."""
    able = openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bf16" if "BF16" in able else "f32"


def graph_of(network: Network) -> Graph:
    """The network's graph: from the cache, or converted, checked and put there.

    Raises Damaged for the graph of a quantised network that is not whole.
    """
    ov = openvino()
    if network.graph is not None:
        return _quantised(network, network.graph)
    precision = fast_precision()
    name = f"{network.key[:32]}-{LAYOUT_VERSION}-{ov.__version__.split('-')[0]}-{precision}"
    folder = cache_folder() / "graphs" / name
    record = kept(folder)
    if record is None or record.get("sha256") != digests(folder):
        shutil.rmtree(folder, ignore_errors=True)
        made = keep(folder, lambda into: _convert(network, into, precision))
        record = kept(made) or {}
    else:
        made = folder
    graph = graph_with(ov.Core().read_model(made / GRAPH), str(record.get("precision", "f32")))
    if made != folder:
        shutil.rmtree(made, ignore_errors=True)
    return graph


def graph_with(model: Any, precision: str) -> Graph:
    """OpenVINO's model, and what it is to be computed in."""
    dims = tuple(int(output.get_partial_shape()[1].get_length()) for output in model.outputs)
    return Graph(model, dims, precision)


def _quantised(network: Network, folder: Path) -> Graph:
    wanted, found = list(network.config.int8 or ()), digests(folder, INT8_FILES)
    if found != wanted:
        raise Damaged(
            f"{folder}: {' and '.join(INT8_FILES)} are not those that config.json names; quantise it anew"
        )
    return graph_with(openvino().Core().read_model(folder / INT8_FILES[0]), "int8")


def compiled(model: Any, batch: int, hint: str, precision: str) -> Any:
    """The graph for exactly ``batch`` photos.

    hint: ``LATENCY``, all cores share a batch; or ``THROUGHPUT``, each batch on one core. These are not bound
    to a core of their own: two forms would be bound to the same one, and decoding wants cores too.
    """
    fixed = model.clone()
    shape = fixed.input(0).get_partial_shape()
    fixed.reshape([batch, *(int(axis.get_length()) for axis in list(shape)[1:])])
    settings = {
        "PERFORMANCE_HINT": hint,
        # What a quantised graph has in int8 is computed so whatever is said here.
        "INFERENCE_PRECISION_HINT": "f32" if precision == "int8" else precision,
        "ENABLE_CPU_PINNING": hint == "LATENCY",
    }
    return openvino().Core().compile_model(fixed, "CPU", settings)


def _convert(network: Network, folder: Path, precision: str) -> dict[str, object]:
    """Writes the graph in the fastest form that keeps to the reference; the record says which that is.

    bfloat16 with weights rounded to nearest, else with weights rounded by least squares, else float32.
    """
    import torch

    size = network.config.preprocessing
    net = network.build()
    model = converted(net, size)
    if precision != "f32":
        model = _reduced_to_the_end(model)
    photos = probe_photos(size.width, size.height)
    mean = 255.0 * torch.tensor(size.mean).view(1, 3, 1, 1)
    std = 255.0 * torch.tensor(size.std).view(1, 3, 1, 1)
    with torch.inference_mode():
        pictures = (torch.from_numpy(photos).permute(0, 3, 1, 2).float() - mean) / std
        wanted = [output.numpy() for output in net(pictures)]

    def nearness(candidate: Any) -> float:
        return _closeness(network, compiled(candidate, PROBES, "LATENCY", precision), photos, wanted)

    tried = {"nearest": nearness(model)}
    if precision != "f32" and tried["nearest"] < ENOUGH:
        from embedder.runtime.rounding import round_weights

        rounded = round_weights(model, probe_photos(size.width, size.height, seed=1))
        tried["least squares"] = nearness(rounded)
        if tried["least squares"] < ENOUGH:
            precision = "f32"
        else:
            model = rounded
    openvino().save_model(model, folder / GRAPH, compress_to_fp16=False)
    return {"precision": precision, "cosines": tried, "sha256": digests(folder)}


def converted(net: FeatureNet, size: Preprocessing) -> Any:
    """A network in torch as OpenVINO's model of uint8 photos (n, H, W, 3), in float32."""
    import torch

    sample = torch.zeros((1, 3, size.height, size.width))
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        # Traced here, since the converter would run the network three times more to check its own trace.
        traced = cast("Any", torch.jit).trace(net, sample, strict=False, check_trace=False)
        shape = [-1, 3, size.height, size.width]
        model = openvino().convert_model(traced, example_input=sample, input=shape)
    return _with_preprocessing(model, size.mean, size.std)


def _with_preprocessing(model: Any, mean: tuple[float, ...], std: tuple[float, ...]) -> Any:
    from openvino.preprocess import PrePostProcessor

    ov = openvino()
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    chain = steps.input().preprocess().convert_element_type(ov.Type.f32)
    chain.mean([255.0 * m for m in mean]).scale([255.0 * s for s in std])
    return steps.build()


def _reduced_to_the_end(model: Any) -> Any:
    """The same network with every output multiplied by the identity.

    OpenVINO keeps all that follows the last convolution or product in float32. A map that an early stage is
    pooled from is then written in float32 for the whole network, and converted back for every convolution
    that reads it: a fifth of ResNet-50's time. Ending in a product lets the map stay as it is; whether the
    outputs are still precise enough is measured like everything else.
    """
    from openvino import opset13

    ends = []
    for result in model.get_results():
        source = result.input_value(0)
        width = int(source.get_partial_shape()[1].get_length())
        identity = opset13.constant(np.eye(width, dtype=np.float32))
        ends.append(opset13.matmul(source, identity, False, False).output(0))
    return openvino().Model(ends, model.get_parameters(), model.get_friendly_name())


def _closeness(network: Network, ready: Any, photos: Photos, wanted: list[Floats]) -> float:
    """The smallest cosine between a block as the graph gives it and as the reference does, over all
    probes."""
    got = ready(photos)
    cosines = [
        (projection.apply(got[index]) * projection.apply(reference)).sum(1)
        for index, (projection, reference) in enumerate(zip(network.projections, wanted, strict=True))
    ]
    return float(np.min(cosines))


def probe_photos(width: int, height: int, seed: int = 0) -> Photos:
    """Drawn pictures, uint8 (n, H, W, 3): things on a plain ground and crowded shelves, with edges, ramps,
    stripes and grain; the same on every machine."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(width, height)
    pictures = np.empty((PROBES, height, width, 3), np.float32)
    for number, picture in enumerate(pictures):
        crowded = number % 2 == 1
        picture[:] = draw.uniform(20, 250, 3) if crowded else draw.uniform(200, 255)
        picture += draw.uniform(-60, 60) * (x + draw.uniform(-1, 1) * y)[..., None]
        for _ in range(40 if crowded else 5):
            centre = draw.uniform(0.0, 1.0, 2) if crowded else draw.uniform(0.2, 0.8, 2)
            radius = draw.uniform(0.02, 0.15) if crowded else draw.uniform(0.1, 0.35)
            across, along = (
                np.abs(x - centre[0]) / radius,
                np.abs(y - centre[1]) / (radius * draw.uniform(0.5, 2.0)),
            )
            inside = np.maximum(across, along) < 1 if draw.random() < 0.5 else across**2 + along**2 < 1
            stripes = draw.uniform(0, 60) * np.sin(
                2 * np.pi * draw.uniform(2, 40) * (x + draw.uniform(-1, 1) * y)
            )
            picture[inside] = (draw.uniform(0, 255, 3) + stripes[..., None])[inside]
        picture += draw.normal(0.0, draw.uniform(1.0, 8.0), picture.shape)
    return np.clip(pictures, 0, 255).astype(np.uint8)


def digests(folder: Path, names: Sequence[str] = (GRAPH, TENSORS)) -> list[str] | None:
    """sha256 of the graph's files, or None where one is absent."""
    try:
        return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names]
    except OSError:
        return None
