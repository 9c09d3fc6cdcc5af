"""The random split: what published tables mostly use, and nothing to draw conclusions from."""

from __future__ import annotations

import numpy as np

from recommender.dataset import Dataset
from recommender.evaluation.exam import Lesson, choice_threshold, hold_exam
from recommender.evaluation.splits.draws import pair_shares
from recommender.evaluation.splits.edges import TEST_SHARE, VALIDATION_SHARE
from recommender.evaluation.splits.fold import Fold


def split_random(data: Dataset, repeat: bool = False) -> Fold:
    """``TEST_SHARE`` of all (customer, product) pairs, drawn by hash, are the test, ``VALIDATION_SHARE``
    others validate.

    All events of a pair fall on one side. Everybody is asked at the end of the interactions, so that models
    know what came after the choices that they are asked for: for conformance with published tables only.
    """
    choice, draw = choice_threshold(data.events), pair_shares(data, "pair")
    is_test = draw < TEST_SHARE
    is_validation = ~is_test & (draw < TEST_SHARE + VALIDATION_SHARE)
    fit, tested = data.with_events(data.events.where(~is_test)), data.events.where(is_test)
    train, validated = (
        data.with_events(data.events.where(~is_test & ~is_validation)),
        data.events.where(is_validation),
    )
    end = max(data.asof, float(np.nextafter(data.events.times[-1], np.inf)))
    return Fold(
        split="random",
        lessons=(Lesson(train, hold_exam(train, validated, choice=choice, repeat=repeat, now=end)),),
        fit=fit,
        test=hold_exam(fit, tested, choice=choice, repeat=repeat, now=end),
        tested=tested,
        until=None,
        described={
            "test": f"{TEST_SHARE:.0%} of all pairs of customer and product, by hash",
            "not_for_conclusions": "models learn from what came after the choices they are asked for; this "
            "split serves to compare with published tables only",
        },
        conclusive=False,
    )
