"""What defines an embedder, apart from its tensors: architecture, preprocessing and aspects.

On disk this is ``config.json`` as timm's hub writes it (``architecture``, ``model_args``, ``pretrained_cfg``)
with one more key, ``vitrine``, that says how the network's activations become the aspects of a vector. A
folder without that key gets the default aspects.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.errors import UsageError
from embedder.aspect import FORMAT, AspectConfig, parse_aspects

CONFIG_NAME = "config.json"
INTERPOLATIONS = ("bilinear", "bicubic", "lanczos", "nearest")


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How a picture becomes the network's input, from the network's own ``pretrained_cfg``.

    The whole picture is resized to ``width`` × ``height`` (a product photo is never cropped), with
    ``interpolation``; then ``(x / 255 - mean) / std`` per channel, RGB.
    """

    width: int
    height: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        if not (8 <= self.width <= 2048 and 8 <= self.height <= 2048):
            raise UsageError(f"an input of {self.width}×{self.height} pixels is not between 8 and 2048")
        if min(self.std) <= 0:
            raise UsageError("every std of the preprocessing must be above 0")
        if self.interpolation not in INTERPOLATIONS:
            raise UsageError(f"interpolation {self.interpolation!r} is none of {', '.join(INTERPOLATIONS)}")

    @classmethod
    def from_timm(cls, cfg: Mapping[str, Any], where: str) -> Preprocessing:
        """From a ``pretrained_cfg``; ``where`` names it in errors."""
        missing = [key for key in ("input_size", "mean", "std") if key not in cfg]
        if missing:
            raise UsageError(
                f"{where}: pretrained_cfg lacks {', '.join(missing)}; they say how to prepare a photo"
            )
        channels, height, width = (int(n) for n in cfg["input_size"])
        if channels != 3:
            raise UsageError(f"{where}: the network wants {channels} channels; photos have 3")
        interpolation = str(cfg.get("interpolation") or "bilinear")
        return cls(
            width,
            height,
            _three(cfg["mean"], f"{where}: mean"),
            _three(cfg["std"], f"{where}: std"),
            "bilinear" if interpolation == "random" else interpolation,
        )


@dataclass(frozen=True, slots=True)
class EmbedderConfig:
    """Everything about an embedder that can be written down as text.

    architecture: a timm architecture, without a weights tag.
    model_args: further arguments of the architecture (e.g. ``{"pad_type": "same"}``).
    aspects, weights: the blocks of a vector in order, and the default weight of each.
    classifiers: names of the layers whose tensors are left out: they classify, they do not describe.
    licence: of the weights, as their author states it.
    int8: of an embedder that is quantised, the sha256 of the two files of its graph, see ``runtime.graph``.
    """

    architecture: str
    preprocessing: Preprocessing
    aspects: tuple[AspectConfig, ...]
    weights: tuple[float, ...]
    model_args: Mapping[str, object] = field(default_factory=dict)
    classifiers: tuple[str, ...] = ()
    licence: str = "unknown"
    int8: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.aspects or len(self.aspects) != len(self.weights):
            raise UsageError("an embedder needs at least one aspect, and a default weight for each")
        if len({aspect.name for aspect in self.aspects}) != len(self.aspects):
            raise UsageError("two aspects of an embedder have the same name")
        if sum(not aspect.from_network for aspect in self.aspects) > 1:
            raise UsageError("an embedder has at most one palette")

    @property
    def network_aspects(self) -> tuple[AspectConfig, ...]:
        """The aspects that the network computes, in order."""
        return tuple(aspect for aspect in self.aspects if aspect.from_network)

    def defining(self) -> dict[str, object]:
        """What of this text belongs to the fingerprint (all but licence and layers left out)."""
        shape = self.preprocessing
        quantised = {} if self.int8 is None else {"int8": list(self.int8)}
        return {
            "format": FORMAT,
            "architecture": self.architecture,
            "model_args": dict(self.model_args),
            "input": [shape.width, shape.height],
            "mean": list(shape.mean),
            "std": list(shape.std),
            "interpolation": shape.interpolation,
            "aspects": [aspect.as_json() for aspect in self.aspects],
            "weights": list(self.weights),
            **quantised,
        }

    def as_json(self) -> dict[str, object]:
        """The content of ``config.json``."""
        shape = self.preprocessing
        names = [aspect.name for aspect in self.aspects]
        quantised = {} if self.int8 is None else {"int8": list(self.int8)}
        return {
            "architecture": self.architecture,
            "num_classes": 0,
            "model_args": dict(self.model_args),
            "pretrained_cfg": {
                "input_size": [3, shape.height, shape.width],
                "mean": list(shape.mean),
                "std": list(shape.std),
                "interpolation": shape.interpolation,
                "crop_pct": 1.0,
                "crop_mode": "squash",
                "num_classes": 0,
                "classifier": list(self.classifiers),
                "license": self.licence,
            },
            "vitrine": {
                "format": FORMAT,
                "aspects": [aspect.as_json() for aspect in self.aspects],
                "weights": dict(zip(names, self.weights, strict=True)),
                **quantised,
            },
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], where: str) -> EmbedderConfig:
        """From the content of a ``config.json``; ``where`` names it in errors."""
        architecture = value.get("architecture")
        cfg = value.get("pretrained_cfg")
        if not isinstance(architecture, str) or not isinstance(cfg, Mapping):
            raise UsageError(
                f"{where}: 'architecture' and 'pretrained_cfg' are needed, as timm's hub format has them"
            )
        names = cfg.get("classifier") or ()
        aspects, weights = parse_aspects(value.get("vitrine"), architecture, where)
        ours = value.get("vitrine") or {}
        stated = ours.get("licence") or cfg.get("license") or "unknown"
        return cls(
            architecture=architecture.split(".")[0],
            preprocessing=Preprocessing.from_timm(cfg, where),
            aspects=aspects,
            weights=weights,
            model_args=dict(value.get("model_args") or {}),
            classifiers=(names,) if isinstance(names, str) else tuple(str(n) for n in names),
            licence=str(stated),
            int8=_digests(ours.get("int8"), where),
        )

    @classmethod
    def load(cls, folder: Path) -> EmbedderConfig:
        """From ``config.json`` of a folder; UsageError where it is absent or not understood."""
        return cls.from_json(read_config(folder), str(folder / CONFIG_NAME))

    def save(self, folder: Path) -> None:
        """Writes ``config.json`` into a folder."""
        text = json.dumps(self.as_json(), indent=1, ensure_ascii=False)
        (folder / CONFIG_NAME).write_text(text + "\n", encoding="utf-8")


def read_config(folder: Path) -> dict[str, Any]:
    """What ``config.json`` of a folder says; UsageError where it is absent or no JSON object."""
    path = folder / CONFIG_NAME
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{folder} has no {CONFIG_NAME}, so it is not an embedder") from None
    except (ValueError, OSError) as error:
        raise UsageError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError(f"{path} is not a JSON object")
    return value


def _digests(value: object, where: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(one, str) for one in value):
        raise UsageError(f"{where}: 'int8' of 'vitrine' must hold the sha256 of the graph's two files")
    return tuple(value)


def _three(value: Any, where: str) -> tuple[float, float, float]:
    numbers = tuple(float(n) for n in value)
    if len(numbers) != 3:
        raise UsageError(f"{where} has {len(numbers)} numbers; 3 are needed")
    return numbers[0], numbers[1], numbers[2]
