"""The aspects of an embedder as its ``config.json`` writes them, and those of a network that has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from data.errors import UsageError

FORMAT = 1
POOLINGS = ("avg", "max", "gem", "meanstd")
KINDS = ("deep", "statistics", "palette")

Stage = int | Literal["final", "head"]


@dataclass(frozen=True, slots=True)
class AspectConfig:
    """One named block of the vector.

    name: e.g. ``shape``.
    kind: ``deep`` or ``statistics`` (pooled activations of the network), ``palette`` (colours of the
        picture).
    stages: whose activations: an index into the network's stages (0 is the earliest), ``final`` (the last
        map), or ``head`` (the network's own pooled features just before its classifier). Several are
        concatenated. Empty for a palette.
    pooling: ``avg``, ``max``, ``gem`` (generalised mean with p = 3: Radenović et al., 2018) or ``meanstd``
        (mean and standard deviation of every channel).
    stage_norm: every stage's pooled block is made unit-norm before they are concatenated.
    """

    name: str
    kind: str
    stages: tuple[Stage, ...] = ()
    pooling: str = "avg"
    stage_norm: bool = False

    def __post_init__(self) -> None:
        if not self.name or not self.name.replace("_", "a").replace("-", "a").isalnum():
            raise UsageError(f"aspect name {self.name!r} must be letters, digits, '-' and '_' only")
        if self.kind not in KINDS:
            raise UsageError(f"aspect {self.name!r}: kind {self.kind!r} is none of {', '.join(KINDS)}")
        if (self.kind == "palette") == bool(self.stages):
            raise UsageError(
                f"aspect {self.name!r}: a palette has no stages, every other kind has at least one"
            )
        if self.pooling not in POOLINGS:
            raise UsageError(
                f"aspect {self.name!r}: pooling {self.pooling!r} is none of {', '.join(POOLINGS)}"
            )
        for stage in self.stages:
            if stage not in ("final", "head") and not (isinstance(stage, int) and stage >= 0):
                raise UsageError(
                    f"aspect {self.name!r}: stage {stage!r} is neither 'final', 'head' nor a number"
                )

    @property
    def from_network(self) -> bool:
        """Whether the block is computed by the network."""
        return self.kind != "palette"

    def as_json(self) -> dict[str, object]:
        """The entry in ``config.json``."""
        if not self.from_network:
            return {"name": self.name, "kind": self.kind}
        entry: dict[str, object] = {
            "name": self.name,
            "kind": self.kind,
            "stages": list(self.stages),
            "pooling": self.pooling,
        }
        return entry | ({"stage_norm": True} if self.stage_norm else {})


def default_aspects(architecture: str) -> tuple[tuple[AspectConfig, ...], tuple[float, ...]]:
    """Shape, texture and colour of a network that says nothing about aspects, with their weights.

    ConvNeXt normalises its features only in its head, so there the head's are taken.
    """
    final: Stage = "head" if architecture.startswith("convnext") else "final"
    aspects = (
        AspectConfig("shape", "deep", (final,), "avg"),
        AspectConfig("texture", "statistics", (1,), "meanstd"),
        AspectConfig("colour", "palette"),
    )
    return aspects, (0.55, 0.1, 0.35)


def parse_aspects(
    value: object, architecture: str, where: str
) -> tuple[tuple[AspectConfig, ...], tuple[float, ...]]:
    """The key ``vitrine`` of a ``config.json``, or the defaults where it is absent; ``where`` names the
    file."""
    if value is None:
        return default_aspects(architecture)
    if not isinstance(value, Mapping) or not isinstance(value.get("aspects"), list):
        raise UsageError(f"{where}: 'vitrine' must hold a list 'aspects'")
    if value.get("format") != FORMAT:
        raise UsageError(
            f"{where}: format {value.get('format')!r} of 'vitrine' is not {FORMAT}; update Vitrine"
        )
    aspects = tuple(_aspect(entry, where) for entry in value["aspects"])
    given = value.get("weights") or {}
    unknown = sorted(set(given) - {aspect.name for aspect in aspects})
    if unknown:
        raise UsageError(f"{where}: weights for unknown aspects {', '.join(unknown)}")
    return aspects, tuple(float(given.get(aspect.name, 1.0)) for aspect in aspects)


def _aspect(entry: object, where: str) -> AspectConfig:
    if not isinstance(entry, Mapping) or not {"name", "kind"} <= set(entry):
        raise UsageError(f"{where}: every aspect needs a 'name' and a 'kind'")
    stages = tuple(entry.get("stages") or ())
    if any(isinstance(stage, bool) or not isinstance(stage, int | str) for stage in stages):
        raise UsageError(f"{where}: stages are numbers, 'final' or 'head', not {list(stages)!r}")
    return AspectConfig(
        str(entry["name"]),
        str(entry["kind"]),
        cast("tuple[Stage, ...]", stages),
        str(entry.get("pooling", "avg")),
        bool(entry.get("stage_norm", False)),
    )
