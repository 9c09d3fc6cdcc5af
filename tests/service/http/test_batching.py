"""The batcher alone: who shares a pass, who waits for whom, and what one bad photo does to the others."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future

import numpy as np
import pytest

from data.errors import Damaged
from service.http import batching
from service.http.batching import Batcher, Prepared
from service.requests import Encoded
from tests.service.fakes import Bytes, Floats
from tests.service.http.held import SECONDS, Counting, HeldEmbedder, HeldRuntime

FOREVER = 1e6


@pytest.fixture
def embedder() -> HeldEmbedder:
    return HeldEmbedder()


@pytest.fixture
def batcher() -> Iterator[Batcher]:
    made = Batcher(FOREVER, Counting())
    yield made
    made.close()


def photo(embedder: HeldEmbedder, shade: int) -> Prepared:
    pixels = np.full((16, 16, 3), 246, np.uint8)
    pixels[: shade % 15 + 1, :, 0] = shade
    size = embedder.runtime.batch
    return Prepared(embedder, size, pixels, embedder.colours(pixels), Future())  # type: ignore[arg-type]


def handed_in(batcher: Batcher, *photos: Prepared) -> list[Future[Encoded]]:
    for _ in photos:
        batcher.announce()
    for one in photos:
        batcher.hand_in(one)
    return [one.answer for one in photos]


def test_a_single_photo_does_not_wait_for_company(batcher: Batcher, embedder: HeldEmbedder) -> None:
    (answer,) = handed_in(batcher, photo(embedder, 1))
    assert answer.result(SECONDS).space == embedder.space
    assert embedder.held.passes == [1]


def test_those_that_are_announced_are_waited_for(batcher: Batcher, embedder: HeldEmbedder) -> None:
    answers = handed_in(batcher, photo(embedder, 1), photo(embedder, 2), photo(embedder, 3))
    for one in answers:
        one.result(SECONDS)
    assert embedder.held.passes == [3]
    assert isinstance(batcher.watch, Counting)
    assert batcher.watch.batches == [3]


def test_but_not_if_they_are_withdrawn(batcher: Batcher, embedder: HeldEmbedder) -> None:
    batcher.announce()
    (answer,) = handed_in(batcher, photo(embedder, 1))
    assert not answer.done()
    batcher.withdraw()
    answer.result(SECONDS)


def test_and_not_longer_than_the_window(embedder: HeldEmbedder) -> None:
    batcher = Batcher(0.01)
    batcher.announce()
    (answer,) = handed_in(batcher, photo(embedder, 1))
    answer.result(SECONDS)
    batcher.close()


def test_a_full_batch_goes_at_once(batcher: Batcher, embedder: HeldEmbedder) -> None:
    batcher.announce()
    for answer in handed_in(batcher, *(photo(embedder, n) for n in range(8))):
        answer.result(SECONDS)
    assert embedder.held.passes == [8]


class Pair(HeldRuntime):
    """Computes batches of these sizes only two at the same time. beside: what ``compute`` was asked for."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        self.both = threading.Barrier(2, timeout=SECONDS)
        self.beside: list[tuple[int, bool]] = []
        self._sizes = sizes

    def compute(self, photos: Bytes, fitting: bool = False) -> tuple[Floats, ...]:
        self.beside.append((len(photos), fitting))
        if len(photos) in self._sizes:
            self.both.wait()
        return self.encode(photos)


def test_full_batches_are_computed_side_by_side_and_what_is_left_follows(
    embedder: HeldEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "cores", lambda: 2)
    embedder.held = embedder.runtime = Pair(8)
    batcher = Batcher(FOREVER)
    for answer in handed_in(batcher, *(photo(embedder, n) for n in range(19))):
        answer.result(SECONDS)
    # The two full ones only end together; the rest may be noted before the second of them is.
    assert embedder.held.passes[0] == 8
    assert sorted(embedder.held.passes) == [3, 8, 8]
    batcher.close()


