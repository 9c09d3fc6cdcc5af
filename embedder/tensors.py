"""Tensors as they lie in a safetensors file, read without torch, and their digest.

The format (Hugging Face safetensors): 8 bytes with the header's length, a JSON header with every tensor's
dtype, shape and place, then the data. Reading it here keeps torch out of a query's start-up, and the digest
is of the very bytes that a network will be given.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import Damaged, WeightsMissing

Floats = NDArray[np.float32]
BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip
LONGEST_HEADER = 100_000_000


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor: its dtype as safetensors names it, its shape, its bytes in row-major order."""

    dtype: str
    shape: tuple[int, ...]
    data: memoryview

    def floats(self) -> Floats:
        """As float32, in its shape."""
        if self.dtype == "BF16":
            wide = np.frombuffer(self.data, "<u2").astype(np.uint32) << 16
            return wide.view(np.float32).reshape(self.shape)
        kinds = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
        if self.dtype not in kinds:
            raise Damaged(
                f"a tensor of dtype {self.dtype} was found where floating point numbers were expected"
            )
        values: Floats = np.frombuffer(self.data, kinds[self.dtype]).reshape(self.shape).astype(np.float32)
        return values


def stored(array: Floats) -> StoredTensor:
    """A float32 array as a stored tensor."""
    whole = np.ascontiguousarray(array, np.float32)
    return StoredTensor("F32", whole.shape, memoryview(whole.tobytes()))


def read_safetensors(path: Path) -> dict[str, StoredTensor]:
    """All tensors of a file, mapped, not copied.

    Raises WeightsMissing where there is no file, Damaged where it is not a whole safetensors file.
    """
    try:
        with path.open("rb") as file:
            view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError:
        raise WeightsMissing(
            f"the weights {path} do not exist; name a folder or file that holds them"
        ) from None
    except (OSError, ValueError) as error:
        raise Damaged(f"the weights {path} cannot be read: {error}") from None
    try:
        size = int.from_bytes(view[:8], "little")
        if len(view) < 8 or size > min(LONGEST_HEADER, len(view) - 8):
            raise ValueError("its header is cut off")
        header = json.loads(bytes(view[8 : 8 + size]))
        return _tensors(header, view[8 + size :])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"{path} is not a whole safetensors file ({error}); fetch it again") from None


def _tensors(header: Mapping[str, Mapping[str, object]], body: memoryview) -> dict[str, StoredTensor]:
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        dtype = str(entry["dtype"])
        shape = tuple(int(n) for n in entry["shape"])  # type: ignore[attr-defined]
        start, end = (int(n) for n in entry["data_offsets"])  # type: ignore[attr-defined]
        if (
            dtype not in BYTES
            or end - start != math.prod(shape) * BYTES[dtype]
            or end > len(body)
            or start < 0
        ):
            raise ValueError(f"tensor {name!r} does not fit")
        found[name] = StoredTensor(dtype, shape, body[start:end])
    return found


def digest_of(tensors: Iterable[tuple[str, StoredTensor]]) -> str:
    """sha256 over names, dtypes, shapes and bytes, whatever order they come in."""
    total = hashlib.sha256()
    for name, tensor in sorted(tensors, key=lambda pair: pair[0]):
        total.update(f"{name}\0{tensor.dtype}\0{','.join(map(str, tensor.shape))}\0".encode())
        total.update(tensor.data)
    return total.hexdigest()
