"""A whole comparison as a value: what was asked, what was found, what was not run, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from embedder.comparing.answers import CellResult
from embedder.comparing.costs import Cost, speed_of, together, vector_bytes
from embedder.comparing.grid import INDEXED, JOINED, MEMBERS, WHAT, Cell, Design, Entry
from embedder.comparing.judging import Paired
from embedder.comparing.negative import Finding
from embedder.comparing.scores import Scores
from embedder.comparing.shipping import Verdict
from embedder.comparing.summary import Curve, Mean, pareto

NETWORK, OWN, PALETTE = "network", "own", "palette"
"""Costs: of the network at the side that is compared, at the embedder's own side, and of the colours."""


@dataclass(frozen=True, slots=True)
class Unrun:
    """A cell without a result. why: ``time``, or what went wrong."""

    cell: Cell
    why: str

    @property
    def for_time(self) -> bool:
        """Whether another run would go on with it."""
        return self.why == "time"


@dataclass(frozen=True, slots=True)
class Makeup:
    """What a finished cell is made of, where that is more than one training.

    members: methods, or the epochs of ``snapshots``. without: method that could have been a member → why it
    was not finished.
    """

    cell: Cell
    members: tuple[str, ...]
    without: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What was compared on.

    photos, products: with a learnt label. classes: label → values. counts: seed → photos of its split. notes:
    on the splits. side: pixels of photos; own_side: those that the embedder was made for. caution: in words,
    what it had learnt of the products that are measured, or that this is not known.
    """

    base: str
    space: str
    photos: int
    products: int
    classes: Mapping[str, int]
    counts: Mapping[int, Mapping[str, int]]
    notes: tuple[str, ...]
    side: int
    own_side: int
    hardware: str
    caution: str | None


@dataclass(frozen=True, slots=True)
class Price:
    """A method at the largest share of labels: quality, speed, and what it takes.

    quality: mAP@R, mean over the learnt labels. front: whether no other method is as good and as fast and
    better in one. training_seconds: mean over the seeds, 0 for what learns nothing; what is made of trainings
    counts theirs too. vector_bytes: of a million photos.
    """

    method: str
    quality: float
    cost: Cost | None
    dims: int
    training_seconds: float
    front: bool

    @property
    def vector_bytes(self) -> int:
        """Of a million photos, float16."""
        return vector_bytes(self.dims)

    @property
    def speed(self) -> float | None:
        """Photos per second through the network, where it was measured."""
        return speed_of(self.cost)


@dataclass(frozen=True, slots=True)
class Comparison:
    """ran: cells that were run now; known: those of earlier runs. seconds: of this run."""

    design: Design
    facts: Facts
    means: tuple[Mean, ...]
    curves: tuple[Curve, ...]
    prices: tuple[Price, ...]
    combined: tuple[Makeup, ...]
    tests: Mapping[str, tuple[Paired, ...]]
    findings: tuple[Finding, ...]
    verdict: Verdict
    ran: tuple[Cell, ...]
    known: tuple[Cell, ...]
    unrun: tuple[Unrun, ...]
    seconds: float

    def mean(self, entry: Entry, label: str) -> Mean | None:
        """An entry's mean on a label, if it has one."""
        return next((m for m in self.means if m.entry == entry and m.label == label), None)

    def as_json(self) -> dict[str, Any]:
        """Plain values: the content of report.json."""
        return {
            "kind": "methods",
            "verdict": asdict(self.verdict),
            "negative_transfer": [_finding(finding) for finding in self.findings],
            "design": self.design.as_json(),
            "facts": asdict(self.facts),
            "methods": {name: WHAT[name] for name in (*self.design.untrained, *self.design.trained)},
            "means": [flat(asdict(mean)) for mean in self.means],
            "curves": [flat(asdict(curve)) for curve in self.curves],
            "costs": [
                asdict(price) | {"vector_bytes_per_million": price.vector_bytes} for price in self.prices
            ],
            "combined": [
                {**asdict(one.cell), "members": list(one.members), "without": dict(one.without)}
                for one in self.combined
            ],
            "tests": {name: as_tests(tests) for name, tests in self.tests.items()},
            "cells": {"ran": _cells(self.ran), "known": _cells(self.known)},
            "not_run": [{"cell": one.cell.words, **asdict(one.cell), "why": one.why} for one in self.unrun],
            "seconds": round(self.seconds, 2),
        }


def makeups(design: Design, results: Mapping[Cell, CellResult], unrun: Sequence[Unrun]) -> tuple[Makeup, ...]:
    """Of every finished cell that is made of several, in the order of the cells."""
    why = {one.cell: "not run for want of time" if one.for_time else f"failed: {one.why}" for one in unrun}
    found = []
    for cell in design.cells():
        if cell not in results or not results[cell].members:
            continue
        others = [Cell(name, cell.share, cell.seed) for name in MEMBERS.get(cell.method, ())]
        if cell.method == JOINED:  # of the trainings that there are it takes one
            others = [one for one in others if one.method in design.methods]
        without = {one.method: why.get(one, "not compared") for one in others if one not in results}
        found.append(Makeup(cell, results[cell].members, without))
    return tuple(found)


def prices(
    design: Design, scores: Scores, found: Sequence[Mean], costs: Mapping[str, Cost]
) -> tuple[Price, ...]:
    """What each method costs that was measured at the largest share."""
    network = costs.get(NETWORK)
    known = {**costs, JOINED: together(network, network)} if network is not None else costs
    drafts = []
    for name in (*design.untrained, *design.trained):
        share = design.main_share if name in design.trained else None
        entry = Entry(name, share)
        values = [m.map_at_r.mean for m in found if m.entry == entry and m.label in design.labels]
        if not values:
            continue
        kind = {"colour": PALETTE, INDEXED: OWN, JOINED: JOINED}.get(name, NETWORK)
        cells = scores.of(entry)
        seconds = float(np.mean([cell.seconds for cell in cells]))
        quality = sum(values) / len(values)
        drafts.append(Price(name, quality, known.get(kind), cells[0].dims, seconds, False))
    placed = [(price, price.speed) for price in drafts if price.speed is not None]
    fronts = pareto([(price.quality, speed) for price, speed in placed])
    best = {price.method for (price, _), front in zip(placed, fronts, strict=True) if front}
    return tuple(
        Price(p.method, p.quality, p.cost, p.dims, p.training_seconds, p.method in best) for p in drafts
    )


def flat(value: dict[str, Any]) -> dict[str, Any]:
    """Plain values of something with an entry: its method and share at the top."""
    entry = value.pop("entry")
    return {**entry, **value}


def as_tests(tests: Sequence[Paired]) -> list[dict[str, Any]]:
    """Plain values of tests."""
    return [_paired(test) for test in tests]


def _paired(test: Paired) -> dict[str, Any]:
    return {
        **asdict(test.entry),
        "against": asdict(test.against),
        "label": test.label,
        "value": test.value,
        **asdict(test.difference),
        "adjusted_p": test.adjusted,
        "better": test.better,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "question": finding.question,
        "negative": finding.negative,
        "text": finding.text,
        "losses": as_tests(finding.losses),
    }


def _cells(cells: Sequence[Cell]) -> list[str]:
    return [cell.words for cell in cells]
