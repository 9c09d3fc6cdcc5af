"""A network's graph quantised to int8 after training, by NNCF: weights by filter, activations by tensor.

Symmetric ranges, found on photos of the shop; and every layer's bias is corrected for the shift that rounding
gives its output, one layer after the other, each seeing what the ones before it really give now (Nagel et
al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019). Without the second a
small network finds other look-alikes altogether.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
from typing import Any

from data.errors import UsageError, VitrineError
from embedder.runtime.graph import CONVOLUTIONS
from embedder.runtime.quiet import openvino
from embedder.runtime.seam import Photos

NEEDED = {"openvino": "openvino", "nncf": "nncf>=3.4"}
"""What has to be installed, and how pip is told of it; NNCF as in the extra ``int8`` of this project."""


def check_able() -> None:
    """UsageError where NNCF or OpenVINO is not installed."""
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        wanted = " ".join(f"'{NEEDED[name]}'" for name in absent)
        raise UsageError(f"{' and '.join(absent)} not installed: `pip install {wanted}`")


def quantised(model: Any, photos: Photos, keep: int = 0) -> Any:
    """A copy of an OpenVINO model whose convolutions and products are computed in int8.

    model: takes photos uint8 (n, H, W, 3), in float32. photos: such, on which ranges are found. keep: so many
    convolutions at the beginning stay as they are. Raises VitrineError where NNCF cannot do it.
    """
    openvino()  # first, with its telemetry barred: NNCF sends nothing then either
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # it misses a GPU as NNCF loads it
    import nncf
    from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    names = [op.get_friendly_name() for op in model.get_ordered_ops() if op.get_type_name() in CONVOLUTIONS]
    if keep >= len(names) > 0:
        raise UsageError(f"the network has {len(names)} convolutions; keep fewer than that")
    advanced = AdvancedQuantizationParameters(
        activations_range_estimator_params=RangeEstimatorParametersSet.HISTOGRAM
    )
    nncf.set_log_level(logging.ERROR)
    try:
        # Its bars go to standard output, which belongs to the answer.
        with contextlib.redirect_stdout(io.StringIO()):
            return nncf.quantize(
                model,
                nncf.Dataset([photo[None] for photo in photos]),
                preset=nncf.QuantizationPreset.PERFORMANCE,
                subset_size=len(photos),
                fast_bias_correction=False,
                ignored_scope=nncf.IgnoredScope(names=names[:keep]) if keep else None,
                advanced_parameters=advanced,
            )
    except (RuntimeError, nncf.ValidationError, nncf.InternalError, nncf.UnsupportedModelError) as error:
        raise VitrineError(f"NNCF cannot quantise this network: {error}") from error
