"""Where a process of a fine-tuning computes, and what it is refused for."""

from __future__ import annotations

import pytest
import torch

from data.errors import UsageError
from embedder.finetuning.ranks import joined


def test_a_gpu_is_taken_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for device in (None, "cpu"):
        with joined(device) as ranks:
            assert ranks.device == torch.device("cpu")
    with (
        pytest.raises(UsageError, match="no CUDA GPU that torch can use; take"),
        joined("cuda"),
    ):
        pass
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for device in (None, "cuda"):
        with joined(device) as ranks:
            assert ranks.device == torch.device("cuda", 0)


def test_a_device_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="device 'banana' is none of cpu, cuda"), joined("banana"):
        pass
