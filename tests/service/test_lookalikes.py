"""The least score of a look-alike: kept for a space, used by searches, refused where it says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.errors import Damaged, NotReady, UsageError
from service.engine import Engine
from service.lookalikes import Calibration, calibration_of, remember_calibration
from service.requests import Look, SimilarRequest

MADE = Calibration(0.8, 0.01, 0.99, 48, "2026-07-01T00:00:00+00:00")
LIKE_DISC = SimilarRequest(examples=(Look(product_id="disc-red"),), k=23, min_score="auto")


def calibrate(engine: Engine, cosine: float) -> None:
    remember_calibration(engine.shop, engine.parts.space(), replace(MADE, cosine=cosine))


def test_it_is_kept_for_its_space_only(engine: Engine) -> None:
    calibrate(engine, 0.5)
    assert calibration_of(engine.shop, engine.parts.space()) == replace(MADE, cosine=0.5)
    assert calibration_of(engine.shop, "another-space") is None
    assert engine.calibration() == replace(MADE, cosine=0.5).as_json()


def test_hits_below_it_are_left_out(engine: Engine) -> None:
    plain = engine.similar(replace(LIKE_DISC, min_score=None)).hits
    cut = float(str(plain[4]["score"])) - 1e-5
    calibrate(engine, cut)
    answer = engine.similar(LIKE_DISC)
    assert [hit["product_id"] for hit in answer.hits] == [hit["product_id"] for hit in plain[:5]]
    assert answer.warnings == ()


def test_where_all_stay_below_it_words_say_so(engine: Engine) -> None:
    best = float(str(engine.similar(replace(LIKE_DISC, min_score=None)).hits[0]["score"]))
    calibrate(engine, 0.99999)
    answer = engine.similar(LIKE_DISC)
    assert answer.hits == []
    assert answer.warnings == (
        f"nothing in this shop looks like this (best score {best:.2f}, threshold 1.00)",
    )
    filtered = engine.similar(replace(LIKE_DISC, where='colour = "blue"', min_score=0.99999))
    assert filtered.warnings[0].startswith("nothing that passes the filter looks like this (best score")


def test_a_filter_that_leaves_nothing_is_no_matter_of_looks(engine: Engine) -> None:
    calibrate(engine, 0.99999)
    assert engine.similar(replace(LIKE_DISC, where="price > 100000")).warnings == ()


def test_without_a_calibration_the_command_is_named(engine: Engine) -> None:
    with pytest.raises(NotReady, match="vitrine embedders evaluate --shop"):
        engine.similar(LIKE_DISC)
    assert engine.calibration() is None


def test_it_does_not_hold_for_other_weights(engine: Engine) -> None:
    calibrate(engine, 0.1)
    with pytest.raises(UsageError, match="own weights of the aspects"):
        engine.similar(replace(LIKE_DISC, aspects={"colour": 1.0}))
    same = dict(engine.aspects())
    assert engine.similar(replace(LIKE_DISC, aspects=same)).hits


@pytest.mark.parametrize(
    ("change", "word"),
    [({"strategy": "sum"}, "strategy sum"), ({"negatives": (Look(product_id="bar-red"),)}, "negatives")],
)
def test_it_does_not_hold_for_other_scores(engine: Engine, change: dict[str, object], word: str) -> None:
    calibrate(engine, 0.1)
    with pytest.raises(UsageError, match=word):
        engine.similar(replace(LIKE_DISC, **change))  # type: ignore[arg-type]


def test_another_word_than_auto_is_refused() -> None:
    with pytest.raises(UsageError, match="'high'"):
        replace(LIKE_DISC, min_score="high")  # type: ignore[arg-type]


def test_a_calibration_that_cannot_be_read_is_damage(engine: Engine) -> None:
    engine.shop.set_meta(f"look-alike:{engine.parts.space()}", {"cosine": 0.5})
    with pytest.raises(Damaged, match="calibration"):
        engine.similar(LIKE_DISC)
    with pytest.raises(Damaged, match="finite"):
        replace(MADE, cosine=float("nan"))
