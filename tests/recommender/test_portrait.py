from __future__ import annotations

from datetime import UTC, datetime

import pytest

from data.records import Interaction
from recommender.recommender import Recommender, Request
from recommender.training import train
from tests.recommender.conftest import Corner


def test_a_portrait_shows_interests_and_what_every_source_says(corner: Corner) -> None:
    train(corner.shop, corner.index)
    recommender = Recommender.open(corner.shop, corner.index)
    found = recommender.portrait(Request("c002"), each=5)
    history = {event.product_id for event in corner.shop.history("c002")}
    assert sum(one.share for one in found.interests) == pytest.approx(1)
    shares = [one.share for one in found.interests]
    assert shares == sorted(shares, reverse=True)
    shown = [product for one in found.interests for product in one.products]
    assert len(shown) == len(set(shown))
    assert set(shown) <= history
    assert all(one.medoid in one.products for one in found.interests)

    assert sum(voice.weight for voice in found.voices) == pytest.approx(1)
    assert {"looks", "together", "popular"} <= {voice.source for voice in found.voices}
    said = next(voice for voice in found.voices if voice.source == "looks").products
    assert len(said) == 5
    assert not set(said) & history


def test_a_broad_history_has_several_interests_each_of_one_look(corner: Corner) -> None:
    groups: dict[int, list[str]] = {0: [], 1: []}
    for number in range(20):
        groups.get(number % 4, []).append(f"p{number:03d}")
    moment = datetime(2026, 7, 1, tzinfo=UTC)
    history = tuple(Interaction("s", p, "purchase", moment) for members in groups.values() for p in members)
    found = Recommender.open(corner.shop, corner.index).portrait(Request(history=history)).interests
    assert len(found) >= 2
    for interest in found:
        assert len({int(product.removeprefix("p")) % 4 for product in interest.products}) == 1


def test_a_stranger_has_no_interest_but_sources_that_need_none_speak(corner: Corner) -> None:
    found = Recommender.open(corner.shop, corner.index).portrait(Request("nobody"))
    assert found.interests == ()
    said = {voice.source: voice.products for voice in found.voices}
    assert said["popular"]
    assert not said["looks"]
