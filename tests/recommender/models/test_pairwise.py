from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from data.errors import UsageError
from recommender.models.pairwise import Limits, bpr, device_of, train, triples
from recommender.models.snapshot import Steps
from recommender.models.taught import likes_in
from recommender.unfinished import Course
from tests.recommender.makers import data_of, items_of

NAN = float("nan")


class Scripted:
    """Counts its epochs in its only parameter and has a quality for each."""

    def __init__(self, qualities: list[float]) -> None:
        self.parameters = [torch.zeros(1)]
        self.steps = Steps(torch.optim.Adam(self.parameters), np.random.default_rng(0))
        self._qualities = qualities

    def epoch(self) -> float:
        self.parameters[0] += 1
        return 0.5

    def quality(self) -> float:
        return self._qualities[int(self.parameters[0]) - 1]


def test_the_loss_of_a_pair_is_the_log_of_the_odds() -> None:
    got = bpr(torch.tensor([2.0, 0.0]), torch.tensor([1.0, 3.0]))
    assert got.tolist() == pytest.approx([math.log(1 + math.exp(-1)), math.log(1 + math.exp(3))])


def test_a_column_among_rows_is_refused() -> None:
    row, column = torch.zeros(4), torch.zeros(4, 1)
    assert (row - column).shape == (4, 4)  # what torch alone would have made of it
    for wrong in ((row, column), (column, row), (column, column)):
        with pytest.raises(UsageError, match="two rows of one length"):
            bpr(*wrong)


def test_training_ends_behind_the_best_epoch_and_returns_to_it() -> None:
    learner = Scripted([0.1, 0.3, 0.2, 0.3, 0.9])
    assert train(learner, Limits(epochs=5, patience=2)) == 2
    assert learner.parameters[0].tolist() == [2]


def test_without_anybody_held_back_all_epochs_are_run() -> None:
    learner = Scripted([NAN] * 4)
    told: list[str] = []
    assert train(learner, Limits(epochs=4, patience=1), Course(told.append)) == 4
    assert learner.parameters[0].tolist() == [4]
    assert len(told) == 4


def test_one_thread_trains_and_the_others_are_given_back() -> None:
    seen = []

    class Watching(Scripted):
        def epoch(self) -> float:
            seen.append(torch.get_num_threads())
            return super().epoch()

    torch.set_num_threads(2)
    try:
        train(Watching([NAN]), Limits(epochs=1, patience=1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert seen == [1]


def test_an_epoch_holds_every_like_once() -> None:
    items = items_of({}, more=[f"p{i}" for i in range(6)])
    likes = likes_in(data_of(items, [(f"u{i}", f"p{(i + j) % 6}", 1, j) for i in range(5) for j in range(3)]))
    batches = list(triples(likes, likes.pool(), 4, np.random.default_rng(1), torch.device("cpu")))
    assert [len(batch[0]) for batch in batches] == [4, 4, 4, 3]
    seen = [(int(u), int(i)) for who, liked, _ in batches for u, i in zip(who, liked, strict=True)]
    assert sorted(seen) == sorted(zip(likes.owners.tolist(), likes.items.tolist(), strict=True))
    assert all(
        (int(u), int(j)) not in seen for who, _, other in batches for u, j in zip(who, other, strict=True)
    )


def test_devices() -> None:
    assert device_of("cpu").type == "cpu"
    assert device_of("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(UsageError, match="no device 'toaster'"):
        device_of("toaster")
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="no CUDA GPU"):
            device_of("cuda")
