"""The split by time of arrival: what a shop gets next is what a model is really asked about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from embedder.splits.enough import check_same_length
from embedder.splits.shares import DEFAULT_SHARES, Shares
from embedder.splits.split import Split

Moments = NDArray[np.float64]


def by_time(times: NDArray[np.generic], groups: NDArray[np.int64], shares: Shares = DEFAULT_SHARES) -> Split:
    """The latest groups are tested, those before them validate, the earliest are learnt from.

    times: of each photo (n,), e.g. when its product was added: numbers or datetime64. A group counts at its
    latest photo, so everything learnt is older than the cut. Groups of one moment stay together. Raises
    UsageError where a time is absent, or there are fewer than three moments.
    """
    check_same_length(len(times), groups, "times")
    moments = _numbers(times)
    _, group = np.unique(groups, return_inverse=True)
    latest = np.full(len(groups), -np.inf)
    np.maximum.at(latest, group, moments)
    moment = latest[group]
    test = moment >= _cut(moment, shares.test, earlier=2)
    rest = moment[~test]
    validation = np.zeros(len(test), bool)
    validation[~test] = rest >= _cut(rest, shares.validation, earlier=1)
    return Split(~test & ~validation, validation, test)


def _cut(moments: Moments, share: float, earlier: int) -> float:
    """The moment from which on nearly ``share`` of the photos came, with ``earlier`` other moments before."""
    values, counts = np.unique(moments, return_counts=True)
    if len(values) <= earlier:
        raise UsageError(
            f"the products arrived at {len(values)} moments, too few to test what came later (a "
            "catalogue that is imported at once has one); take the split stratified"
        )
    later = counts[::-1].cumsum()[::-1]
    place = earlier + int(np.argmin(np.abs(later[earlier:] - share * len(moments))))
    return float(values[place])


def _numbers(times: NDArray[np.generic]) -> Moments:
    """Times as numbers; UsageError names how many are absent."""
    if times.dtype.kind == "M":
        moments = np.where(np.isnat(times), np.nan, times.astype("datetime64[us]").astype(np.int64))
    else:
        moments = times.astype(np.float64)
    absent = int((~np.isfinite(moments)).sum())
    if absent:
        raise UsageError(f"{absent} photos have no time of arrival; leave them out, or take another split")
    return moments
