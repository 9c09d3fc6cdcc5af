"""What an embedder gets wrong: the worst classes, and the queries whose right answer comes last."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from embedder.measures import ranked
from service.evaluating.material import Labelling, Material

if TYPE_CHECKING:
    from service.evaluating.measuring import Measured

QUERIES, OF_ONE_CLASS = 10, 2
CLASSES, SHOWN_OF_CLASS, FEWEST_OF_CLASS = 6, 4, 3
WRONG = 6


@dataclass(frozen=True, slots=True)
class Seen:
    """A photo as it is shown: its row in the material, its label, and its cosine to the query."""

    row: int
    label: str
    cosine: float | None = None


@dataclass(frozen=True, slots=True)
class WrongQuery:
    """A query, the nearest wrong answers, and the first right one with its rank."""

    query: Seen
    rank: int
    right: Seen
    wrong: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class WrongClass:
    """Photos of a class, each with what stands nearest to it."""

    name: str
    pairs: tuple[tuple[Seen, Seen], ...]


def worst_queries(material: Material, measured: Measured) -> tuple[WrongQuery, ...]:
    """The queries whose first right answer has the highest rank, at most two of one class."""
    labelling, found = measured.labelling, measured.found
    order = np.argsort(-np.nan_to_num(found.first, nan=-1.0), kind="stable")
    taken: Counter[str] = Counter()
    worst: list[WrongQuery] = []
    for place in order[: int((found.first > 1).sum())]:
        query = int(found.query[place])
        label = labelling.labels[query]
        if taken[label] < OF_ONE_CLASS and len(worst) < QUERIES:
            taken[label] += 1
            worst.append(_wrong_query(material, labelling, query))
    return tuple(worst)


def _wrong_query(material: Material, labelling: Labelling, query: int) -> WrongQuery:
    vectors = material.vectors[labelling.rows]
    answers, cosines = ranked(vectors, query, labelling.groups)
    label = labelling.labels[query]
    right = np.asarray([labelling.labels[i] == label for i in answers])
    first, wrong = int(np.argmax(right)), np.flatnonzero(~right)[:WRONG]
    shown = [_seen(labelling, int(answers[rank]), float(cosines[rank])) for rank in (first, *wrong.tolist())]
    return WrongQuery(_seen(labelling, query), first + 1, shown[0], tuple(shown[1:]))


def worst_classes(material: Material, measured: Measured) -> tuple[WrongClass, ...]:
    """The classes with the lowest mAP@R that have at least three queries (or the lowest at all).

    Of each some queries, those with the lowest average precision first.
    """
    labelling, found, results = measured.labelling, measured.found, measured.result.by_class
    lasting = [one for one in results if one.queries >= FEWEST_OF_CLASS] or list(results)
    vectors = material.vectors[labelling.rows]
    classes = np.asarray(labelling.labels)[found.query]
    shown = []
    for one in lasting[:CLASSES]:
        places = np.flatnonzero((classes == one.name) & (found.others > 0))
        places = places[np.argsort(found.map_at_r[places], kind="stable")][:SHOWN_OF_CLASS]
        asked, nearest = found.query[places].tolist(), found.nearest[places].tolist()
        cosines = (vectors[asked] * vectors[nearest]).sum(axis=1).tolist()
        pairs = [
            (_seen(labelling, query), _seen(labelling, answer, cosine))
            for query, answer, cosine in zip(asked, nearest, cosines, strict=True)
        ]
        shown.append(WrongClass(one.name, tuple(pairs)))
    return tuple(shown)


def _seen(labelling: Labelling, place: int, cosine: float | None = None) -> Seen:
    return Seen(int(labelling.rows[place]), labelling.labels[place], cosine)
