"""A customer as the recommender sees them: their interests, and what each source would say alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recommender.histories import Histories
from recommender.items import Items
from recommender.models.blend import FittedBlend, is_warm
from recommender.models.looks import FittedLooks, Looks
from recommender.proposing import Candidates
from recommender.taste import Interest, interests_of


@dataclass(frozen=True, slots=True)
class Voice:
    """What one source would recommend.

    source: its word. weight: what its standing counts in the blend for this customer; the weights of all
    sources add up to 1. products: product ids, best first; empty where the source has nothing to say.
    """

    source: str
    weight: float
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Portrait:
    """interests: of the customer's looks, largest share first. voices: heaviest source first."""

    interests: tuple[Interest, ...]
    voices: tuple[Voice, ...]


def portrait_of(
    history: Histories, items: Items, blend: FittedBlend, candidates: Candidates, each: int
) -> Portrait:
    """The one customer's portrait; each: at most so many products of a source.

    The interests are clusters of what was liked, by Ward's method, whatever the mode in which the source of
    looks compares products, and faded as that source fades them.
    """
    looks = next((source for source in blend.sources if isinstance(source, FittedLooks)), None)
    half_life = Looks().half_life if looks is None else looks.recipe.half_life
    return Portrait(interests_of(history, items, half_life), _voices(items, blend, candidates, each))


def _voices(items: Items, blend: FittedBlend, candidates: Candidates, each: int) -> tuple[Voice, ...]:
    warm = bool(is_warm(candidates.standing[:, None, :], blend.names)[0])
    weights = blend.weights.warm if warm else blend.weights.cold
    total = sum(weights.values())
    voices = []
    for name, proposal in zip(blend.names, candidates.proposals, strict=True):
        best = np.argsort(-proposal.scores, kind="stable")[:each]
        products = tuple(items.ids[row] for row in proposal.rows[best].tolist())
        voices.append(Voice(name, weights.get(name, 0.0) / total, products))
    return tuple(sorted(voices, key=lambda voice: (-voice.weight, voice.source)))
