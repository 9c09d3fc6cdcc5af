"""How small a difference a paired comparison could have shown, and how many customers a smaller one needs.

The power of the two-sided paired t-test (Cohen 1988), to which the sign-flip test comes close for means over
more than some ten customers. The power is computed for a difference that is laid down beforehand; the power
"for the difference that was seen" is only another way to write the p-value (Hoenig and Heisey 2001) and is
not told.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

from data.errors import UsageError
from recommender.evaluation.bootstrap import number
from recommender.evaluation.significance import LEVEL, PairedTest
from recommender.items import Doubles

POWER = 0.8
NODES = 200
MOST = 10**9  # customers; more are not worth telling


@dataclass(frozen=True, slots=True)
class Power:
    """What a comparison of one metric could have shown.

    customers: compared. deviation: of their differences. level: of the test, two-sided. power: share of
    tests that find a true difference of ``detectable``. difference: the one that was seen. needed: customers
    to find a difference of that size, were it the true one, with ``power``; None where it is 0 or more than
    ``MOST`` are needed.
    """

    metric: str
    customers: int
    deviation: float
    level: float
    power: float
    detectable: float
    difference: float
    needed: int | None

    def as_json(self) -> dict[str, Any]:
        """For reports; what does not exist is null."""
        return {
            name: number(value) if isinstance(value, float) else value for name, value in asdict(self).items()
        }

    def in_words(self) -> str:
        """Two or three sentences for people."""
        if not math.isfinite(self.detectable):
            return f"{self.customers} customers are too few to tell what difference could have been seen"
        if not self.detectable:
            return f"all {self.customers} customers differ alike in {self.metric}: nothing is left to chance"
        told = (
            f"With {self.customers:,} customers, whose differences in {self.metric} have a deviation of "
            f"{self.deviation:.4f}, a true difference of {self.detectable:.4f} or more is found in "
            f"{self.power:.0%} of such tests at the level {self.level:.2g}"
        )
        seen = f"the one that was seen is {abs(self.difference):.4f}"
        if abs(self.difference) >= self.detectable:
            return f"{told}; {seen}."
        if self.needed is None:
            return f"{told}; {seen}, and no test of a usable size would find it."
        enough = f"about {_rounded(self.needed):,} customers would find it"
        return f"{told}; {seen}. Were that the true one, {enough}."


def power_of(test: PairedTest, power: float = POWER, level: float | None = None) -> Power:
    """What the customers of a paired test could have shown.

    level: by default ``LEVEL`` shared among the tests of the family, which is what the strictest step of
    Holm's correction asks for, and so on the safe side.
    """
    level = LEVEL / max(test.family, 1) if level is None else level
    needed = None
    if math.isfinite(test.deviation) and test.difference and math.isfinite(test.difference):
        needed = customers_needed(abs(test.difference), test.deviation, power, level)
    return Power(
        test.metric,
        test.customers,
        test.deviation,
        level,
        power,
        detectable_difference(test.deviation, test.customers, power, level),
        test.difference,
        needed,
    )


def detectable_difference(
    deviation: float, customers: int, power: float = POWER, level: float = LEVEL
) -> float:
    """The smallest true mean difference that a paired test finds with ``power``; NaN under two customers.

    deviation: of the differences per customer. level: two-sided.
    """
    _check(power, level)
    if customers < 2 or not math.isfinite(deviation):
        return math.nan
    from scipy.optimize import brentq

    apart = _distance(power, level)
    high = apart + 1.0
    while _power(high, customers, level) < power:
        high *= 2
    found = brentq(lambda shift: _power(shift, customers, level) - power, 0.0, high, xtol=1e-10)
    return float(found) * deviation / math.sqrt(customers)


def customers_needed(
    difference: float, deviation: float, power: float = POWER, level: float = LEVEL
) -> int | None:
    """How many customers find a true mean ``difference`` with ``power``; None where more than ``MOST`` do.

    Raises UsageError where the difference is not above 0.
    """
    _check(power, level)
    if not (math.isfinite(difference) and difference > 0):
        raise UsageError("a difference to be found must be above 0")
    if not deviation:
        return 2
    ratio = _distance(power, level) * deviation / difference
    if ratio * ratio > MOST:
        return None
    count = max(2, math.floor(ratio * ratio))
    while _power(difference / deviation * math.sqrt(count), count, level) < power:
        count += 1
    return count


def _power(shift: float, customers: int, level: float) -> float:
    """Chance that |T| of the paired t-test passes its critical value; shift: its noncentrality.

    T = (Z + shift) / S with S² chi-squared over its degrees of freedom, so the chance is the mean over S of
    what the normal law says; the mean is taken over S's quantiles (Gauss-Legendre). scipy's noncentral t
    gives NaN in places.
    """
    from scipy import special

    free = customers - 1.0
    places, weights = _nodes()
    scale = np.sqrt(special.chdtri(free, places) / free)
    critical = float(special.stdtrit(free, 1 - level / 2)) * scale
    chances = special.ndtr(shift - critical) + special.ndtr(-shift - critical)
    return float((weights * chances).sum())


@cache
def _nodes() -> tuple[Doubles, Doubles]:
    """Where to look at a function on [0, 1], and what each place weighs in its mean."""
    places, weights = np.polynomial.legendre.leggauss(NODES)
    return (places + 1) / 2, weights / 2


def _distance(power: float, level: float) -> float:
    """z at 1 - level / 2 plus z at power: what the answer is for very many customers."""
    from scipy import special

    return float(special.ndtri(1 - level / 2) + special.ndtri(power))


def _check(power: float, level: float) -> None:
    if not (0 < level < power < 1):
        raise UsageError("power and level must lie between 0 and 1, the level below the power")


def _rounded(count: int) -> int:
    """To two digits: the deviation is no better known."""
    digits = max(0, len(str(count)) - 2)
    step = int(10**digits)
    return -(-count // step) * step
