"""One label measured on a shop's photos: retrieval, classes, aspects, verification."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedder.measures import (
    Interval,
    Resampling,
    Retrieval,
    alignment,
    class_means,
    nearest_other,
    over_classes,
    over_queries,
    pairs,
    retrieve,
    verify,
)
from service.evaluating.material import Floats, Ints, Labelling, Material
from service.evaluating.result import MEASURES, ClassResult, LabelResult

CMC_RANKS = 50
TAKEN_FOR = 3
BY_ASPECT = ("recall@1", "map@r")
Columns = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """A label's result, with every query's own values behind it."""

    labelling: Labelling
    result: LabelResult
    found: Retrieval


def measure_label(
    material: Material, labelling: Labelling, rows: Ints, threshold: float | None, seed: int
) -> Measured:
    """Measure the material's ``rows`` as queries against all photos that have the label.

    threshold: the look-alike threshold, where it is known. Raises ValueError where no query has an answer.
    """
    vectors, how = material.vectors[labelling.rows], Resampling(seed=seed)
    asked = labelling.asked(rows)
    found = retrieve(vectors, labelling.labels, labelling.groups, asked)
    clusters = material.alike[labelling.rows][asked]
    classes = np.asarray(labelling.labels)[asked]
    values = _columns(found)
    told = pairs(vectors, labelling.labels, labelling.groups, asked, seed=seed)
    compared = len(told.genuine) and len(told.impostor)
    by_class = _by_class(labelling, found, classes, values)
    result = LabelResult(
        label=labelling.name,
        queries=int((found.others > 0).sum()),
        gallery=len(labelling.rows),
        classes=len(by_class),
        unlabelled=labelling.unlabelled,
        over_photos=_named(over_queries(values, clusters, how)),
        over_classes=_named(over_classes(values, classes, clusters, how)),
        cmc=tuple(over_queries(found.hits(CMC_RANKS), clusters, how)),
        by_class=by_class,
        aspects=_by_aspect(material, labelling, asked, clusters, how),
        verification=verify(told, how) if compared else None,
        alignment=alignment(told.genuine) if len(told.genuine) else None,
        kept_without_class=_kept_without_class(vectors, labelling, asked, threshold),
    )
    return Measured(labelling, result, found)


def _columns(found: Retrieval) -> Columns:
    """Every query's values in the order of ``MEASURES``, (q, measures)."""
    recalls = [found.recall(k) for k in (1, 5, 10)]
    return np.stack([*recalls, found.map_at_r, found.r_precision, found.reciprocal_rank], axis=1)


def _named(intervals: list[Interval]) -> dict[str, Interval]:
    return dict(zip(MEASURES, intervals, strict=True))


def _by_class(
    labelling: Labelling, found: Retrieval, classes: NDArray[np.str_], values: Columns
) -> tuple[ClassResult, ...]:
    """Classes that have a query, the lowest mAP@R first; equals by name."""
    names, number = np.unique(classes, return_inverse=True)
    counts, means = class_means(values, number)
    nearest = np.asarray(labelling.labels)[found.nearest]
    mistaken = (found.others > 0) & (nearest != classes)
    confusions = [Counter(nearest[mistaken & (number == c)].tolist()) for c in range(len(names))]
    results = [
        ClassResult(
            str(name),
            int(counts[c]),
            dict(zip(MEASURES, means[c].tolist(), strict=True)),
            tuple(sorted(confusions[c].items(), key=lambda pair: (-pair[1], pair[0]))[:TAKEN_FOR]),
        )
        for c, name in enumerate(names)
        if counts[c]
    ]
    return tuple(sorted(results, key=lambda one: (one.measures["map@r"], one.name)))


def _by_aspect(
    material: Material, labelling: Labelling, asked: Ints, clusters: Ints, how: Resampling
) -> dict[str, dict[str, Interval]]:
    """The same queries by one aspect alone; nothing for an embedder of one aspect."""
    names = material.layout.names
    if len(names) < 2:
        return {}
    told = {}
    for place, name in enumerate(names):
        block = material.block(place)[labelling.rows]
        found = retrieve(block, labelling.labels, labelling.groups, asked)
        both = np.stack([found.recall(1), found.map_at_r], axis=1)
        told[name] = dict(zip(BY_ASPECT, over_queries(both, clusters, how), strict=True))
    return told


def _kept_without_class(
    vectors: Floats, labelling: Labelling, asked: Ints, threshold: float | None
) -> float | None:
    """Share of queries whose best score among other classes reaches the threshold."""
    if threshold is None:
        return None
    best = nearest_other(vectors, labelling.labels, asked)
    known = best[~np.isnan(best)]
    return float((known >= threshold).mean()) if len(known) else None
