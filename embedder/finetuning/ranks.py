"""One process or several: who this process is, under ``torchrun`` or alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn

from data.errors import UsageError

DEVICES = ("cpu", "cuda")


@dataclass(frozen=True, slots=True)
class Ranks:
    """rank: this process, from 0. world: how many there are. device: where this one computes."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this process validates, tells and writes for all."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module with its gradients averaged over all processes."""
        if self.world == 1:
            return module
        from torch.nn.parallel import DistributedDataParallel

        devices = [self.device.index or 0] if self.device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=devices, find_unused_parameters=True)

    def wait(self) -> None:
        """Until every process has come here."""
        if self.world > 1:
            distributed.barrier()

    def agreed(self, value: float) -> float:
        """The first process's value, in all of them."""
        if self.world == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self.device)
        distributed.broadcast(shared, 0)
        return float(shared.item())

    def all_finite(self, loss: float) -> bool:
        """Whether every process's loss is a number: all go on, or all stop."""
        finite = float(loss == loss and abs(loss) != float("inf"))
        if self.world == 1:
            return bool(finite)
        shared = torch.tensor([finite], device=self.device)
        distributed.all_reduce(shared, distributed.ReduceOp.MIN)
        return bool(shared.item())


@contextmanager
def joined(device: str | None = None) -> Iterator[Ranks]:
    """This process's place; under ``torchrun`` it joins the others and leaves them at the end.

    device: ``cpu`` or ``cuda``; None takes a GPU where there is one. Raises UsageError for another device, or
    for a GPU that is not there.
    """
    able = torch.cuda.is_available()
    if device not in (None, *DEVICES):
        raise UsageError(f"device {device!r} is none of {', '.join(DEVICES)}")
    if device == "cuda" and not able:
        raise UsageError("there is no CUDA GPU that torch can use; take the device cpu")
    cuda = able if device is None else device == "cuda"
    world = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    here = torch.device("cuda", local) if cuda else torch.device("cpu")
    if world == 1:
        yield Ranks(0, 1, here)
        return
    distributed.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Ranks(distributed.get_rank(), world, here)
    finally:
        distributed.destroy_process_group()


def is_first_process() -> bool:
    """Whether this process speaks for all (always, outside ``torchrun``)."""
    return int(os.environ.get("RANK", "0")) == 0
