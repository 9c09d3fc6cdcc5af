"""The specifications and titles of the demo shop."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from data.demo.catalogue import sample_specs
from data.demo.palette import COLOURS, dye, from_lab, to_lab
from data.demo.titles import title
from data.demo.vocabulary import CATEGORIES, KINDS, PATTERNS, PLAIN_ONLY


def test_the_same_seed_gives_the_same_products_and_another_seed_others() -> None:
    assert sample_specs(60, 3) == sample_specs(60, 3)
    assert sample_specs(60, 3) != sample_specs(60, 4)


def test_every_category_colour_and_pattern_occurs() -> None:
    specs = sample_specs(840, 7)
    assert set(Counter(s.category for s in specs).values()) == {840 // len(CATEGORIES)}
    assert {s.colour for s in specs} == set(COLOURS)
    assert {s.pattern for s in specs} == set(PATTERNS)
    assert len(CATEGORIES) >= 12


def test_products_are_made_of_what_their_category_allows() -> None:
    for spec in sample_specs(400, 11):
        kind = KINDS[spec.category]
        assert all(spec.shape[feature] in variants for feature, variants in kind.shapes.items())
        assert spec.pattern == "plain" or spec.material not in PLAIN_ONLY
        assert spec.pattern in kind.patterns
        assert spec.price > 0
        assert (spec.gender is None) == (kind.family == "home")


def test_sampling_can_be_narrowed() -> None:
    specs = sample_specs(20, 1, categories=("vase", "mug"), colours=("red", "teal"))
    assert {s.category for s in specs} == {"vase", "mug"}
    assert {s.colour for s in specs} == {"red", "teal"}


def test_an_unknown_category_is_refused() -> None:
    with pytest.raises(ValueError, match="spaceship"):
        sample_specs(3, 1, categories=("spaceship",))


def test_prices_follow_their_category() -> None:
    specs = sample_specs(1200, 5)
    for name in ("mug", "watch"):
        prices = np.log([s.price for s in specs if s.category == name])
        assert abs(np.median(prices) - np.log(KINDS[name].price)) < 0.25


def test_a_dye_lot_keeps_its_name() -> None:
    rng = np.random.default_rng(0)
    names = list(COLOURS)
    centres = to_lab(np.array(list(COLOURS.values()), dtype=np.float64))
    for name in names:
        for _ in range(20):
            lot = to_lab(np.array(dye(name, rng), dtype=np.float64))
            assert names[int(((centres - lot) ** 2).sum(1).argmin())] == name


def test_cielab_there_and_back() -> None:
    rgb = np.random.default_rng(1).uniform(0, 255, (50, 3))
    np.testing.assert_allclose(from_lab(to_lab(rgb)), rgb, atol=0.2)
    np.testing.assert_allclose(to_lab(np.array([255.0, 255.0, 255.0])), [100, 0, 0], atol=0.05)


def test_titles_name_pattern_material_noun_and_colour() -> None:
    specs = sample_specs(600, 9)
    for spec in specs:
        text = title(spec)
        assert text.endswith(f", {spec.colour}")
        assert text[0].isupper()
        assert "  " not in text
    shirts = [s for s in specs if s.category == "shirt" and s.pattern == "stripes"]
    assert all(title(s).startswith("Striped ") for s in shirts)
    assert shirts
