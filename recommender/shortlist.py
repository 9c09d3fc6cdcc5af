"""The best k products by inner products, exactly, after a first look with half as many digits.

A product of matrices in bfloat16 costs a fraction of one in float32 where the processor has instructions for
it (AMX, AVX-512 BF16), but keeps only 8 binary digits. So it is made to err to one side: with u' and v'
rounded to 8 digits, u·v <= u'·v' + E ‖u‖‖v‖ (Cauchy and Schwarz), and one more column in both matrices,
‖u‖ and E ‖v‖ rounded up, adds that term to the product itself. What comes out is an upper bound of every
score. The products with the highest bounds are scored in double precision; the k-th best of these scores is a
floor, and what has a bound below it cannot be among the best k. Where more products reach it, they are scored
as well. The answer is that of double-precision scores of all products, rounded to float32: it depends neither
on the machine nor on which customers are asked about together.

Bounds are compared as integers: the bits of numbers above 0 have the order of the numbers. A last column
shifts each customer's bounds so that the best lie just above 0, where the 8 digits also tell more apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recommender.items import Bools, Doubles, Floats, Ints
from recommender.topk import NOBODY, top_k

if TYPE_CHECKING:
    from torch import Tensor

Shorts = NDArray[np.int16]
Bar = Callable[[Any, NDArray[Any]], None]

SPAN = 16  # columns of a group: few, so that most groups that reach the floor do so with one
SPARE = 8  # one group more for so many products: mostly enough for all that reach the floor
MOST = 8  # candidates per product that is looked for, above which a row is scored whole
LARGEST, SMALLEST = 1e15, 1e-15  # norms between which nothing overflows, and what underflows is far below E
PROBES = 128  # products that tell where a customer's scores lie
UPPER = (
    32  # of them above the middle of a customer's scale: fewer, by share, than ``suits`` allows to look for
)
TILE = 32  # columns that the processor multiplies at once
LOWEST = np.int16(np.iinfo(np.int16).min)
NOTHING = np.iinfo(np.int64).max
COLUMN = np.int64(0xFFFFFFFF)


def has_bfloat16() -> bool:
    """Whether this processor has instructions for products in bfloat16."""
    import torch

    able = torch.cpu.get_capabilities()
    return bool(able.get("amx_bf16") or able.get("avx512_bf16"))


def usable(factors: Floats) -> bool:
    """Whether bounds can be trusted: all is finite, and no row is so long that products overflow or so short
    that they vanish.
    """
    norms = _norms(factors)
    short = norms[np.any(factors != 0, axis=1)].min(initial=1.0)
    return bool(norms.max(initial=0.0) <= LARGEST and short >= SMALLEST)


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """items: float64 (n, d), the products' factors. wide: bfloat16 (n and up to whole groups, d + 2 and
    zeros), see the module.
    probes: some of the products, float32 (m, d). noise: by what share of its shift a bound may be off.
    """

    items: Doubles
    wide: Tensor
    probes: Floats
    noise: float
    _spare: list[Tensor] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, items: Floats) -> Shortlist:
        """From ``usable`` factors (n, d)."""
        noise = (items.shape[1] + 4) * 2.0**-22  # of sums in float32, in any order
        whole = np.pad(items, ((0, -len(items) % SPAN), (0, 0)))
        wide = _widened(whole, 2.0**-8 * (1 + 2.0**-8) + noise, np.ones(len(whole), np.float32))
        probes = np.linspace(0, len(items) - 1, min(PROBES, len(items))).astype(np.int64)
        return cls(items.astype(np.float64), wide, np.ascontiguousarray(items[probes]), noise)

    def suits(self, k: int) -> bool:
        """Whether there are so many products that a first look at all of them pays."""
        return 0 < 2 * SPAN * k <= len(self.items)

    def best(self, customers: Floats, k: int, bar: Bar) -> Ints:
        """int64 (c, k): products by falling u·v, rounded to float32, equal ones by row; -1 pads.

        customers: ``usable`` float32 (c, d). k: one that ``suits``. bar: writes a value into those cells of
        a table (c, n) that must not be returned. Safe to ask from several threads at once.
        """
        try:
            room = self._spare.pop()
        except IndexError:
            room = _room(len(customers), len(self.wide))
        if len(room) < len(customers):
            room = _room(len(customers), len(self.wide))
        try:
            return self._best(customers, k, bar, room[: len(customers)])
        finally:
            self._spare.append(room)

    def _best(self, customers: Floats, k: int, bar: Bar, room: Tensor) -> Ints:
        shifts = self._shifts(customers)
        bounds, maxima, floor = self._bounds(customers, shifts, k, bar, room)
        keys, heavy = self._keys(customers, *_above(bounds, maxima, floor), k)
        reached = self._reached(keys[:, -1], shifts)
        lacking = np.flatnonzero((reached < floor) & ~heavy)
        if len(lacking):
            found = _above(bounds[lacking], maxima[lacking], reached[lacking])
            keys[lacking], heavy[lacking] = self._keys(customers[lacking], *found, k)
        answer = np.where(keys == NOTHING, NOBODY, keys & COLUMN)
        if heavy.any():
            answer[heavy] = self._whole(customers, np.flatnonzero(heavy), k, bar)
        return answer

    def _shifts(self, customers: Floats) -> Floats:
        """float32 (c,), whole numbers in bfloat16: what brings most scores below 0 and the best above; 0
        where that would leave no digits for the best.
        """
        import torch

        scores = customers @ self.probes.T
        middle = np.partition(scores, -min(UPPER, scores.shape[1]), axis=1)[:, -min(UPPER, scores.shape[1])]
        blind = np.abs(middle) > 16 * np.abs(scores.max(axis=1, initial=0) - middle)
        shifts = torch.from_numpy(np.where(blind, np.float32(0), -middle)).bfloat16().float().numpy()
        return np.asarray(shifts, np.float32)

    def _bounds(
        self, customers: Floats, shifts: Floats, k: int, bar: Bar, room: Tensor
    ) -> tuple[Shorts, Shorts, Shorts]:
        """Upper bounds (c, n and up to whole groups) as integers of the same order, ``LOWEST`` where barred;
        the maxima of the groups; and a first floor (c,).
        """
        import torch

        torch.mm(_widened(customers, 1.0, shifts), self.wide.T, out=room)
        bounds: Shorts = room.view(torch.int16).numpy()
        n = len(self.items)
        bounds[:, n:] = LOWEST
        bar(LOWEST, bounds[:, :n])
        maxima, floor = _leading(bounds, k)
        low = np.flatnonzero(floor < 0)
        if len(low):  # among numbers below 0 the order of the bits is the other way round
            bounds[low] ^= (bounds[low] >> 15) & np.int16(0x7FFF)
            bounds[:, n:] = LOWEST
            bar(LOWEST, bounds[:, :n])
            maxima[low], floor[low] = _leading(bounds[low], k)
        return bounds, maxima, np.maximum(floor, LOWEST + np.int16(1))

    def _reached(self, keys: Ints, shifts: Floats) -> Shorts:
        """int16 (c,): what the bound of a product must be at least, to reach each key's score."""
        order = (~(keys >> 32)).astype(np.int32)
        scores = _ordered_bits(order).view(np.float32).astype(np.float64)
        least = scores + shifts - np.abs(shifts) * self.noise
        bounds = np.nextafter(least.astype(np.float32), np.float32(-np.inf))
        reached = (_ordered_bits(bounds.view(np.int32)) >> 16).astype(np.int16)  # rounded down
        return np.where(keys == NOTHING, LOWEST + np.int16(1), reached)

    def _keys(self, customers: Floats, rows: Ints, columns: Ints, k: int) -> tuple[Ints, Bools]:
        """int64 (c, k): score and column of the best of some cells, in one number each, which rises from the
        best on; ``NOTHING`` pads. And bool (c,): customers with so many cells that they were left out.

        rows, rising, and columns: the cells.
        """
        c = len(customers)
        counts = np.bincount(rows, minlength=c)
        heavy = counts > MOST * k
        if heavy.any():
            light = ~heavy[rows]
            rows, columns = rows[light], columns[light]
            counts[heavy] = 0
        width = max(int(counts.max(initial=0)), k)
        slots = np.arange(len(rows)) + (np.arange(c) * width - np.cumsum(counts) + counts)[rows]
        own = np.zeros((c, width), np.int64)
        own.reshape(-1)[slots] = columns
        wide = customers.astype(np.float64)[:, :, None]
        scores = np.matmul(self.items.take(own, axis=0), wide)[:, :, 0].astype(np.float32)
        scores += np.float32(0)  # both zeros are one score
        order = _ordered_bits(scores.view(np.int32))
        keys = np.full((c, width), NOTHING)
        keys.reshape(-1)[slots] = ((~order).astype(np.int64) << 32 | own).reshape(-1)[slots]
        keys.sort(axis=1)
        return keys[:, :k], heavy

    def _whole(self, customers: Floats, rows: Ints, k: int, bar: Bar) -> Ints:
        """The same for some rows in which too many products are near the floor, such as all of them."""
        scores = np.zeros((len(customers), len(self.items)), np.float32)
        scores[rows] = customers[rows].astype(np.float64) @ self.items.T
        bar(-np.inf, scores)
        return top_k(scores[rows], k)


