"""The values check themselves: what is in two parts, or lacks one, is no split."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import UsageError
from embedder.splits.split import Folds, Nested, Split


def masks(text: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One letter a photo: t(rain), v(alidation), e(xamined), - (in no part)."""
    letters = np.asarray(list(text))
    return letters == "t", letters == "v", letters == "e"


def split(text: str) -> Split:
    return Split(*masks(text))


def test_rows_counts_and_parts_agree() -> None:
    found = split("ttve-e")
    assert found.counts == (2, 1, 2)
    assert [rows.tolist() for rows in found.rows()] == [[0, 1], [2], [3, 5]]
    assert found.parts().tolist() == [0, 0, 1, 2, -1, 2]


def test_a_photo_in_two_parts() -> None:
    train, validation, test = masks("ttvve")
    with pytest.raises(UsageError, match="1 photos are in two parts"):
        Split(train, validation | np.asarray([True, False, False, False, False]), test)


@pytest.mark.parametrize(("text", "part"), [("vvee", "train"), ("ttee", "validation"), ("ttvv", "test")])
def test_no_part_may_be_empty(text: str, part: str) -> None:
    with pytest.raises(UsageError, match=f"the {part} part of a split is empty"):
        split(text)


def test_masks_are_bool_and_of_one_length() -> None:
    train, validation, test = masks("tve")
    with pytest.raises(UsageError, match="test part is a mask"):
        Split(train, validation, test[:2])
    with pytest.raises(UsageError, match="train part is a mask"):
        Split(train.astype(int), validation, test)  # type: ignore[arg-type]


def test_a_split_cannot_be_changed_afterwards() -> None:
    train, validation, test = masks("ttve")
    found = Split(train, validation, test)
    train[:] = False
    assert found.train.sum() == 2
    with pytest.raises(ValueError, match="read-only"):
        found.test[0] = True


def test_folds_test_every_photo_once_at_most() -> None:
    folds = Folds((split("evtt"), split("tevt")))
    assert len(folds) == 2
    assert folds[1].test.tolist() == [False, True, False, False]
    with pytest.raises(UsageError, match="tested in two folds"):
        Folds((split("evtt"), split("etvt")))
    with pytest.raises(UsageError, match="two splits or more"):
        Folds((split("evtt"),))
    with pytest.raises(UsageError, match="same photos"):
        Folds((split("evtt"), split("tevtt")))


def test_an_inner_split_must_not_see_what_its_fold_tests() -> None:
    outer = Folds((split("evttt"), split("tevtt")))
    assert Nested(outer, (split("-vtet"), split("v-tet"))).inner[0].counts == (2, 1, 1)
    with pytest.raises(UsageError, match="fold 2 uses photos that the fold tests"):
        Nested(outer, (split("-vtet"), split("vttet")))
    with pytest.raises(UsageError, match="2 outer folds need as many"):
        Nested(outer, (split("-vtet"),))
