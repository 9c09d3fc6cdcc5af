"""A search that was stopped goes on with the tries that are over, and comes to what it would have come to."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recommender import search as searching
from recommender.dataset import Dataset
from recommender.evaluation.contestants import contestants
from recommender.evaluation.exam import Lesson, asking, choice_threshold
from recommender.evaluation.splits import rolling, split, window_edges
from recommender.models.kinds import kind
from recommender.models.popularity import Popularity
from recommender.models.ranges import Choice, Real, Whole
from recommender.search import Search, Searched, quality_of
from recommender.settings import Settings
from recommender.tuning import Tuned, silent
from recommender.unfinished import kept_in
from tests.recommender.makers import shop_like, with_returns

KNN = kind("item-knn")
BACKING = Popularity()


class Stopped(Exception):
    """What a test ends a search with."""


@pytest.fixture(scope="module")
def lessons() -> list[Lesson]:
    return lessons_of(shop_like(60))


def lessons_of(data: Dataset) -> list[Lesson]:
    edges = window_edges(data.events.times, data.asof)
    return rolling(data, edges, choice_threshold(data.events))[-1:]


class Judged:
    """Counts what is judged, and stops in the middle of one."""

    def __init__(self, patch: pytest.MonkeyPatch, stop: int | None = None) -> None:
        self.judged: list[Any] = []
        honest = searching.quality_of

        def quality(recipe: Any, lessons: list[Lesson]) -> float:
            if len(self.judged) == stop:
                raise Stopped
            self.judged.append(recipe.personal)
            return honest(recipe, lessons)

        patch.setattr(searching, "quality_of", quality)


def stopped(lessons: list[Lesson], folder: Path, after: int, search: Search | None = None) -> None:
    with pytest.MonkeyPatch.context() as patch, suppress(Stopped), kept_in(folder):
        Judged(patch, after)
        (search or Search(6)).run(KNN, lessons, BACKING)
        pytest.fail("it was not stopped")


def went_on(search: Search, lessons: list[Lesson], folder: Path, **more: Any) -> tuple[Searched, int]:
    with pytest.MonkeyPatch.context() as patch, kept_in(folder):
        judged = Judged(patch)
        found = search.run(more.get("of", KNN), lessons, more.get("backing", BACKING))
        return found, len(judged.judged)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_stopped_search_goes_on_with_its_tries(lessons: list[Lesson], tmp_path: Path, after: int) -> None:
    whole = Search(6).run(KNN, lessons, BACKING)
    assert len({str(one["settings"]) for one in whole.tried}) == 6
    stopped(lessons, tmp_path / "states", after)
    found, judged = went_on(Search(6), lessons, tmp_path / "states")
    assert found == whole, "the same tries in the same order, the usual settings first"
    assert judged == 6 - after, "the budget is that of one search"
    assert not (tmp_path / "states").exists()


def test_the_number_of_tries_may_change(lessons: list[Lesson], tmp_path: Path) -> None:
    stopped(lessons, tmp_path, 3)
    fewer = Search(2).run(KNN, lessons, BACKING)
    with suppress(Stopped), kept_in(tmp_path):
        assert Search(2).run(KNN, lessons, BACKING) == fewer
        raise Stopped
    found, judged = went_on(Search(5), lessons, tmp_path)
    assert judged == 2
    assert found == Search(5).run(KNN, lessons, BACKING)


def test_other_data_space_seed_or_fall_back_begin_anew(lessons: list[Lesson], tmp_path: Path) -> None:
    (lesson,) = lessons
    weights = lesson.known.events.weights.copy()
    weights[3] += 0.125
    events = replace(lesson.known.events, weights=weights)  # as many of everything, and one differs
    others = [replace(lesson, known=lesson.known.with_events(events))]
    wider = replace(KNN, space={**KNN.space, "neighbours": Whole(20, 400, log=True)})
    narrow = replace(KNN, space={"shrink": Real(0.1, 200.0, log=True)})
    stopped(lessons, tmp_path, 2)
    assert went_on(Search(3), others, tmp_path)[1] == 3
    assert went_on(Search(3), lessons, tmp_path, of=wider)[1] == 3
    assert went_on(Search(3), lessons, tmp_path, of=narrow)[1] == 3
    assert went_on(Search(3, seed=8), lessons, tmp_path)[1] == 3
    assert went_on(Search(3), lessons, tmp_path, backing=Popularity(30.0))[1] == 3
    assert went_on(Search(3), lessons, tmp_path)[1] == 1, "and the first is still there"


def test_an_infinite_half_life_is_kept_too(lessons: list[Lesson], tmp_path: Path) -> None:
    popular = replace(kind("popularity"), space={"half_life": Choice((60.0, float("inf")))})
    whole = Search(4).run(popular, lessons, BACKING)
    assert "never" in [one["settings"]["half_life"] for one in whole.tried[:3]]
    with suppress(Stopped), kept_in(tmp_path):
        Search(3).run(popular, lessons, BACKING)
        raise Stopped
    with kept_in(tmp_path):
        assert Search(4).run(popular, lessons, BACKING) == whole


def test_without_a_window_the_usual_settings_are_kept() -> None:
    assert Search(4).run(KNN, [], BACKING) == Searched(KNN.make(7), None, [])


@pytest.mark.parametrize("name", ["popularity", "ease"])
def test_a_window_that_asks_nobody_is_passed_over(name: str) -> None:
    windows = split(with_returns(shop_like(200), -1), "time").lessons
    assert [len(window.exam) > 0 for window in windows] == [True, True, True, True, False]
    tuned = Tuned(Settings(), {"popularity": []}, {}, 100, "")
    (found,) = contestants([name], tuned, windows, [7], Search(2), silent)
    (recipe,) = found.recipes.values()
    assert quality_of(recipe, asking(windows)[-1:]) > 0


def test_tries_that_cannot_be_read_are_told_of(lessons: list[Lesson], tmp_path: Path) -> None:
    stopped(lessons, tmp_path, 2)
    (tries,) = tmp_path.iterdir()
    tries.write_bytes(tries.read_bytes()[:-3])
    told: list[str] = []
    with kept_in(tmp_path, told.append):
        found = Search(3).run(KNN, lessons, BACKING)
    assert any("cannot be read" in words for words in told)
    assert found == Search(3).run(KNN, lessons, BACKING)


def test_a_try_in_the_middle_of_a_training_goes_on_at_its_epoch(
    lessons: list[Lesson], tmp_path: Path
) -> None:
    vbpr = replace(kind("vbpr"), make=lambda seed: replace(kind("vbpr").make(seed), epochs=3, device="cpu"))
    whole = Search(2).run(vbpr, lessons, BACKING)
    begun = []

    def stops(words: str) -> None:
        begun.append(words)
        if sum("epoch 2 of" in one for one in begun) == 2:
            raise Stopped

    with suppress(Stopped), kept_in(tmp_path, stops):
        Search(2).run(vbpr, lessons, BACKING)
    assert len(list(tmp_path.iterdir())) == 2, "the tries, and the training of the second"
    told: list[str] = []
    with kept_in(tmp_path, told.append):
        assert Search(2).run(vbpr, lessons, BACKING) == whole
    assert told[0] == "search: vbpr: going on after 1 of 2 tries"
    assert told[1] == "vbpr: going on after epoch 2 of a stopped training"
    assert not tmp_path.exists()
