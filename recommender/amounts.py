"""What each source added to the score of a product: the blend's summands, and what the trees made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from recommender.items import Bools, Doubles, Floats, Ints
from recommender.proposing import Candidates
from recommender.ranker.signals import BLEND
from recommender.ranker.trees import BASE
from recommender.ranker.vitrine import FittedVitrine, Ranked

FIT = "fit"
"""The word for features that belong to no source: price, age, sales."""
ATTRIBUTES = "attributes"
FAMILIES: Mapping[str, str] = {"value": ATTRIBUTES, "price": FIT, "item": FIT}
"""Families of features that are told by another word than their own."""
CUSTOMER = "customer"
ZERO_TELLS = ("price", "item")


@dataclass(frozen=True, slots=True)
class Amounts:
    """Of one product. sources: word → what it added, also below 0. columns: column of words → what the trees
    added for its value.
    """

    sources: dict[str, float] = field(default_factory=dict)
    columns: dict[str, float] = field(default_factory=dict)


def amounts_of(
    vitrine: FittedVitrine, candidates: Candidates, ranked: Ranked, rows: Sequence[int]
) -> dict[int, Amounts]:
    """Row → amounts, for those of some products that are candidates.

    Without trees the blend's summands. With trees ``BASE`` times these, and to each source what the trees
    added
    by its features (TreeSHAP); what they added by the blend's own score is shared out as the summands are. So
    the amounts add up to the score but for the trees' constant, and for what is no reason for this product:
    features of the customer alone, and those that say nothing of it (a source that is silent, no photo, no
    price).
    """
    asked = np.asarray(rows, np.int64)
    places = np.searchsorted(candidates.rows, asked)
    there = np.isin(asked, candidates.rows)
    found: dict[int, Amounts] = {}
    scale = 1.0 if vitrine.trees is None else BASE
    for row, place in zip(asked[there].tolist(), places[there].tolist(), strict=True):
        summands = candidates.summands[:, place].astype(np.float64) * scale
        found[row] = Amounts(dict(zip(vitrine.blend.names, summands.tolist(), strict=True)))
    corrected = np.isin(places[there], ranked.places)
    _add_trees(vitrine, candidates, ranked, places[there][corrected], found)
    return found


def _add_trees(
    vitrine: FittedVitrine, candidates: Candidates, ranked: Ranked, places: Ints, found: Mapping[int, Amounts]
) -> None:
    """Add to the amounts what the trees made of candidates (places) that they ranked."""
    if vitrine.trees is None or not len(places):
        return
    seen = np.searchsorted(ranked.places, places)
    features = {name: values[seen] for name, values in ranked.features.items()}
    shares = vitrine.trees.shares(features, candidates.blended[places])
    sources, columns = dict[str, Doubles](), dict[str, Doubles]()
    for at, name in enumerate(vitrine.trees.names):
        family, _, what = name.partition(": ")
        if family == CUSTOMER or name not in features:
            continue
        told = np.where(_tells(family, features[name]), shares[:, at], 0.0)
        word = FAMILIES.get(family, family)
        sources[word] = sources.get(word, 0.0) + told
        if word == ATTRIBUTES and what in vitrine.signals.items.attributes:
            columns[what] = columns.get(what, 0.0) + told
    summands = candidates.summands[:, places].astype(np.float64)
    parts = summands / np.maximum(summands.sum(axis=0), 1e-12) * sources.pop(BLEND, 0.0)
    for name, part in zip(vitrine.blend.names, parts, strict=True):
        sources[name] = sources.get(name, 0.0) + part
    for at, place in enumerate(places.tolist()):
        amounts = found[int(candidates.rows[place])]
        for word, added in sources.items():
            amounts.sources[word] = amounts.sources.get(word, 0.0) + float(added[at])
        for column, added in columns.items():
            amounts.columns[column] = float(added[at])


def _tells(family: str, values: Floats) -> Bools:
    """bool (m,): where a feature says something of the product."""
    said: Bools = np.isfinite(values)
    return said if family in ZERO_TELLS else said & (values != 0)