def test_a_batch_that_is_not_full_is_computed_beside_another(
    embedder: HeldEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "cores", lambda: 2)
    embedder.held = embedder.runtime = pair = Pair(8, 1)
    batcher = Batcher(FOREVER)
    for answer in handed_in(batcher, *(photo(embedder, n) for n in range(9))):
        answer.result(SECONDS)
    assert sorted(pair.beside) == [(1, True), (8, True)]
    batcher.close()


def test_a_batch_with_nothing_beside_it_has_all_cores(
    embedder: HeldEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "cores", lambda: 2)
    embedder.held = embedder.runtime = pair = Pair()
    batcher = Batcher(FOREVER)
    for n in range(3):
        handed_in(batcher, photo(embedder, n))[0].result(SECONDS)
    assert (embedder.held.passes, pair.beside) == ([1, 1, 1], [])
    batcher.close()


def test_each_photo_gets_its_own_vector(batcher: Batcher, embedder: HeldEmbedder) -> None:
    photos = [photo(embedder, n) for n in range(20)]
    answers = handed_in(batcher, *photos)
    for one, answer in zip(photos, answers, strict=True):
        np.testing.assert_array_equal(answer.result(SECONDS).blocks, embedder.colours(one.photo))
    assert sum(embedder.held.passes) == 20
    assert max(embedder.held.passes) == 8


def test_photos_of_two_embedders_do_not_mix(batcher: Batcher, embedder: HeldEmbedder) -> None:
    other = HeldEmbedder()
    mixed = [photo(one, n) for n, one in enumerate((embedder, other) * 3)]
    for answer in handed_in(batcher, *mixed):
        answer.result(SECONDS)
    assert (embedder.held.passes, other.held.passes) == ([3], [3])


class Spoilt(HeldEmbedder):
    """Refuses any batch with a photo whose colours are marked."""

    def finish(self, outputs: Sequence[Floats], colours: Floats) -> Floats:
        if (colours == 9).any():
            raise Damaged("a batch holds numbers that are not finite")
        return colours


def test_one_that_cannot_be_encoded_does_not_hurt_the_others(batcher: Batcher) -> None:
    embedder = Spoilt()
    photos = [photo(embedder, n) for n in range(5)]
    photos[2].colours[:] = 9
    answers = handed_in(batcher, *photos)
    with pytest.raises(Damaged):
        answers[2].result(SECONDS)
    for n in (0, 1, 3, 4):
        np.testing.assert_array_equal(answers[n].result(SECONDS).blocks, photos[n].colours)
    (after,) = handed_in(batcher, photo(embedder, 1))
    after.result(SECONDS)


def test_a_cancelled_photo_is_left_out(batcher: Batcher, embedder: HeldEmbedder) -> None:
    embedder.held.hold()
    (first,) = handed_in(batcher, photo(embedder, 0))
    assert embedder.held.arrived.wait(SECONDS)
    later = handed_in(batcher, photo(embedder, 1), photo(embedder, 2))
    assert later[0].cancel()
    embedder.held.let_go()
    first.result(SECONDS)
    later[1].result(SECONDS)
    assert embedder.held.passes == [1, 1]


def test_closing_answers_what_was_handed_in(batcher: Batcher, embedder: HeldEmbedder) -> None:
    embedder.held.hold()
    answers = handed_in(batcher, photo(embedder, 0))
    assert embedder.held.arrived.wait(SECONDS)
    answers += handed_in(batcher, *(photo(embedder, n) for n in range(10)))
    closing = threading.Thread(target=batcher.close)
    closing.start()
    embedder.held.let_go()
    closing.join(SECONDS)
    assert not closing.is_alive()
    assert all(one.done() for one in answers)
    (again,) = handed_in(batcher, photo(embedder, 1))
    again.result(SECONDS)


class Angry(Counting):
    def encoded(self, photos: int, seconds: float) -> None:
        raise RuntimeError("no room for a number")


def test_a_fault_of_whoever_measures_costs_no_answer(embedder: HeldEmbedder) -> None:
    batcher = Batcher(FOREVER, Angry())
    for _ in range(2):
        (answer,) = handed_in(batcher, photo(embedder, 1))
        answer.result(SECONDS)
    batcher.close()
