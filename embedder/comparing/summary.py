"""Means with intervals, learning curves, and who is on the front of quality against speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embedder.comparing.answers import MAP, RECALL, Point
from embedder.comparing.grid import Design, Entry
from embedder.comparing.scores import Scores
from embedder.measures import Interval, bootstrap

ENOUGH = 0.95
"""The share of the best value from which a training counts as nearly done."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A method at a share on one label.

    map_at_r, recall_at_1: means over the photos that any of the seeds tests (of each photo over its seeds),
    with 95 % bootstrap intervals over products. spread: lowest and highest mAP@R of a seed. seeds: how many.
    photos, products: learnt from, by the first seed.
    """

    entry: Entry
    label: str
    map_at_r: Interval
    recall_at_1: Interval
    spread: tuple[float, float]
    seeds: int
    photos: int
    products: int


@dataclass(frozen=True, slots=True)
class Reached:
    """How quickly a training came to 95 % of the best validation value: ``own`` of its own best one,
    ``common`` of the best one that any method had for the same seed and share.

    Epochs and seconds are means over the seeds that got there, of ``seeds`` in all; None where none did.
    """

    epochs: float | None
    seconds: float | None
    arrived: int
    seeds: int


@dataclass(frozen=True, slots=True)
class Curve:
    """The validation course of a method at a share, averaged over its seeds, and how quickly it was done."""

    entry: Entry
    points: tuple[Point, ...]
    own: Reached
    common: Reached


def entries(design: Design, scores: Scores) -> list[Entry]:
    """What has a finished cell, in the order of methods, shares rising."""
    asked = [Entry(name) for name in design.untrained]
    asked += [Entry(name, share) for name in design.trained for share in sorted(set(design.shares))]
    return [entry for entry in asked if scores.of(entry)]


def means(design: Design, scores: Scores) -> tuple[Mean, ...]:
    """A mean for every entry and label that has a value."""
    found = []
    for entry in entries(design, scores):
        for label in design.all_labels:
            one = mean_of(scores, entry, label)
            if one is not None:
                found.append(one)
    return tuple(found)


def mean_of(scores: Scores, entry: Entry, label: str) -> Mean | None:
    """None where no photo has a value."""
    seeds = scores.seeds(entry)
    values = {name: scores.by_photo(entry, label, name, seeds) for name in (MAP, RECALL)}
    if not np.isfinite(values[MAP]).any():
        return None
    shown = {name: bootstrap(each, clusters=scores.groups) for name, each in values.items()}
    by_seed = scores.seed_means(entry, label, MAP).values()
    first = scores.of(entry)[0]
    return Mean(
        entry=entry,
        label=label,
        map_at_r=shown[MAP],
        recall_at_1=shown[RECALL],
        spread=(min(by_seed), max(by_seed)),
        seeds=len(seeds),
        photos=first.photos,
        products=first.products,
    )


def curves(design: Design, scores: Scores) -> tuple[Curve, ...]:
    """The courses of all that had a training of their own."""
    found = [entry for entry in entries(design, scores) if all(one.course for one in scores.of(entry))]
    return tuple(_curve(scores, entry, found) for entry in found)


def _curve(scores: Scores, entry: Entry, every: Sequence[Entry]) -> Curve:
    own, common, courses = [], [], []
    for result in scores.of(entry):
        course = result.course
        rivals = [
            point.value
            for other in every
            if other.share == entry.share
            for rival in scores.of(other)
            if rival.cell.seed == result.cell.seed
            for point in rival.course
        ]
        courses.append(course)
        own.append(first_reaching(course, ENOUGH * max(point.value for point in course)))
        common.append(first_reaching(course, ENOUGH * max(rivals)))
    return Curve(entry, _averaged(courses), _reached(own), _reached(common))


def first_reaching(course: Sequence[Point], value: float) -> Point | None:
    """The first epoch whose value is at least so high; None where none is."""
    return next((point for point in course if point.value >= value), None)


def _reached(points: Sequence[Point | None]) -> Reached:
    arrived = [point for point in points if point is not None]
    if not arrived:
        return Reached(None, None, 0, len(points))
    epochs = float(np.mean([point.epoch for point in arrived]))
    return Reached(epochs, float(np.mean([point.seconds for point in arrived])), len(arrived), len(points))


def _averaged(courses: Sequence[Sequence[Point]]) -> tuple[Point, ...]:
    """Epoch by epoch, as far as every seed went; the interval is the mean of the seeds' intervals."""
    found = []
    for points in zip(*courses, strict=False):
        numbers = [(p.value, p.low, p.high, p.loss, p.seconds) for p in points]
        found.append(Point(points[0].epoch, *np.mean(numbers, axis=0).tolist()))
    return tuple(found)


def pareto(points: Sequence[tuple[float, float]]) -> tuple[bool, ...]:
    """Whether a point (quality, speed; higher is better) is on the front: no other is at least as good in
    both and better in one."""
    return tuple(
        not any(q >= quality and s >= speed and (q > quality or s > speed) for q, s in points)
        for quality, speed in points
    )
