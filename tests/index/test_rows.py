"""Looking products up in the rows of a generation."""

from __future__ import annotations

import pytest

from index.rows import FEW_QUESTIONS, Rows


@pytest.fixture
def rows() -> Rows:
    return Rows.of(["a1", "a2", "b1", "c1"], ["a", "b", "c"], [2, 1, 1])


def test_the_first_questions_and_all_later_ones_have_the_same_answers(rows: Rows) -> None:
    for _ in range(FEW_QUESTIONS):
        assert [rows.slot(product) for product in ("c", "a", "none", "b")] == [2, 0, None, 1]


def test_one_question_makes_no_dictionary_and_many_do(rows: Rows) -> None:
    assert rows.slot("b") == 1
    assert "slot_of" not in vars(rows)
    for _ in range(FEW_QUESTIONS):
        rows.slot("none")
    assert "slot_of" in vars(rows)


def test_a_dictionary_that_is_there_is_used(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rows.slot_of, "c", 7)
    assert rows.slot("c") == 7
