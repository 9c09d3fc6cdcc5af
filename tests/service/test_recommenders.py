"""A retrained recommender is picked up without a restart; one that cannot be read leaves the old one."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.errors import Damaged
from recommender.recommender import Recommender
from service import recommenders
from service.engine import Engine
from service.recommenders import CHECK_SECONDS, RETRY_SECONDS, UNTRAINED, Recommenders, Serving
from service.requests import RecommendRequest
from tests.service.fakes import FakeEmbedder
from tests.service.training import drop, install, replace_manifest

Trainings = tuple[Path, Path]
Ours = Callable[[], Serving]
ASKED = RecommendRequest(customer_id="customer-03", k=6)


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ours(engine: Engine, clock: Clock) -> Ours:
    """What answers the next question, on a clock of the test's own."""
    found, index = Recommenders(engine.shop, clock), engine.parts.index()
    return lambda: found.current(index)


def test_it_is_looked_for_twice_a_second_and_found_without_a_restart(
    ours: Ours, clock: Clock, shop: Path, trainings: Trainings
) -> None:
    first = ours()
    assert (first.policy, first.recommender.trained) == (UNTRAINED, False)
    install(trainings[0], shop)
    clock.now = CHECK_SECONDS * 0.9
    assert ours() is first, "not looked at yet"
    clock.now = CHECK_SECONDS
    second = ours()
    assert second.recommender.trained
    assert second.policy.startswith("vitrine@")
    clock.now = 10
    assert ours() is second, "what has not changed is not read again"
    install(trainings[1], shop)
    clock.now = 11
    assert ours().policy not in (first.policy, second.policy)
    drop(shop)
    clock.now = 12
    assert ours().policy == UNTRAINED, "taken away on purpose"


def test_one_that_is_damaged_leaves_the_old_one_with_a_warning(
    ours: Ours, clock: Clock, shop: Path, trainings: Trainings
) -> None:
    install(trainings[0], shop)
    good = ours()
    install(trainings[1], shop, spoilt=True)
    clock.now = 1
    kept = ours()
    assert kept.recommender is good.recommender
    assert kept.policy == good.policy
    assert "checksum" in str(kept.warning)
    clock.now = 2
    assert ours() is kept, "the same broken file is not read again and again"
    install(trainings[1], shop)
    clock.now = 3
    mended = ours()
    assert mended.warning is None
    assert mended.policy != good.policy


def test_one_that_could_not_be_read_is_tried_again_after_a_while(
    ours: Ours, clock: Clock, shop: Path, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours()
    install(trainings[0], shop)

    def refuse(*_: object) -> None:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("recommender.recommender.Recommender.open", refuse)
        clock.now = 1
        assert "Too many open files" in str(ours().warning)
    clock.now = RETRY_SECONDS
    assert ours().warning is not None
    clock.now = RETRY_SECONDS + 1
    assert ours().recommender.trained
    assert ours().warning is None


def test_one_of_another_version_does_not_replace_a_trained_one(
    ours: Ours, clock: Clock, shop: Path, trainings: Trainings
) -> None:
    install(trainings[0], shop)
    good = ours()
    replace_manifest(shop, '{"format": 999}')
    clock.now = 1
    kept = ours()
    assert kept.recommender is good.recommender
    assert "another version" in str(kept.warning)


def test_a_damaged_one_with_none_before_it_is_an_error(ours: Ours, shop: Path, trainings: Trainings) -> None:
    install(trainings[0], shop, spoilt=True)
    with pytest.raises(Damaged):
        ours()


def test_one_that_is_replaced_while_it_is_read_is_read_again(
    ours: Ours, shop: Path, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two trainings in a row: the files of the first are swept away under the reader's hands."""
    really_open = Recommender.open
    install(trainings[0], shop)
    opened = []

    def swept(*parts: Any) -> Recommender:
        opened.append(parts)
        if len(opened) == 1:
            install(trainings[1], shop)
            raise Damaged("a file is missing")
        return really_open(*parts)

    monkeypatch.setattr(Recommender, "open", swept)
    found = ours()
    digest = hashlib.sha256((trainings[1] / "manifest.json").read_bytes()).hexdigest()
    assert found.policy == f"vitrine@{digest[:12]}"
    assert len(opened) == 2


def test_others_are_answered_while_one_reads_the_new_one(
    ours: Ours, clock: Clock, shop: Path, trainings: Trainings, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = ours()
    install(trainings[0], shop)
    reading, go_on = threading.Event(), threading.Event()
    really_open = Recommender.open

    def slow(*parts: Any) -> Recommender:
        reading.set()
        assert go_on.wait(30)
        return really_open(*parts)

    monkeypatch.setattr(Recommender, "open", slow)
    clock.now = 1
    found: list[Serving] = []
    thread = threading.Thread(target=lambda: found.append(ours()))
    thread.start()
    assert reading.wait(30)
    clock.now = 2
    assert ours() is old, "answered at once, by the old one"
    go_on.set()
    thread.join()
    assert found[0].recommender.trained
    assert ours() is found[0]


@pytest.mark.slow
def test_running_engines_follow_a_training_in_another_process_without_a_failed_or_mixed_answer(
    shop: Path, fake_embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recommenders, "CHECK_SECONDS", 0.0)
    words = [sys.executable, "-c", "from service.cli import main; main()", "train", "--shop", str(shop)]
    with Engine.open(shop) as one, Engine.open(shop) as two:
        answers = {False: lists(one)}
        assert not one.recommend(ASKED).trained
        training = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        found = []
        while training.poll() is None:
            found += [engine.recommend(ASKED) for engine in (one, two)]
        assert training.returncode == 0
        assert one.recommend(ASKED).trained
        assert two.recommend(ASKED).trained
        answers[True] = lists(one)
        assert lists(two) == answers[True]
        assert found
        for answer in found:
            assert [item["product_id"] for item in answer.items] == answers[answer.trained]
            assert answer.warnings == ()
        assert one.parts.serving().policy == two.parts.serving().policy


def lists(engine: Engine) -> list[object]:
    return [item["product_id"] for item in engine.recommend(ASKED).items]


def test_a_trained_one_is_opened_before_the_first_customer_comes(
    engine: Engine, shop: Path, trainings: Trainings
) -> None:
    found, index = Recommenders(engine.shop), engine.parts.index()
    found.begin(index)
    assert found._early is None, "nothing was trained"
    install(trainings[0], shop)
    found.begin(index)
    found.wait()
    opened = found._serving
    assert opened is not None
    assert opened.recommender._views._view is not None
    assert found.current(index) is opened


def test_a_damaged_one_is_for_the_first_customer_to_meet(
    engine: Engine, shop: Path, trainings: Trainings
) -> None:
    install(trainings[0], shop, spoilt=True)
    found, index = Recommenders(engine.shop), engine.parts.index()
    found.begin(index)
    found.wait()
    assert found._early is not None
    assert found._early.failed
    with pytest.raises(Damaged):
        found.current(index)
