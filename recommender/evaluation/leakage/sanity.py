"""What must come out by chance alone: with shuffled labels, and for random lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from recommender.evaluation.exam import Exam
from recommender.evaluation.leakage.chance import excess
from recommender.evaluation.leakage.finding import Finding, judged
from recommender.evaluation.ranking import Ranking, batches
from recommender.items import Ints

FEWEST = 50
MOST = 500
P_LIMIT = 1e-4
MANY = 25.0  # variance of the number of hits from which it is taken as normal


def shuffled_check(
    name: str, ask: Callable[[Exam], Ranking], exam: Exam, seed: int = 7, k: int = 10
) -> Finding:
    """Whether recall falls to chance when everybody's answers are given to somebody else.

    ask: the evaluation's own way from an exam to ranked lists and hits, such as
    ``lambda exam: rank(model, exam)``. What shuffled answers find by chance keeps the popularity of the
    products: it is the mean over all lists and all customers' answers. A way that reads the answers which
    it is to find, or counts hits wrongly, stays above. At most ``MOST`` customers are asked.
    """
    check = f"shuffled labels fall to random: {name}"
    part = exam.first(MOST)
    if len(part) < FEWEST:
        words = f"{len(part)} customers are too few ({FEWEST} needed)"
        return Finding(check, "not possible", len(part), words)
    order = np.random.default_rng(seed).permutation(len(part))
    shuffled = replace(part, wanted=part.wanted[order])
    ranking = ask(shuffled)
    lists = ranking.top[:, :k]
    counted = float((ranking.hits[:, :k].sum(axis=1) / shuffled.wanted_counts).mean())
    found = excess(lists, shuffled.wanted, np.zeros(len(part), np.int64), seed)
    wrong = abs(counted - found.observed) > 1e-9
    return judged(
        check,
        len(part),
        found.beyond_chance or wrong,
        f"with shuffled labels {name!r} still has recall@{k} {counted:.4f}, where chance gives "
        f"{found.expected:.4f}",
        f"with shuffled labels recall@{k} is {counted:.4f}, by chance {found.expected:.4f}",
    )


def random_check(ranking: Ranking, exam: Exam, k: int = 10) -> Finding:
    """Whether random lists hit as often as they must: k of the products that are not barred, drawn without
    putting back.

    ranking: of the random model, over the whole exam. The number of hits of all customers is compared with
    its hypergeometric expectation, two-sided.
    """
    name = "random's expected recall met"
    if len(exam) < FEWEST:
        return Finding(
            name, "not possible", len(exam), f"{len(exam)} customers are too few ({FEWEST} needed)"
        )
    hits = ranking.hits[:, :k].sum(axis=1)
    pool, wanted = _open(exam).astype(np.float64), exam.wanted_counts
    drawn = np.minimum(k, pool)
    share = wanted / pool
    mean = float((drawn * share).sum())
    left = np.where(pool > 1, (pool - drawn) / np.maximum(pool - 1, 1), 0.0)
    variance = float((drawn * share * (1 - share) * left).sum())
    p = _two_sided(int(hits.sum()), mean, variance)
    seen, expected = float((hits / wanted).mean()), float((drawn / pool).mean())
    told = f"recall@{k} of random lists is {seen:.4f}, expected {expected:.4f}"
    return judged(name, len(exam), p < P_LIMIT, f"{told}, which chance does not explain (p = {p:.1g})", told)


def _open(exam: Exam) -> Ints:
    """int64 (c,): products that each customer could be shown."""
    counts = np.empty(len(exam), np.int64)
    for first, last in batches(len(exam), len(exam.items)):
        counts[first:last] = np.count_nonzero(~exam.barred(first, last), axis=1)
    return counts


def _two_sided(hits: int, mean: float, variance: float) -> float:
    """Of a sum of hypergeometric counts: normal where there are many, else Poisson, which spreads wider."""
    from scipy.stats import norm, poisson

    if variance >= MANY:
        return float(2 * norm.sf(abs(hits - mean) / variance**0.5))
    tail = min(poisson.cdf(hits, mean), poisson.sf(hits - 1, mean))
    return float(min(1.0, 2 * tail))
