from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from data.errors import Damaged, NotTrained, UsageError
from data.records import Interaction
from recommender.known import LONGEST
from recommender.request import Request
from recommender.single import FOLDER, open_model, recommend_by, train_model
from recommender.source import load_dataset
from recommender.training import train
from recommender.tuning import silent
from recommender.unfinished import FOLDER as UNFINISHED
from recommender.unfinished import Tell
from tests.recommender.conftest import START, Corner


@pytest.mark.parametrize("name", ["popularity", "ease", "als", "attributes", "looks-knn"])
def test_what_is_kept_scores_as_what_was_trained(corner: Corner, name: str) -> None:
    told = train_model(corner.shop, corner.index, name, 7, silent, search=1)
    model, items = open_model(corner.shop, corner.index, name)
    data = load_dataset(corner.shop, corner.index)
    everyone = np.arange(len(data.customers))
    histories = data.histories(everyone, np.full(len(everyone), data.asof))
    scores = model.score(histories)
    assert scores.shape == (len(everyone), len(items))
    assert np.array_equal(scores, open_model(corner.shop, corner.index, name)[0].score(histories))
    assert told["model"] == name


def test_it_is_tuned_though_the_newest_window_asks_nobody(corner: Corner) -> None:
    for day in range(20):  # within the newest 15 % of all interactions
        for customer in range(10):
            corner.event(f"c{customer:03d}", f"p{day:03d}", "return", day=100 + day)
    told = train_model(corner.shop, corner.index, "ease", 7, silent, search=2)
    assert told["validation_ndcg@50"] > 0


def test_it_recommends_under_the_rules(corner: Corner) -> None:
    train_model(corner.shop, corner.index, "attributes", 7, silent, search=1)
    customer = load_dataset(corner.shop, corner.index).customers[0]
    seen = {event.product_id for event in corner.shop.history(customer, 500)}
    answer = recommend_by(corner.shop, corner.index, "attributes", Request(customer_id=customer, k=5))
    shown = [item.product_id for item in answer.items]
    assert len(set(shown)) == len(shown) > 0
    assert not seen & set(shown)
    scores = [item.score for item in answer.items]
    assert scores == sorted(scores, reverse=True)


def test_what_was_bought_long_ago_is_not_recommended_again(corner: Corner) -> None:
    train_model(corner.shop, corner.index, "attributes", 7, silent, search=1)
    corner.event("hot", "p030", day=1)
    moments = [START + timedelta(days=40, minutes=i) for i in range(LONGEST + 20)]
    corner.shop.put_interactions([Interaction("hot", "p031", "view", moment) for moment in moments])
    answer = recommend_by(corner.shop, corner.index, "attributes", Request(customer_id="hot", k=61))
    shown = {item.product_id for item in answer.items}
    assert "p034" in shown
    assert "p030" not in shown


def test_an_unknown_customer_gets_what_is_popular_and_is_told_so(corner: Corner) -> None:
    train_model(corner.shop, corner.index, "attributes", 7, silent, search=1)
    answer = recommend_by(corner.shop, corner.index, "attributes", Request(customer_id="nobody", k=3))
    assert answer.fallback == "no_history"
    assert answer.items


def test_a_model_that_was_not_trained_says_how_to(corner: Corner) -> None:
    with pytest.raises(NotTrained, match=r"vitrine train --shop \S+ --model ease`$"):
        open_model(corner.shop, corner.index, "ease")


def test_a_damaged_file_is_refused(corner: Corner) -> None:
    train_model(corner.shop, corner.index, "als", 7, silent, search=1)
    file: Path = next((corner.shop.directory / FOLDER / "als").glob("*.npy"))
    file.write_bytes(file.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(Damaged, match="checksum"):
        open_model(corner.shop, corner.index, "als")


def test_an_unknown_model_is_named_with_those_there_are(corner: Corner) -> None:
    with pytest.raises(UsageError, match="item-knn"):
        train_model(corner.shop, corner.index, "svd", 7, silent)


class Stopped(Exception):
    """What a test ends a training with."""


def stopping(when: str, told: list[str]) -> Tell:
    """Keeps what is told, and ends the training when it hears some words."""

    def tell(words: str) -> None:
        told.append(words)
        if when in words:
            raise Stopped

    return tell


def files_of(corner: Corner, name: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (corner.shop.directory / FOLDER / name).iterdir()}


def test_a_stopped_training_goes_on_and_keeps_the_same(corner: Corner) -> None:
    states = corner.shop.directory / UNFINISHED
    told: list[str] = []
    with pytest.raises(Stopped):
        train_model(corner.shop, corner.index, "gru", 7, stopping("epoch 2 of", told))
    assert not (corner.shop.directory / FOLDER / "gru").exists()
    assert len(list(states.iterdir())) == 1
    train_model(corner.shop, corner.index, "gru", 7, told.append)
    assert "gru: going on after epoch 2 of a stopped training" in told
    assert not states.exists()
    found = files_of(corner, "gru")
    train_model(corner.shop, corner.index, "gru", 7, silent)
    assert files_of(corner, "gru") == found


def test_a_training_that_stops_after_its_validation_does_not_repeat_it(corner: Corner) -> None:
    told: list[str] = []
    with pytest.raises(Stopped):
        train_model(corner.shop, corner.index, "gru", 7, stopping("training gru", told))
    assert sum("epoch 1 of" in words for words in told) >= 1, "one training a validation window"
    again: list[str] = []
    train_model(corner.shop, corner.index, "gru", 7, again.append)
    assert sum("epoch 1 of" in words for words in again) == 1


def test_a_stopped_search_of_the_recommender_goes_on(corner: Corner) -> None:
    told: list[str] = []
    with pytest.raises(Stopped):
        train(corner.shop, corner.index, 7, stopping("tuning looks", told), search=3)
    again: list[str] = []
    report = train(corner.shop, corner.index, 7, again.append, search=3)
    assert "search: popularity: going on after 3 of 3 tries" in again
    assert not (corner.shop.directory / UNFINISHED).exists()
    assert train(corner.shop, corner.index, 7, silent, search=3).tuned.tried == report.tuned.tried
