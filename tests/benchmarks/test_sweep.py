"""The sweep over simulated customers in small: vectors made from attributes, no photo is drawn or encoded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.simulated import table
from benchmarks.sweep import (
    ALL,
    BARE,
    NEW,
    PARTS,
    PRIMARY,
    WITHOUT,
    Answer,
    Gap,
    Swept,
    made_new,
    shuffled,
    sweep,
    without_photos,
)
from data.demo import Dials, Origin
from data.events import signed_weight
from recommender.dataset import Dataset, Events
from recommender.evaluation.bootstrap import Difference
from recommender.items import Items
from recommender.source import dated

MINIATURE = Origin(200, 250, 5, Dials(popularity=0.3, taste=3.0))


def as_seen(origin: Origin) -> Dataset:
    """The simulated shop as a recommender would know it, with attributes in the place of photos' vectors."""
    stock, people = origin.people()
    blocks = (stock.colours(), stock.patterns(), stock.categories())
    looks = np.hstack([block / np.linalg.norm(block, axis=1, keepdims=True) for block in blocks])
    items = Items.build(
        stock.ids,
        vectors=(stock.ids, (looks / np.sqrt(len(blocks))).astype(np.float32)),
        categories=dict(zip(stock.ids, (spec.category for spec in stock.specs), strict=True)),
        space="attributes",
    )
    place, events = {c: i for i, c in enumerate(people.ids)}, origin.events()
    known = Events.build(
        [place[e.customer_id] for e in events],
        [items.row_of[e.product_id] for e in events],
        [signed_weight(e.event, e.value) for e in events],
        [e.timestamp.timestamp() for e in events],
    )
    asof = float(known.times.max()) + 1.0
    return Dataset(dated(items, known, asof), tuple(people.ids), known, asof)


@pytest.fixture(scope="module")
def swept() -> dict[float, Swept]:
    made = {rho: MINIATURE.with_visual_share(rho) for rho in (0.0, 1.0)}
    return {rho: sweep(as_seen(origin), origin) for rho, origin in made.items()}


def test_looks_win_where_all_of_liking_shows_and_nowhere_where_none_does(swept: dict[float, Swept]) -> None:
    assert swept[1.0].as_expected
    assert swept[1.0].answers[NEW].won_by_looks
    assert swept[0.0].as_expected


def test_true_preference_stands_beside_what_was_observed(swept: dict[float, Swept]) -> None:
    for rho, low, high in ((0.0, 40.0, 58.0), (1.0, 60.0, 100.0)):
        for answer in swept[rho].answers.values():
            assert 35 < answer.models["random"]["liking percentile@10"][0] < 65
            assert low < answer.models["looks"]["liking percentile@10"][0] < high
    seen, told = swept[1.0].answers[ALL].models["looks"], swept[1.0].answers[ALL].models["random"]
    assert seen["true ndcg@10"][0] > 2 * told["true ndcg@10"][0]


def test_every_table_is_stamped(swept: dict[float, Swept]) -> None:
    for found in swept.values():
        words = table(found)
        heads = [line for line in words.splitlines() if "asked" in line]
        assert len(heads) == len(found.answers) == 2
        assert all(line.startswith("SIMULATED") for line in (words.splitlines()[0], *heads))
        assert found.as_json()["stamp"] == "SIMULATED"


def test_shuffling_keeps_every_vector_but_in_another_place() -> None:
    data = as_seen(replace(MINIATURE, customers=5))
    mixed = shuffled(data, 1)
    assert (mixed.items.vectors != data.items.vectors).any(1).mean() > 0.8
    assert sorted(map(tuple, mixed.items.vectors.tolist())) == sorted(map(tuple, data.items.vectors.tolist()))


def test_every_product_is_new_once_and_ranked_among_the_new_only() -> None:
    data = as_seen(replace(MINIATURE, customers=60))
    folds = made_new(data)
    ranked = np.stack([fold.test.items.arrived < np.inf for fold in folds])
    assert len(folds) == PARTS
    assert (ranked.sum(0) == 1).all()
    for fold, own in zip(folds, ranked, strict=True):
        assert not own[fold.fit.events.items].any()
        assert own[fold.test.wanted.indices].all()
        assert fold.test.barred(0, len(fold.test))[:, ~own].all()


def test_without_photos_no_product_has_looks() -> None:
    bare = without_photos(as_seen(replace(MINIATURE, customers=5)))
    assert not bare.items.has_vector.any()
    assert not bare.items.vectors.any()


@pytest.mark.parametrize(("none", "won"), [(0.05, True), (0.0, False)])
def test_vitrine_must_beat_itself_without_photos_too(none: float, won: bool) -> None:
    gaps = tuple(
        Gap("vitrine", other, PRIMARY, Difference(gap, (gap - 0.01, gap + 0.01), 0.5))
        for other, gap in (("random", 0.1), (f"vitrine{WITHOUT}", 0.05), (f"vitrine{BARE}", none))
    )
    assert Answer(1, 1, {}, gaps).won_by_looks is won


def made_up(rho: float, looks: float, mixed: float, photos: float) -> Swept:
    """A sweep's figures where each difference is so large and its interval ±0.01 around it."""
    gaps = tuple(
        Gap(model, other, PRIMARY, Difference(gap, (gap - 0.01, gap + 0.01), 0.5))
        for model, other, gap in (
            ("looks", "random", looks),
            ("looks", "category", 1.0),
            ("looks-knn", "random", mixed),
            ("looks-knn", f"looks-knn{WITHOUT}", photos),
        )
    )
    return Swept(MINIATURE.with_visual_share(rho), 1, {ALL: Answer(1, 1, {}, gaps)})


@pytest.mark.parametrize(
    ("rho", "looks", "mixed", "photos", "expected"),
    [
        (0.5, 0.05, 0.0, 0.0, True),
        (0.5, 0.005, 0.0, 0.0, False),
        (0.5, -0.05, 0.05, 0.05, True),
        (0.5, -0.05, 0.05, 0.0, False),
        (0.0, 0.05, 0.0, 0.0, False),
        (0.0, 0.0, 0.05, 0.0, True),
        (0.0, 0.0, 0.05, 0.05, False),
        (0.0, 0.0, 0.0, 0.05, True),
    ],
)
def test_what_is_expected(rho: float, looks: float, mixed: float, photos: float, expected: bool) -> None:
    assert made_up(rho, looks, mixed, photos).as_expected is expected
