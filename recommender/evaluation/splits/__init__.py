"""How the past is parted into what a model may learn, what it is tuned on, and what it is tested on.

Every split is deterministic: times decide, and where something must be chosen, a hash of its id does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from data.errors import NotReady, UsageError
from recommender.dataset import Dataset
from recommender.evaluation.splits.by_chance import split_random
from recommender.evaluation.splits.by_customer import FOLD_IN_SHARE, split_last, split_user
from recommender.evaluation.splits.cold import HELD_OUT_ITEMS, split_cold_items, split_cold_natural
from recommender.evaluation.splits.draws import hashed_shares
from recommender.evaluation.splits.edges import (
    ROLLING_SHARE,
    TEST_SHARE,
    VALIDATION_SHARE,
    WINDOWS,
    as_date,
    cuts,
    rolling,
    window_edges,
)
from recommender.evaluation.splits.fold import Fold
from recommender.evaluation.splits.in_time import rolling_folds, split_time

__all__ = [
    "FOLD_IN_SHARE",
    "HELD_OUT_ITEMS",
    "ROLLING",
    "ROLLING_SHARE",
    "SPLITS",
    "TEST_SHARE",
    "VALIDATION_SHARE",
    "WINDOWS",
    "Fold",
    "as_date",
    "cuts",
    "folds",
    "hashed_shares",
    "rolling",
    "rolling_folds",
    "split",
    "split_cold_items",
    "split_cold_natural",
    "split_last",
    "split_random",
    "split_time",
    "split_user",
    "window_edges",
]

ROLLING = "rolling"

SPLITS: Mapping[str, Callable[[Dataset, bool], Fold]] = {
    "time": split_time,
    "last": split_last,
    "user": split_user,
    "cold-items": split_cold_items,
    "cold-natural": split_cold_natural,
    "random": split_random,
}


def split(data: Dataset, name: str, repeat: bool = False) -> Fold:
    """The fold of a split by its name. repeat: products that a customer has met can be asked for again.

    Raises UsageError for an unknown one, NotReady where it leaves nothing.
    """
    if name not in SPLITS:
        more = f"; {ROLLING} makes several folds" if name == ROLLING else ""
        raise UsageError(f"no split {name!r}; there are {', '.join(SPLITS)}{more}")
    _check(data)
    return SPLITS[name](data, repeat)


def folds(data: Dataset, name: str, windows: int = 3, repeat: bool = False) -> tuple[Fold, ...]:
    """One fold, or ``windows`` of them for the split ``rolling``. Raises what ``split`` and
    ``rolling_folds`` do.
    """
    if name != ROLLING:
        return (split(data, name, repeat),)
    _check(data)
    return rolling_folds(data, windows, repeat)


def _check(data: Dataset) -> None:
    if not len(data.events):
        raise NotReady(
            "the shop has no usable interactions to evaluate on; import some with `vitrine interactions`"
        )
