"""Which photos go into which batch: lists of row numbers, each epoch's from the seed and its number alone.

No epoch depends on those before it, so that a resumed run draws what an unbroken one would have drawn. Every
epoch draws about as many photos as there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError

Rows = NDArray[np.int64]
_SHUFFLED, _BALANCED, _P_BY_K, _PLACE = range(4)


def shuffled(n: int, size: int, seed: int, epoch: int) -> list[Rows]:
    """All rows from 0 to n - 1, each once, in batches of at most ``size`` that differ by at most one photo.

    (Equal batches, because a rest of one photo has no batch statistics.)
    """
    return _even(_draw(seed, epoch, _SHUFFLED).permutation(n), size)


def balanced(labels: NDArray[np.int64], size: int, seed: int, epoch: int) -> list[Rows]:
    """As many rows as there are labels (n,), with every class as often as the others, give or take one.

    A class with fewer photos than its part repeats them, one with more shows others in another epoch. Photos
    without a value (-1) count as a class.
    """
    random = _draw(seed, epoch, _BALANCED)
    classes = _members(labels)
    part, rest = divmod(len(labels), max(1, len(classes)))
    one_more = set(random.permutation(len(classes))[:rest].tolist())
    drawn = [_repeated(rows, part + (i in one_more), random) for i, rows in enumerate(classes)]
    return _even(random.permutation(np.concatenate(drawn)) if drawn else labels, size)


def p_by_k(labels: NDArray[np.int64], photos: int, per_class: int, seed: int, epoch: int) -> list[Rows]:
    """Batches of P classes by K = ``per_class`` photos, at most ``photos`` in all, for pairwise objectives.

    Classes come in turn, so that all are drawn about equally often, none twice in a batch and each at least
    once in an epoch. A class with fewer than K photos repeats them; one with a single photo is there once (as
    what others differ from). Where all classes by K do not fill a batch, those with more photos give more. A
    photo without a value (-1) is a class of its own. K is halved and more where two classes would not fit;
    UsageError for batches of fewer than 4 photos, which cannot hold two pairs.
    """
    if photos < 4:
        raise UsageError(
            f"a batch of {photos} photos cannot hold two pairs, which the objective compares; take 4 or more"
        )
    per_class = min(per_class, photos // 2)
    random = _draw(seed, epoch, _P_BY_K)
    known = _members(np.where(labels < 0, labels.max(initial=0) + 1 + np.arange(len(labels)), labels))
    most = max(per_class, photos // max(1, len(known)))
    takes = [1 if len(rows) == 1 else max(per_class, min(most, len(rows))) for rows in known]
    stocks: list[list[int]] = [[] for _ in known]
    turns = _endless(len(known), random)
    held: list[int] = []
    left = max(len(labels), sum(takes))
    batches = []
    while left > 0:
        chosen = _classes(turns, held, takes, photos)
        drawn = [row for c in chosen for row in _taken(stocks[c], known[c], takes[c], random)]
        batches.append(np.asarray(drawn, np.int64))
        left -= len(batches[-1])
    return batches


def class_weights(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """A weight for each class (classes,): the inverse of how often it is, scaled to a mean of 1 over the
    photos that have a value (labels (n,), -1 is none). A class without a photo weighs 1."""
    counts = np.bincount(labels[labels >= 0], minlength=classes).astype(np.float64)
    present = counts > 0
    weights = np.ones(classes)
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights.astype(np.float32)


def share_of(batches: Sequence[Rows], rank: int, world: int) -> list[Rows]:
    """The batches of process ``rank`` of ``world``: all have equally many, together all of them.

    Where they do not divide evenly, the first ones are given out once more.
    """
    if not 0 <= rank < world:
        raise UsageError(f"process {rank} is none of {world}; they count from 0")
    filled = [batches[i % len(batches)] for i in range(-(-len(batches) // world) * world)]
    return filled[rank::world]


def place_seed(seed: int, epoch: int, place: int) -> int:
    """A seed for what is random about the photo at a place of an epoch, from 0 to 2**63 - 1.

    By place, not by photo: one that a batch repeats is then augmented otherwise each time.
    """
    state = np.random.SeedSequence([seed, epoch, _PLACE, place]).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def _draw(seed: int, epoch: int, kind: int) -> np.random.Generator:
    return np.random.default_rng([seed, epoch, kind])


def _even(rows: NDArray[np.int64], size: int) -> list[Rows]:
    return np.array_split(rows.astype(np.int64), -(-len(rows) // size)) if len(rows) else []


def _members(labels: NDArray[np.int64]) -> list[Rows]:
    """The rows of each class that occurs, by its number."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=labels.min(initial=0) - 1))
    return np.split(order.astype(np.int64), starts[1:]) if len(order) else []


def _repeated(rows: Rows, count: int, random: np.random.Generator) -> Rows:
    """So many of the rows, none a second time before all have come."""
    rounds = [random.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate(rounds)[:count] if rounds else rows[:0]


def _endless(count: int, random: np.random.Generator) -> Iterator[int]:
    """The numbers below ``count`` in ever new orders."""
    while True:
        yield from random.permutation(count).tolist()


def _taken(stock: list[int], rows: Rows, count: int, random: np.random.Generator) -> list[int]:
    """So many rows off the stock, which is filled up when it is empty; none twice before all have come."""
    taken: list[int] = []
    while len(taken) < count:
        if not stock:
            stock[:] = sorted(random.permutation(rows).tolist(), key=taken.count)
        taken.append(stock.pop(0))
    return taken


def _classes(turns: Iterator[int], held: list[int], takes: Sequence[int], photos: int) -> list[int]:
    """The classes of one batch: those held back first, then in turn until the next does not fit.

    held: classes whose turn came but that did not fit or were in the batch already; changed in place.
    """
    chosen: list[int] = []
    room = photos
    waiting, held[:] = held[:], []
    while len(chosen) < len(takes):
        turn = waiting.pop(0) if waiting else next(turns)
        if turn in chosen:
            held.append(turn)
        elif takes[turn] > room:
            held.append(turn)
            break
        else:
            chosen.append(turn)
            room -= takes[turn]
    held.extend(waiting)
    return chosen
