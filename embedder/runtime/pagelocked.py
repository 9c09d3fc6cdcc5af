"""Memory of the host that a GPU reads and writes by itself, while the processor does something else."""

from __future__ import annotations

import math
import mmap
import weakref
from typing import Any, cast

import torch


class PageLocked:
    """A tensor of at least one number in ordinary memory that is registered with CUDA as long as this lives.

    Memory that CUDA allocates itself is not kept in the processor's cache on some virtual machines, and
    reading and writing it is many times slower. Where the registration is refused the tensor is an ordinary
    one; copies are right all the same, but wait.
    """

    def __init__(self, shape: tuple[int, ...], dtype: torch.dtype) -> None:
        count = math.prod(shape)
        memory = mmap.mmap(-1, count * dtype.itemsize)
        self.tensor = torch.frombuffer(memory, dtype=dtype, count=count).view(shape)
        calls = cast("Any", torch.cuda).cudart()
        address = self.tensor.data_ptr()
        calls.cudaHostRegister(address, len(memory), 0)
        if self.tensor.is_pinned():
            weakref.finalize(self, _given_back, calls, address, memory).atexit = False


def _given_back(calls: Any, address: int, memory: mmap.mmap) -> None:
    """The registration ends before the mapping does, which whoever calls this keeps until then."""
    calls.cudaHostUnregister(address)
