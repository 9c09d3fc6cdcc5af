"""Where a backbone's weights come from: a file, a model in memory, timm's own download.

Every source can tell the digest of the tensors it will load (a safetensors file without importing torch) and
can build the network with them. Only tensors are read from files, never pickled code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from data.errors import Damaged, WeightsMissing
from embedder.config import EmbedderConfig
from embedder.tensors import StoredTensor, digest_of, read_safetensors

if TYPE_CHECKING:
    from torch import Tensor, nn

SAFE = ".safetensors"
PICKLED = (".pth", ".pt", ".bin", ".tar")
# Auxiliary classifiers of the Inception family: trained beside the network, never used to describe.
AUXILIARY = ("AuxLogits",)
# Batch norm counts its training steps; nothing is computed from it.
COUNTERS = "num_batches_tracked"
EXAMPLES = 3


class Weights(Protocol):
    """Weights that can be named exactly before they are loaded."""

    def digest(self) -> str:
        """sha256 over the tensors that the network is given."""

    def model(self) -> nn.Module:
        """The network with these weights, in evaluation mode, float32."""

    def tensors(self) -> dict[str, Tensor]:
        """The tensors that the network is given, as they are stored."""


class FileWeights:
    """Weights of a file: ``.safetensors``, or a ``.pth`` state dict read with ``weights_only``."""

    def __init__(self, path: Path, config: EmbedderConfig) -> None:
        if not path.is_file():
            raise WeightsMissing(f"the weights {path} do not exist; name a folder or file that holds them")
        if path.suffix != SAFE and path.suffix not in PICKLED:
            raise WeightsMissing(f"{path.name}: weights are read from {SAFE} or {', '.join(PICKLED)} files")
        self.path = path
        self._config = config

    def digest(self) -> str:
        """sha256 over the tensors that are used; the same for both file formats."""
        left_out = unused_layers(self._config)
        used = ((name, tensor) for name, tensor in self._stored.items() if not name.startswith(left_out))
        return digest_of((name, tensor) for name, tensor in used if not name.endswith(COUNTERS))

    def model(self) -> nn.Module:
        """Builds the architecture and fills it; every tensor must be there and fit."""
        from embedder.backbone import build_model

        network = build_model(self._config)
        fill(network, self.tensors(), str(self.path))
        return network

    def tensors(self) -> dict[str, Tensor]:
        """All but classifiers and heads that no aspect asks for."""
        left_out = unused_layers(self._config)
        return {name: tensor for name, tensor in self._all().items() if not name.startswith(left_out)}

    @cached_property
    def _stored(self) -> dict[str, StoredTensor]:
        if self.path.suffix == SAFE:
            return read_safetensors(self.path)
        return {name: as_stored(tensor) for name, tensor in self._all().items()}

    def _all(self) -> dict[str, Tensor]:
        if self.path.suffix == SAFE:
            from safetensors.torch import load_file

            tensors: dict[str, Tensor] = load_file(self.path)
            return tensors
        return read_state_dict(self.path)


class ModelWeights:
    """Weights of a model made elsewhere, e.g. by timm's own download; made on first need."""

    def __init__(
        self,
        make: Callable[[], nn.Module],
        digest: str | None = None,
        told: Callable[[str], None] | None = None,
    ) -> None:
        """digest: where it is known from an earlier time, so that the model need not be made to tell it.
        told: called with the digest when it had to be computed."""
        self._make = make
        self._digest = digest
        self._told = told

    def digest(self) -> str:
        """sha256 over the model's tensors."""
        if self._digest is None:
            self._digest = self._computed()
            if self._told is not None:
                self._told(self._digest)
        return self._digest

    def _computed(self) -> str:
        used = self.tensors().items()
        return digest_of((name, as_stored(tensor)) for name, tensor in used if not name.endswith(COUNTERS))

    def model(self) -> nn.Module:
        """The model itself."""
        return self._model.eval()

    def tensors(self) -> dict[str, Tensor]:
        """The model's tensors."""
        return dict(self._model.state_dict())

    @cached_property
    def _model(self) -> nn.Module:
        return self._make()


def unused_layers(config: EmbedderConfig) -> tuple[str, ...]:
    """Prefixes of tensors that describe nothing: classifiers, and a head that no aspect asks for."""
    from_config = [f"{name}." for name in config.classifiers]
    head = any("head" in aspect.stages for aspect in config.network_aspects)
    return (*from_config, *(f"{name}." for name in AUXILIARY), *(() if head else ("pre_logits.",)))


def fill(network: nn.Module, used: Mapping[str, Tensor], where: str) -> None:
    """Loads tensors into a network; Damaged with counts and examples where keys or shapes do not match."""
    wanted = network.state_dict()
    missing = [name for name in wanted if name not in used and not name.endswith(COUNTERS)]
    extra = [name for name in used if name not in wanted]
    wrong = [
        f"{name} is {tuple(used[name].shape)}, wanted {tuple(wanted[name].shape)}"
        for name in wanted
        if name in used and used[name].shape != wanted[name].shape
    ]
    faults = [
        f"{len(names)} {what} ({', '.join(names[:EXAMPLES])}{', …' if len(names) > EXAMPLES else ''})"
        for names, what in ((missing, "missing"), (extra, "unknown"), (wrong, "of another shape"))
        if names
    ]
    if faults:
        raise Damaged(
            f"{where} does not fit {type(network).__name__}: of {len(wanted)} tensors {'; '.join(faults)}; "
            "name the architecture that it was made for"
        )
    network.load_state_dict({name: tensor.float() for name, tensor in used.items()}, strict=False)


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """A state dict from a ``.pth``; only tensors are unpickled (``weights_only``).

    The usual wrappers are looked through: ``state_dict``, ``model``, and the prefix ``module.``.
    """
    import pickle  # nosec B403 # for its exception alone: torch reads with weights_only

    import torch

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise Damaged(f"{path} is not a file of plain tensors ({first}); save it as safetensors") from None
    for key in ("state_dict", "model"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
    if not isinstance(loaded, dict) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise Damaged(f"{path} holds no state dict of tensors; save model.state_dict()")
    return {str(name).removeprefix("module."): tensor for name, tensor in loaded.items()}


def as_stored(tensor: Tensor) -> StoredTensor:
    """A torch tensor with its bytes, as a safetensors file would store it."""
    import torch

    names = {
        torch.float64: "F64",
        torch.float32: "F32",
        torch.float16: "F16",
        torch.bfloat16: "BF16",
        torch.int64: "I64",
        torch.int32: "I32",
        torch.int16: "I16",
        torch.int8: "I8",
        torch.uint8: "U8",
        torch.bool: "BOOL",
    }
    whole = tensor.detach().cpu().contiguous()
    if whole.dtype not in names:
        raise Damaged(f"a tensor of dtype {whole.dtype} cannot be part of an embedder")
    data = (
        memoryview(whole.reshape(-1).view(torch.uint8).numpy().tobytes())
        if whole.numel()
        else memoryview(b"")
    )
    return StoredTensor(names[whole.dtype], tuple(whole.shape), data)
