"""The result in a sentence, or the reason why none is given."""

from __future__ import annotations

from collections.abc import Sequence

from recommender.evaluation.result import Comparison, ModelResult
from recommender.evaluation.significance import Family, PairedTest

PRIMARY = "ndcg@10"
FEWEST_INTERACTIONS = 1000
FEWEST_CUSTOMERS = 25
LEVEL = 0.05


def reason_to_withhold(interactions: int, customers: int) -> str | None:
    """Why the data are too few for a headline; None where they suffice."""
    if interactions < FEWEST_INTERACTIONS:
        return (
            f"{interactions} interactions are too few to tell models apart "
            f"({FEWEST_INTERACTIONS} needed); the figures below are for orientation only"
        )
    if customers < FEWEST_CUSTOMERS:
        return (
            f"only {customers} customers could be asked ({FEWEST_CUSTOMERS} needed); "
            "the figures below are for orientation only"
        )
    return None


def headline(
    models: Sequence[ModelResult],
    comparison: Comparison | None,
    customers: int,
    families: Sequence[Family] = (),
) -> str:
    """What the test says, and whether it can be told from chance.

    families: the tests of the evaluation; where the comparison is among them, the verdict goes by its p-value
    after Holm's correction, else by the comparison's own.
    """
    if comparison is None:
        best = max(models, key=lambda model: model.metrics[PRIMARY])
        low, high = best.intervals[PRIMARY]
        found = f"NDCG@10 {best.metrics[PRIMARY]:.4f} [{low:.4f}, {high:.4f}]"
        return f"{best.model}: {found} on {customers} customers"
    by_name = {model.model: model for model in models}
    ours, theirs = by_name[comparison.model].metrics[PRIMARY], by_name[comparison.baseline].metrics[PRIMARY]
    gap = comparison.differences[PRIMARY]
    low, high = gap.interval
    test = _test_of(comparison, families)
    p_value = gap.p_value if test is None else test.p_holm
    after = f" after Holm over {test.family} tests" if test is not None and test.family > 1 else ""
    if not p_value < LEVEL:
        verdict = "cannot be told apart from"
    else:
        verdict = "is better than" if gap.mean > 0 else "is worse than"
    return (
        f"{comparison.model} {verdict} {comparison.baseline}, the best baseline of this test: "
        f"NDCG@10 {ours:.4f} against {theirs:.4f}, "
        f"difference {gap.mean:+.4f} [{low:+.4f}, {high:+.4f}] (95 %), "
        f"p = {p_value:.2g}{after}, {customers} customers"
    )


def _test_of(comparison: Comparison, families: Sequence[Family]) -> PairedTest | None:
    """The test of a comparison on the primary metric, among those of its family."""
    pair = (PRIMARY, comparison.model, comparison.baseline)
    tests = (test for family in families for test in family.tests)
    return next((test for test in tests if (test.metric, test.model, test.baseline) == pair), None)
