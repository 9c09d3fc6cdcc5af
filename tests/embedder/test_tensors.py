"""safetensors read without torch: the same numbers, the same digest, and damage noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from data.errors import Damaged, WeightsMissing
from embedder.sources import as_stored
from embedder.tensors import digest_of, read_safetensors


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_floats_of_every_dtype(dtype: torch.dtype, tmp_path: Path) -> None:
    tensor = torch.randn(3, 4, generator=torch.Generator().manual_seed(1)).to(dtype)
    save_file({"a.b": tensor}, tmp_path / "x.safetensors")
    read = read_safetensors(tmp_path / "x.safetensors")["a.b"]
    np.testing.assert_array_equal(read.floats(), tensor.float().numpy())
    assert digest_of([("a.b", read)]) == digest_of([("a.b", as_stored(tensor))])


def test_the_digest_tells_names_shapes_and_numbers_apart() -> None:
    a = as_stored(torch.arange(6.0))
    digests = {
        digest_of([("a", a)]),
        digest_of([("b", a)]),
        digest_of([("a", as_stored(torch.arange(6.0).reshape(2, 3)))]),
        digest_of([("a", as_stored(torch.arange(6.0) + 1))]),
        digest_of([("a", as_stored(torch.arange(6.0).half()))]),
    }
    assert len(digests) == 5
    assert digest_of([("a", a), ("b", a)]) == digest_of([("b", a), ("a", a)])


def test_a_file_that_is_cut_off_at_any_place_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"a": torch.zeros(10), "b": torch.ones(3)}, path)
    whole = path.read_bytes()
    for length in (0, 4, 8, 20, 60, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(Damaged):
            read_safetensors(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="do not exist"):
        read_safetensors(tmp_path / "none.safetensors")
