"""Embedders by name: the bundled one, timm's, a folder, a weights file, or one fine-tuned on the shop."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import UsageError, VitrineError, WeightsMissing
from embedder.config import CONFIG_NAME, EmbedderConfig, read_config
from embedder.embedder import Embedder
from embedder.joined import JoinedEmbedder
from embedder.joined_config import JoinedConfig, joined_names, member_folder
from embedder.made import NOTES, made_of
from embedder.palettes import ASPECTS_NAME, BUNDLED
from embedder.sources import PICKLED, SAFE, FileWeights, Weights
from embedder.tensors import StoredTensor, read_safetensors

BUNDLED_NAME = "bundled"
WEIGHTS_NAME = "model.safetensors"
LOCAL_PREFIX = "local-dir:"
HUB_FOLDER = re.compile(r"^models--timm--(.+)$")


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """One line of ``vitrine embedders``.

    spec: what to write after ``--embedder``. kind: ``bundled``, ``fine-tuned``, ``reduced``, ``soup`` (an
    average), ``joined`` (of several), ``int8``, ``folder`` (of the shop's models, and it does not say how it
    was made), ``timm`` (in the local cache) or ``broken``. space: its fingerprint, d: the width of its
    vectors, each where that is known without loading a network. note: what it is, or what is wrong with it.
    """

    spec: str
    kind: str
    architecture: str
    space: str | None
    d: int | None
    licence: str
    note: str


def open_embedder(
    spec: str, shop_models: Path | None = None, runtime: str = "auto", batch: int | None = None
) -> Embedder:
    """The embedder that ``spec`` names.

    spec: ``bundled``; the name of one in ``shop_models``; a folder in timm's hub format, or of a joined one;
    ``ARCHITECTURE@FILE`` with a ``.safetensors`` or ``.pth`` file; or a timm name, whose pre-trained weights
    are downloaded by timm. runtime: see ``runtime.choose.RUNTIMES``. batch: photos per batch, or None for the
    runtime's own.

    Raises UsageError for a name that nothing answers to, WeightsMissing where weights cannot be had, Damaged
    where they are not whole or do not fit.
    """
    found = _folder_named(spec.strip(), shop_models)
    if found is not None:
        name, folder = found
        return open_folder(folder, name, runtime, batch)
    name, config, weights, tensors = _elsewhere(spec.strip())
    return Embedder(name, config, weights, tensors, runtime, batch)


def open_folder(
    folder: Path, name: str | None = None, runtime: str = "auto", batch: int | None = None
) -> Embedder:
    """The embedder that a folder holds, e.g. one just written."""
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}")
    value, where = read_config(folder), str(folder / CONFIG_NAME)
    extra = folder / ASPECTS_NAME
    tensors = read_safetensors(extra) if extra.is_file() else {}
    names = joined_names(value)
    if names is not None:
        members = _members(folder, names, runtime, batch)
        joined = JoinedConfig.read(value, [member.config for member in members], where)
        return JoinedEmbedder(name or joined.architecture, joined, members, tensors)
    config = EmbedderConfig.from_json(value, where)
    candidates = [folder / WEIGHTS_NAME, folder / "pytorch_model.bin"]
    weights = next((path for path in candidates if path.is_file()), candidates[0])
    graph = None if config.int8 is None else folder
    return Embedder(
        name or config.architecture, config, FileWeights(weights, config), tensors, runtime, batch, graph
    )


def _members(folder: Path, names: Sequence[str], runtime: str, batch: int | None) -> list[Embedder]:
    return [open_folder(member_folder(folder, i), n or None, runtime, batch) for i, n in enumerate(names)]


def available(shop_models: Path | None = None) -> list[EmbedderInfo]:
    """What can be opened here without a network: bundled, made on the shop, timm's in the local cache."""
    found = [_described(BUNDLED_NAME, "bundled", BUNDLED, "shipped with Vitrine, works offline")]
    if shop_models is not None and shop_models.is_dir():
        folders = [folder for folder in sorted(shop_models.iterdir()) if (folder / CONFIG_NAME).is_file()]
        found.extend(_of_shop(folder) for folder in folders)
    found.extend(_cached_timm())
    return found


