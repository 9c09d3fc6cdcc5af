"""What is asked, of whom, and who is left out."""

from __future__ import annotations

import numpy as np

from recommender.evaluation import exam as exams
from recommender.evaluation.exam import Exam, choice_threshold, hold_exam
from recommender.evaluation.ranking import rank
from recommender.histories import DAY
from recommender.models.popularity import Popularity
from tests.recommender.makers import data_of, items_of

ITEMS = items_of(arrived={"hat2": 60.0})
DATA = data_of(
    ITEMS,
    [
        ("again", "shoe1", 1, 1),
        ("again", "shoe1", 1, 51),  # only what was seen before
        ("early", "hat1", 1, 52),
        ("early", "hat2", 1, 70),  # hat2 was not there when first asked
        ("grump", "shoe2", -1, 53),  # nothing liked
        ("gone", "shoe2", 1, 2),  # nothing in the window
        ("too early", "hat2", 1, 55),  # only something that was not there yet
        ("good", "shoe1", 1, 3),
        ("good", "shoe2", 1, 54),
        ("good", "shoe3", 1, 60),
        ("back", "shoe3", 1, 54),
        ("back", "shoe3", -1, 55),  # bought and returned
    ],
)
KNOWN = DATA.until(50 * DAY)
WINDOW = DATA.events.where(DATA.events.times >= 50 * DAY)
EXAM = hold_exam(KNOWN, WINDOW)


def asked(exam: Exam = EXAM) -> dict[str, set[str]]:
    mask = exam.wanted_mask(0, len(exam))
    return {
        DATA.customers[who]: {ITEMS.ids[i] for i in np.flatnonzero(row)}
        for who, row in zip(exam.who, mask, strict=True)
    }


def test_what_is_asked_for() -> None:
    assert asked() == {"early": {"hat1"}, "good": {"shoe2", "shoe3"}}


def test_everybody_else_is_counted_with_the_reason() -> None:
    assert EXAM.excluded == {
        exams.NO_EVENT: 1,
        exams.NOTHING_LIKED: 2,
        exams.ONLY_SEEN: 1,
        exams.NOT_ARRIVED: 1,
    }
    assert len(EXAM) + sum(EXAM.excluded.values()) == len(DATA.customers)
    assert EXAM.dropped == {"seen_before": 1, "not_yet_in_the_catalogue": 2}


def test_a_customer_is_asked_at_their_first_event_of_the_window() -> None:
    assert (EXAM.histories.now / DAY).tolist() == [52, 54]


def test_barred_is_what_was_met_and_what_is_not_there_yet() -> None:
    barred = EXAM.barred(0, 2)
    names = [{ITEMS.ids[i] for i in np.flatnonzero(row)} for row in barred]
    assert names == [{"hat2"}, {"shoe1", "hat2"}]


def test_a_product_is_there_from_the_moment_it_arrived() -> None:
    late = hold_exam(KNOWN, WINDOW.where(WINDOW.times >= 60 * DAY))
    assert not late.barred(0, len(late))[:, ITEMS.row_of["hat2"]].any()


def test_views_count_as_choices_only_where_there_is_nothing_stronger() -> None:
    many = [(f"c{i}", "shoe1", 1.0, 1.0) for i in range(30)] + [("v", "hat1", 0.1, 2.0)]
    assert choice_threshold(data_of(ITEMS, many).events) == exams.CHOICE
    assert choice_threshold(data_of(ITEMS, many[-2:]).events) == exams.ANY
    weak = data_of(ITEMS, [("v", "hat1", 0.1, 60)])
    assert len(hold_exam(KNOWN, weak.events, choice=exams.CHOICE)) == 0
    often = data_of(ITEMS, [("v", "hat1", 0.1, 60.0 + i / 10) for i in range(6)])
    assert len(hold_exam(often.until(0), often.events, choice=exams.CHOICE)) == 1


def test_the_first_customers_of_an_exam() -> None:
    one = EXAM.first(1)
    assert len(one) == 1
    assert one.wanted_counts.tolist() == [1]
    assert EXAM.first(10) is EXAM


def test_what_was_seen_before_counts_where_choices_may_repeat() -> None:
    exam = hold_exam(KNOWN, WINDOW, repeat=True)
    assert asked(exam) == {"again": {"shoe1"}, "early": {"hat1"}, "good": {"shoe2", "shoe3"}}
    assert exam.dropped == {"seen_before": 0, "not_yet_in_the_catalogue": 2}
    assert exams.ONLY_SEEN not in exam.excluded
    barred = exam.barred(0, 3)
    assert [{ITEMS.ids[i] for i in np.flatnonzero(row)} for row in barred] == [{"hat2"}] * 3


def test_everybody_can_be_asked_at_one_moment() -> None:
    exam = hold_exam(KNOWN, WINDOW, now=80 * DAY)
    assert (exam.histories.now / DAY).tolist() == [80] * 3  # hat2 is there by then
    assert exam.dropped["not_yet_in_the_catalogue"] == 0


def test_a_ranking_shows_what_was_met_only_where_choices_may_repeat() -> None:
    popular = Popularity().fit(KNOWN)
    for repeat in (False, True):
        exam = hold_exam(KNOWN, WINDOW, repeat=repeat)
        row = [DATA.customers[who] for who in exam.who].index("good")
        shown = {ITEMS.ids[i] for i in rank(popular, exam, 5).top[row] if i >= 0}
        assert ("shoe1" in shown) is repeat
