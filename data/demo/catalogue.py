"""Product specifications: what is drawn, sold and liked, sampled from the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from data.demo.palette import COLOURS, PARTNERS, RGB, dye
from data.demo.vocabulary import BRANDS, CATEGORIES, KINDS, PLAIN_ONLY, SEASONS, Kind

_COLOUR_WEIGHTS = {
    "black": 1.5, "white": 1.4, "navy": 1.3, "grey": 1.2, "beige": 1.1, "blue": 1.1, "brown": 0.9,
    "red": 1.0, "green": 1.0, "pink": 0.9, "teal": 0.8, "yellow": 0.8, "orange": 0.7, "purple": 0.7,
}  # fmt: skip
_METALS = ("grey", "yellow", "black", "brown", "white", "pink", "blue", "navy", "red", "green")


@dataclass(frozen=True, slots=True)
class ProductSpec:
    """Everything that one drawn product is.

    ``colour`` names the ground colour, ``rgb`` is its dye lot; ``second`` and ``third`` are the colours of
    pattern and trim. ``shape`` maps a feature to its variant, e.g. ``{"sleeve": "long"}``. ``seed`` fixes the
    product's own geometry and print, so that all of its photos show the same thing.
    """

    category: str
    colour: str
    pattern: str
    material: str
    rgb: RGB
    second_colour: str
    second: RGB
    third: RGB
    shape: Mapping[str, str] = field(hash=False)
    brand: str
    season: str
    gender: str | None
    price: float
    seed: int


def sample_specs(
    n: int, seed: int, categories: Sequence[str] = CATEGORIES, colours: Sequence[str] = tuple(COLOURS)
) -> list[ProductSpec]:
    """Sample ``n`` products, categories in equal parts, the same for the same ``seed`` on any machine.

    Every category occurs as soon as ``n >= len(categories)``. Colours are sampled with the shares of a real
    wardrobe (more black than purple), patterns and materials with the shares of their category. Raises
    ``ValueError`` when ``n`` is negative or a category is not in ``data.demo.vocabulary.KINDS``.
    """
    unknown = sorted(set(categories) - set(KINDS))
    if n < 0 or unknown:
        raise ValueError(f"cannot sample {n} products of {unknown or 'the categories'}; known: {list(KINDS)}")
    rng = np.random.default_rng([seed, 0xDE30])
    rounds = [rng.permutation(len(categories)) for _ in range(-(-n // max(1, len(categories))))]
    order = np.concatenate(rounds)[:n] if rounds else np.empty(0, dtype=int)
    return [_sample(KINDS[categories[int(i)]], colours, rng) for i in order]


def _sample(kind: Kind, colours: Sequence[str], rng: np.random.Generator) -> ProductSpec:
    shape = {feature: _pick(rng, variants) for feature, variants in kind.shapes.items()}
    material = _pick(rng, kind.materials.get(shape["shape"]) or kind.materials[""])
    pattern = "plain" if material in PLAIN_ONLY else _weighted(rng, kind.patterns)
    allowed = [name for name in colours if name in _METALS] if material == "metal" else list(colours)
    colour = _weighted(rng, {name: _COLOUR_WEIGHTS[name] for name in allowed or colours})
    second = _pick(rng, PARTNERS[colour])
    third = _pick(rng, tuple(name for name in PARTNERS[colour] if name != second))
    price = kind.price * float(np.exp(rng.normal(0.0, kind.spread)))
    return ProductSpec(
        category=kind.name,
        colour=colour,
        pattern=pattern,
        material=material,
        rgb=dye(colour, rng),
        second_colour=second,
        second=dye(second, rng),
        third=dye(third, rng),
        shape=shape,
        brand=_pick(rng, BRANDS),
        season=SEASONS[int(rng.choice(len(SEASONS), p=kind.seasons))],
        gender=_pick(rng, kind.genders) if kind.genders else None,
        price=max(4.0, round(price)) - 0.05,
        seed=int(rng.integers(2**31)),
    )


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _weighted(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    share = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(share), p=share / share.sum()))]