def _folder_named(spec: str, shop_models: Path | None) -> tuple[str, Path] | None:
    """What the embedder is called ("" for its architecture) and the folder that ``spec`` names, or None."""
    if not spec:
        raise UsageError("an embedder's name is empty; `vitrine embedders` lists what there is")
    if spec == BUNDLED_NAME:
        if not (BUNDLED / CONFIG_NAME).is_file():
            raise WeightsMissing(
                f"the bundled embedder is not in this installation ({BUNDLED}); install Vitrine anew"
            )
        return BUNDLED_NAME, BUNDLED
    path = Path(spec.removeprefix(LOCAL_PREFIX)).expanduser()
    tuned = None if shop_models is None or Path(spec).name != spec else shop_models / spec
    if tuned is not None and (tuned / CONFIG_NAME).is_file():
        return spec, tuned
    if path.is_dir() or (spec.startswith(LOCAL_PREFIX) and "@" not in spec):
        return "", path
    return None


def _elsewhere(spec: str) -> tuple[str, EmbedderConfig, Weights, Mapping[str, StoredTensor]]:
    """A file of weights with its architecture named, or a model of timm's."""
    path = Path(spec).expanduser()
    if "@" in spec and not path.exists():
        return _named_file(spec)
    if path.is_file():
        raise UsageError(f"{spec} is a file: say which architecture it is for, e.g. resnet50@{spec}")
    if os.sep in spec:
        raise UsageError(f"there is no folder {spec}; `vitrine embedders` lists what there is")
    from embedder.pretrained import pretrained

    config, model = pretrained(spec)
    return config.architecture, config, model, {}


def _named_file(spec: str) -> tuple[str, EmbedderConfig, Weights, Mapping[str, StoredTensor]]:
    architecture, _, file = spec.partition("@")
    path = Path(file).expanduser()
    if path.suffix != SAFE and path.suffix not in PICKLED:
        raise UsageError(f"{spec}: after '@' comes a {SAFE} or .pth file")
    beside = path.parent / CONFIG_NAME
    if beside.is_file():
        config = EmbedderConfig.load(path.parent)
        if config.architecture == architecture:
            return architecture, config, FileWeights(path, config), {}
    import timm

    cfg = timm.get_pretrained_cfg(architecture)
    if cfg is None or not timm.is_model(architecture):
        raise UsageError(f"timm has no architecture {architecture!r} (the part of {spec!r} before '@')")
    from embedder.pretrained import timm_config

    written = timm_config(cfg) | {"license": "unknown"}
    config = EmbedderConfig.from_json({"architecture": architecture, "pretrained_cfg": written}, spec)
    return architecture, config, FileWeights(path, config), {}


def _of_shop(folder: Path) -> EmbedderInfo:
    made = made_of(folder)
    if made is None:
        return _described(folder.name, "folder", folder, "a folder of this shop's models")
    return _described(folder.name, made, folder, NOTES[made])


def _described(spec: str, kind: str, folder: Path, note: str) -> EmbedderInfo:
    try:
        embedder = open_folder(folder, spec)
        if isinstance(embedder, JoinedEmbedder):
            kind, note = "joined", f"joined of {', '.join(embedder.joint.names)}"
        elif embedder.config.int8 is not None:
            kind, note = "int8", "quantised on this shop, for processors"
        architecture, width = embedder.config.architecture, embedder.known_width
        return EmbedderInfo(spec, kind, architecture, embedder.space, width, embedder.licence, note)
    except VitrineError as error:
        return EmbedderInfo(spec, "broken", "", None, None, "", error.message)


def _cached_timm() -> list[EmbedderInfo]:
    """timm models whose weights lie in the hub's cache: found by folder name, timm is not imported."""
    if importlib.util.find_spec("huggingface_hub") is None:
        return []
    from huggingface_hub.constants import HF_HUB_CACHE

    cache = Path(HF_HUB_CACHE)
    if not cache.is_dir():
        return []
    found = []
    for folder in sorted(cache.iterdir()):
        match = HUB_FOLDER.match(folder.name)
        whole = match and any(folder.glob(f"snapshots/*/{WEIGHTS_NAME}"))
        if match and whole:
            name = match.group(1)
            found.append(
                EmbedderInfo(
                    name,
                    "timm",
                    name.split(".")[0],
                    None,
                    None,
                    "see its model card",
                    "in timm's local cache",
                )
            )
    return found
