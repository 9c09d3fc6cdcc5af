from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender.models import neighbours
from recommender.models.neighbours import neighbour_table, strongest, without_diagonal


def test_the_strongest_are_kept_and_of_equal_ones_the_first() -> None:
    table = sparse.csr_array(np.asarray([[0.2, 0.9, 0.2, 0.2], [0.0, 0.0, 0.1, 0.0], [3.0, 1.0, 2.0, 4.0]]))
    kept = strongest(table, 2).toarray()
    assert kept == pytest.approx(np.asarray([[0.2, 0.9, 0, 0], [0, 0, 0.1, 0], [3.0, 0, 0, 4.0]]))
    assert table.nnz == 9  # what was given stays as it was


def test_unsorted_columns_and_stored_zeros_do_not_matter() -> None:
    cells = (np.asarray([0.5, 0.0, 0.5, 0.5]), np.asarray([3, 2, 1, 0]), np.asarray([0, 4]))
    assert strongest(sparse.csr_array(cells, shape=(1, 4)), 2).toarray().tolist() == [[0.5, 0.5, 0, 0]]


def test_blocks_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    whole = sparse.csr_array(np.where(rng.random((23, 23)) < 0.5, rng.random((23, 23)), 0.0))

    def block(first: int, last: int) -> sparse.csr_array:
        return without_diagonal(sparse.csr_array(whole[first:last]), first)

    at_once = neighbour_table(23, 4, block).toarray()
    monkeypatch.setattr(neighbours, "CELLS", 50)
    assert np.array_equal(neighbour_table(23, 4, block).toarray(), at_once)
    assert not at_once.diagonal().any()
    assert ((at_once > 0).sum(axis=1) == 4).all()


def test_no_products_is_no_error() -> None:
    def never(first: int, last: int) -> sparse.csr_array:
        raise AssertionError((first, last))

    assert neighbour_table(0, 4, never).shape == (0, 0)
