"""A shop knows that its customers are simulated, and from what."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.demo import Dials, Origin, is_simulated
from data.demo.stamp import origin_of, stamp
from data.shop import Shop


def test_a_shop_is_not_simulated_until_it_is_stamped(tmp_path: Path) -> None:
    origin = Origin(20, 10, 5, Dials(visual_share=0.25, visible=(0.4, 0.3, 0.2, 0.1)))
    with Shop.create(tmp_path) as shop:
        assert not is_simulated(shop)
        assert origin_of(shop) is None
        stamp(shop, origin)
    with Shop.open(tmp_path) as shop:
        assert is_simulated(shop)
        assert origin_of(shop) == origin


def test_an_origin_outlives_json() -> None:
    origin = Origin(3, 4, 5, Dials(days=100, hidden_factors=2))
    assert Origin.from_json(origin.as_json()) == origin


def test_a_dial_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="charm"):
        Dials.from_json({"charm": 1.0})
