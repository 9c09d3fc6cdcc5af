"""Backbones compared as they are, as a value: frozen quality against speed, size and vector bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from embedder.comparing.comparison import Unrun, as_tests, flat
from embedder.comparing.costs import Cost, speed_of, vector_bytes
from embedder.comparing.judging import Paired
from embedder.comparing.summary import Mean, pareto


@dataclass(frozen=True, slots=True)
class Backbone:
    """An embedder as it is.

    spec: what to write after ``--embedder``. quality: mAP@R, mean over the labels. means: label by label.
    front: whether no other one is as good and as fast and better in one. caution: in words, what it had
    learnt of the products asked; None where that is nothing.
    """

    spec: str
    space: str
    aspect: str
    dims: int
    quality: float
    means: tuple[Mean, ...]
    cost: Cost | None
    front: bool
    caution: str | None = None

    @property
    def vector_bytes(self) -> int:
        """Of a million photos, float16, of this aspect alone."""
        return vector_bytes(self.dims)

    @property
    def speed(self) -> float | None:
        """Photos per second through the network, where it was measured."""
        return speed_of(self.cost)


@dataclass(frozen=True, slots=True)
class Backbones:
    """photos: asked, of so many ``labelled``. tests: every other one against the first, on every label."""

    labels: tuple[str, ...]
    photos: int
    labelled: int
    found: tuple[Backbone, ...]
    tests: tuple[Paired, ...]
    unrun: tuple[Unrun, ...]
    ran: tuple[str, ...]
    hardware: str
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Plain values: the content of report.json."""
        return {
            "kind": "backbones",
            "labels": list(self.labels),
            "photos": self.photos,
            "labelled": self.labelled,
            "backbones": [
                asdict(one)
                | {"means": [flat(asdict(mean)) for mean in one.means]}
                | {"vector_bytes_per_million": one.vector_bytes}
                for one in self.found
            ],
            "tests": as_tests(self.tests),
            "ran": list(self.ran),
            "not_run": [{"cell": one.cell.method, "why": one.why} for one in self.unrun],
            "hardware": self.hardware,
            "seconds": round(self.seconds, 2),
        }


def placed(found: Sequence[Backbone]) -> tuple[Backbone, ...]:
    """The same, with those marked that are on the front of quality against speed."""
    told = [(one, one.speed) for one in found if one.speed is not None]
    fronts = pareto([(one.quality, speed) for one, speed in told])
    best = {one.spec for (one, _), front in zip(told, fronts, strict=True) if front}
    return tuple(replace(one, front=one.spec in best) for one in found)
