"""Likes, as the classic models read them: everybody's for training, a history's for scoring."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from data.errors import UsageError
from recommender.dataset import Dataset
from recommender.histories import Histories
from recommender.items import Bools, Doubles, Ints


def everyones_likes(data: Dataset) -> sparse.csr_array:
    """float64 CSR (customers, n): the balance of weights of every product that a customer likes."""
    everyone = np.arange(len(data.customers), dtype=np.int64)
    return data.histories(everyone, np.full(len(everyone), data.asof)).wanted(len(data.items))


def told(histories: Histories, n: int, half_life: float, recency: float) -> sparse.csr_array:
    """float64 CSR (c, n): the history's weights, faded by age and by rank.

    half_life: days (see ``Histories.faded``). recency: 1 for no effect; else every product's weight is
    multiplied by recency^r, r being the number of products that the customer liked later. Products of one
    moment, such as a basket, have the same r; a product's moment is its last event.
    """
    sums = histories.matrix(histories.faded(half_life), n)
    if recency == 1.0 or not len(histories.items):
        return sums
    width = np.int64(sums.shape[1])
    pairs, place = np.unique(histories.owners * width + histories.items, return_inverse=True)
    last = np.full(len(pairs), -np.inf)
    np.maximum.at(last, place, histories.times)
    weights = np.bincount(place, histories.faded(half_life), minlength=len(pairs)).astype(np.float64)
    ranked = weights * recency ** _later(pairs // width, last, weights > 0)
    cells = (ranked, (pairs // width, pairs % width))
    return sparse.csr_array(sparse.coo_array(cells, shape=sums.shape))


def _later(owners: Ints, last: Doubles, liked: Bools) -> Ints:
    """int64 (m,): for each of m (owner, moment), how many liked ones the same owner has at later moments."""
    order = np.lexsort((last, owners))
    who, when = owners[order], last[order]
    found = np.concatenate([[0], np.cumsum(liked[order])])
    ends = np.searchsorted(who, who, side="right")
    change = np.flatnonzero((who[1:] != who[:-1]) | (when[1:] != when[:-1])) + 1
    stops = np.append(change, len(who))
    group = np.repeat(stops, np.diff(np.concatenate([[0], stops])))
    later = np.empty(len(who), np.int64)
    later[order] = found[ends] - found[group]
    return later


def check_neighbours(neighbours: int, model: str) -> None:
    """Raises UsageError for fewer than one neighbour."""
    if neighbours < 1:
        raise UsageError(f"{model} needs at least one neighbour; got neighbours={neighbours}")


def check_recency(recency: float, model: str) -> None:
    """Raises UsageError for a factor outside (0, 1]."""
    if not 0 < recency <= 1:
        raise UsageError(f"{model}'s recency is a factor above 0 and at most 1; got {recency}")
