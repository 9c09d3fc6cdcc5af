from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from recommender.dataset import Dataset
from recommender.models.sequence import SequenceModel, newest
from recommender.models.sequence_learning import emphasis, gbce
from recommender.models.sequence_network import Drop, Encoder
from recommender.models.taught import Likes
from tests.recommender.makers import best, data_of, history_of, items_of

RING = [f"p{i}" for i in range(8)]
ITEMS = items_of({}, more=RING)
SMALL: dict[str, Any] = {
    "dims": 16,
    "negatives": 8,
    "rate": 0.02,
    "batch": 8,
    "epochs": 25,
    "patience": 25,
    "dropout": 0.1,
    "device": "cpu",
}


@pytest.fixture(params=["gru", "sasrec"])
def encoding(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_the_loss_is_gsasrecs() -> None:
    share = 2 / 99
    beta = share * (0.75 * (1 - 1 / share) + 1 / share)
    assert emphasis(2, 100, 0.75) == pytest.approx(beta)
    got = gbce(torch.tensor([1.0]), torch.tensor([[0.5, -2.0]]), beta)

    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    want = -(math.log(sigmoid(1.0) ** beta) + math.log(1 - sigmoid(0.5)) + math.log(1 - sigmoid(-2.0))) / 3
    assert got.tolist() == pytest.approx([want])


def test_the_emphasis_goes_from_plain_cross_entropy_to_that_over_all_products() -> None:
    assert emphasis(16, 1000, 0.0) == pytest.approx(1.0)
    assert emphasis(16, 1000, 1.0) == pytest.approx(16 / 999)
    assert emphasis(16, 5, 0.5) == 1.0  # no more can be drawn than there are
    assert emphasis(16, 1, 0.5) == 1.0


def test_the_newest_likes_stand_in_order_and_the_end_is_padded() -> None:
    likes = Likes(np.asarray([0, 4, 5, 5]), np.asarray([3, 1, 2, 0, 7]), np.zeros(5), 8)
    table, sizes = newest(likes, 3)
    assert table.tolist() == [[1, 2, 0], [7, -1, -1], [-1, -1, -1]]
    assert sizes.tolist() == [3, 1, 0]


def ring(customers: int, steps: int) -> Dataset:
    """Customers who each go round a ring of eight products from a place of their own."""
    first = np.random.default_rng(1).integers(8, size=customers)
    ways = [(c, RING[(first[c] + step) % 8], step) for c in range(customers) for step in range(steps)]
    return data_of(ITEMS, [(f"c{c:02d}", name, 1.0, float(step)) for c, name, step in ways])


def test_the_order_of_a_history_is_read(encoding: Any) -> None:
    """The last product says what comes next; popularity is right for one customer in eight."""
    fitted = SequenceModel(encoding, **{**SMALL, "epochs": 40, "forget": 0.0}).fit(ring(40, 5))
    right = 0
    for first in range(8):
        seen = [RING[(first + step) % 8] for step in range(3)]
        told = history_of(ITEMS, [(name, 1.0, float(day)) for day, name in enumerate(seen)])
        backwards = history_of(ITEMS, [(name, 1.0, -float(day)) for day, name in enumerate(seen)])
        scores = fitted.score(told)
        right += best(ITEMS, scores[0].tolist(), seen)[0] == RING[(first + 3) % 8]
        assert not np.allclose(scores, fitted.score(backwards))
    assert right >= 7


def test_a_place_sees_only_what_is_before_it(encoding: Any) -> None:
    recipe = SequenceModel(encoding, dims=8, length=6)
    network = Encoder.drawn(recipe, torch.Generator().manual_seed(1)).eval()
    read = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(2))
    other = read.clone()
    other[:, 4:] = 9.0
    with torch.no_grad():
        assert torch.allclose(network(read)[:, :4], network(other)[:, :4], atol=1e-6)
        assert torch.allclose(network(read[:, :4]), network(read)[:, :4], atol=1e-6)
        assert not torch.allclose(network(read)[:, 4:], network(other)[:, 4:], atol=1e-2)


def test_only_the_newest_likes_count(encoding: Any) -> None:
    recipe = SequenceModel(encoding, **{**SMALL, "epochs": 2}, length=3)
    fitted = recipe.fit(ring(12, 5))
    tail = [("p4", 1.0, 5.0), ("p5", 1.0, 6.0), ("p6", 1.0, 7.0)]
    short, long = (history_of(ITEMS, told) for told in (tail, [("p1", 1.0, 1.0), ("p2", 1.0, 2.0), *tail]))
    assert fitted.score(short) == pytest.approx(fitted.score(long), abs=1e-6)


def test_a_short_history_among_long_ones_is_read_as_alone(encoding: Any) -> None:
    data = data_of(
        ITEMS, [(f"c{c}", RING[(c + s) % 8], 1.0, float(s)) for c in range(8) for s in range(1 + c)]
    )
    fitted = SequenceModel(encoding, **{**SMALL, "epochs": 3}).fit(data)
    told = data.histories(np.arange(8), np.full(8, data.asof))
    whole = fitted.score(told)
    for row in range(8):
        assert fitted.score(told.part(row, row + 1))[0] == pytest.approx(whole[row], abs=1e-5)


def test_what_is_drawn_and_dropped_comes_from_the_given_generator(encoding: Any) -> None:
    before = torch.random.get_rng_state()
    one, two, three = (
        Encoder.drawn(SequenceModel(encoding, dims=8), torch.Generator().manual_seed(seed)).arrays()
        for seed in (1, 1, 2)
    )
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert any(not np.array_equal(one[name], three[name]) for name in one)
    assert all(np.isfinite(values).all() for values in one.values())
    dropped = Drop(0.25, torch.Generator().manual_seed(3))(torch.ones(4000))
    assert torch.equal(before, torch.random.get_rng_state())
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert float((dropped == 0).float().mean()) == pytest.approx(0.25, abs=0.03)


def test_without_two_likes_of_anybody_nothing_is_learnt_and_photos_answer(encoding: Any) -> None:
    items = items_of()
    data = data_of(items, [("a", "shoe1", 1, 1), ("b", "hat1", 1, 1)])
    fitted = SequenceModel(encoding, **SMALL).fit(data)
    assert np.isfinite(fitted.score(history_of(items, [("shoe1", 1.0, 5)]))).all()


def test_a_kind_of_its_own_has_its_own_network() -> None:
    arrays = [
        set(Encoder.drawn(SequenceModel(kind, dims=8), torch.Generator().manual_seed(1)).arrays())
        for kind in ("gru", "sasrec")
    ]
    assert any(name.startswith("gru.") for name in arrays[0])
    assert any(name.startswith("blocks.1.") for name in arrays[1])
    assert replace(SequenceModel("gru"), layers=1).layers == 1
