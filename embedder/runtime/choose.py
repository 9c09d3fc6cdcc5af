"""Which runtime a machine should use, found out without importing torch."""

from __future__ import annotations

import ctypes
import importlib.util
from typing import Literal

from data.errors import UsageError, VitrineError
from embedder.network import Network
from embedder.runtime.idle import IdleRuntime
from embedder.runtime.quiet import installed
from embedder.runtime.seam import Runtime

RUNTIMES = ("auto", "cuda", "openvino", "torch")
Name = Literal["cuda", "openvino", "torch"]


def cuda_devices() -> int:
    """CUDA GPUs that the driver offers: 0 where there is no driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def best() -> Name:
    """A GPU where there is one, else OpenVINO where it is installed, else torch on the CPU."""
    if cuda_devices() > 0 and importlib.util.find_spec("torch") is not None:
        return "cuda"
    return "openvino" if installed() else "torch"


def open_runtime(network: Network, name: str = "auto", batch: int | None = None) -> Runtime:
    """The runtime named, or the best one for ``auto``; UsageError for one that this machine cannot run."""
    if name not in RUNTIMES:
        raise UsageError(f"runtime {name!r} is none of {', '.join(RUNTIMES)}")
    if not network.config.network_aspects:
        return IdleRuntime(batch)
    quantised = network.config.int8 is not None
    if quantised and name not in ("auto", "openvino"):
        raise UsageError(f"an embedder quantised to int8 runs on OpenVINO alone, not on {name}")
    chosen = "openvino" if quantised else best() if name == "auto" else name
    if chosen == "openvino":
        if not installed():
            raise UsageError("OpenVINO is not installed: `pip install openvino`, or take the runtime torch")
        from embedder.runtime.openvino_runtime import OpenVinoRuntime

        return OpenVinoRuntime(network, batch)
    if chosen == "torch":
        from embedder.runtime.torch_runtime import TorchRuntime

        return TorchRuntime(network, batch)
    import torch

    if not torch.cuda.is_available():
        if name != "auto":
            raise UsageError("there is no CUDA GPU that torch can use; take the runtime openvino or torch")
        return open_runtime(network, "openvino" if installed() else "torch", batch)
    from embedder.runtime.cuda_runtime import CudaRuntime

    try:
        return CudaRuntime(network, batch)
    except torch.cuda.OutOfMemoryError:
        raise VitrineError("the GPU has no memory left for this network; take the runtime openvino") from None
