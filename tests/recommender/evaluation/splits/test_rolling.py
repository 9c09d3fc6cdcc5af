"""Several test windows, one after the other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from data.errors import NotReady, UsageError
from recommender.evaluation.leakage import check
from recommender.evaluation.splits import ROLLING_SHARE, WINDOWS, folds, rolling_folds, split
from tests.recommender.makers import data_of, items_of, shop_like

DATA = shop_like()
FOLDS = rolling_folds(DATA)


def test_the_windows_follow_each_other_up_to_the_end() -> None:
    assert len(FOLDS) == 3
    for earlier, later in pairwise(FOLDS):
        assert earlier.tested.times.max() < later.until
        assert len(earlier.fit.events) + len(earlier.tested) == len(later.fit.events)
    assert FOLDS[-1].tested.times[-1] == DATA.events.times[-1]
    for fold in FOLDS:
        assert len(fold.tested) / len(DATA.events) == pytest.approx(ROLLING_SHARE, abs=0.01)


def test_every_window_is_learnt_and_tuned_on_what_is_before_it() -> None:
    for fold in FOLDS:
        assert fold.until is not None
        assert fold.fit.events.times.max() < fold.until <= fold.tested.times.min()
        assert len(fold.lessons) == WINDOWS
        assert all(lesson.exam.histories.now.max() < fold.until for lesson in fold.lessons)
        assert len(fold.test) > 15
        assert check(fold)["events learnt after the cut"] > 0


def test_the_windows_are_told_apart() -> None:
    assert [fold.described["window"] for fold in FOLDS] == ["1 of 3", "2 of 3", "3 of 3"]
    assert len({fold.digest for fold in FOLDS}) == 3
    assert [fold.digest for fold in rolling_folds(DATA)] == [fold.digest for fold in FOLDS]


def test_folds_of_any_name() -> None:
    assert [fold.digest for fold in folds(DATA, "rolling", 2)] == [fold.digest for fold in FOLDS[1:]]
    assert [fold.digest for fold in folds(DATA, "time")] == [split(DATA, "time").digest]
    assert all(fold.test.repeat for fold in folds(DATA, "rolling", repeat=True))


def test_windows_that_cannot_be_cut() -> None:
    items = items_of()
    with pytest.raises(UsageError, match="1 to 8"):
        rolling_folds(DATA, 9)
    days = np.repeat([1.0, 2.0, 3.0], [4, 4, 2])
    few = data_of(items, [("a", "shoe1", 1, float(day)) for day in days])
    with pytest.raises(NotReady, match="2 of 3"):
        rolling_folds(few)
    with pytest.raises(NotReady, match="vitrine interactions"):
        folds(data_of(items, []), "rolling")