def _room(rows: int, columns: int) -> Tensor:
    """Memory for the bounds of one batch: asking the system for it takes as long as filling it."""
    import torch

    return torch.empty((rows, columns), dtype=torch.bfloat16)


def _widened(factors: Floats, error: float, last: Floats) -> Tensor:
    """bfloat16 (m, d + 2 and zeros up to whole tiles): factors, rounded, their norms times ``error``, rounded
    up, and ``last``.
    """
    import torch

    rows, width = factors.shape
    # The norm itself is rounded, by far less than the part that is put on here.
    norms = torch.from_numpy(_norms(factors) * np.float32(error * (1 + 2.0**-16)))
    near = norms.bfloat16()
    next_up = (near.view(torch.int16) + 1).view(torch.bfloat16)
    upper = torch.where(near.float() < norms, next_up, near)
    zeros = torch.zeros((rows, -(width + 2) % TILE), dtype=torch.bfloat16)
    body = torch.from_numpy(np.ascontiguousarray(factors)).bfloat16()
    return torch.cat([body, upper[:, None], torch.from_numpy(last).bfloat16()[:, None], zeros], dim=1)


def _norms(factors: Floats) -> Floats:
    """float32 (m,), infinite where squares overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        norms: Floats = np.sqrt(np.einsum("ij,ij->i", factors, factors))
        return norms


def _leading(bounds: Shorts, k: int) -> tuple[Shorts, Shorts]:
    """int16 (c, n / SPAN): the maxima of groups, column j being in group j % (n / SPAN); and (c,): a number
    that a few more than k of them reach.
    """
    maxima: Shorts = bounds.reshape(len(bounds), SPAN, -1).max(axis=1)
    place = maxima.shape[1] - k - k // SPARE - 1
    return maxima, np.partition(maxima, place, axis=1)[:, place]


def _above(bounds: Shorts, maxima: Shorts, floor: Shorts) -> tuple[Ints, Ints]:
    """Rows, rising, and columns of the cells that reach the floor (c,) of their row."""
    groups = maxima.shape[1]
    rows, group = np.divmod(np.flatnonzero(maxima >= floor[:, None]), groups)
    starts = rows * bounds.shape[1] + group
    cells = bounds.reshape(-1).take(starts[:, None] + np.arange(SPAN) * groups)
    found = np.flatnonzero(cells >= floor[rows, None])
    place = found // SPAN
    return rows[place], group[place] + (found % SPAN) * groups


def _ordered_bits(bits: NDArray[np.int32]) -> NDArray[np.int32]:
    """The bits of float32 numbers as integers of the same order, and back again."""
    return bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
