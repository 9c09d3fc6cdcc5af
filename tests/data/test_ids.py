"""What may be an id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UsageError
from data.ids import check_id, clean_text, id_fault, photo_id_of, storable


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("p", None), ("x" * 256, None), ("日本 語", None), ("👗", None), (" a ", None), ("a|b/../c", None),
        ("", "missing_id"), ("   ", "blank_id"), ("\u00a0", "blank_id"), ("x" * 257, "long_id"),
        ("a\tb", "control_id"), ("a\nb", "control_id"), ("a\0", "control_id"), ("\x7f", "control_id"),
        ("\x85", "control_id"), ("\ud800", "control_id"), ("\u2028", "control_id"),
    ],
)  # fmt: skip
def test_faults_of_ids(value: str, fault: str | None) -> None:
    assert id_fault(value) == fault
    if fault is not None:
        with pytest.raises(UsageError) as caught:
            check_id(value, "product")
        assert caught.value.detail["reason"] == fault


def test_photo_ids_are_stable_and_depend_on_product_and_path() -> None:
    assert photo_id_of("p1", "a.jpg") == "87bd77756f5b432c"
    assert (
        len({photo_id_of("p", "a"), photo_id_of("p", "b"), photo_id_of("pa", ""), photo_id_of("", "pa")}) == 4
    )


@given(st.text(alphabet=st.characters(), max_size=40))
def test_cleaned_text_can_be_stored_and_good_ids_are_left_as_they_are(value: str) -> None:
    clean = clean_text(value)
    assert storable(clean)
    clean.encode("utf-8")
    if id_fault(value) is None:
        assert clean == value
