"""How the figures of a report are called, and the formula of each, for printing beside its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recommender.evaluation.bootstrap import RESAMPLES
from recommender.evaluation.metrics import FORMULAS
from recommender.evaluation.significance import FLIPS
from recommender.evaluation.slices import CATEGORY, MONTH

NAMES: Mapping[str, str] = {
    "recall": "Recall",
    "recall_min": "RecallMin",
    "precision": "Precision",
    "hit_rate": "Hit rate",
    "ndcg": "NDCG",
    "map": "MAP (by n)",
    "map_min": "MAP (by min(k, n))",
    "mrr": "MRR",
    "auc": "AUC",
    "candidate_recall": "Candidate recall",
    "coverage": "Coverage",
    "gini": "Gini",
    "novelty": "Novelty",
    "popularity_lift": "Popularity lift",
    "long_tail": "Long tail",
    "serendipity": "Serendipity",
    "ild": "ILD by photos",
    "ild_category": "ILD by category",
    "calibration": "Calibration",
}
SLICES: Mapping[str, str] = {
    "cold_items": "cold products",
    "warm_items": "warm products",
    "cold_customers": "cold customers",
    "warm_customers": "warm customers",
    "history_0": "0",
    "history_1_2": "1–2",
    "history_3_9": "3–9",
    "history_10_plus": "10 and more",
    "count_0": "0",
    "count_1_4": "1–4",
    "count_5_19": "5–19",
    "count_20_plus": "20 and more",
}


@dataclass(frozen=True, slots=True)
class Term:
    """anchor: where the glossary of the page has it. name: in words. formula: how it is computed."""

    anchor: str
    name: str
    formula: str


STATISTICS: tuple[Term, ...] = (
    Term(
        "interval",
        "Interval [a, b]",
        f"the 2.5 % and 97.5 % quantiles of the mean over {RESAMPLES:,} bootstrap resamples of customers",
    ),
    Term(
        "difference",
        "Difference",
        "mean over customers of g = value with the model − value with the baseline, for the same customer",
    ),
    Term(
        "p",
        "p",
        "two-sided randomisation test: every customer's g is given the sign of a coin; "
        f"(1 + flips with |Σ ± g| ≥ |Σ g|) / (1 + {FLIPS:,})",
    ),
    Term(
        "holm",
        "p (Holm)",
        "the m p-values of a family, rising, times m, m − 1, …, 1, never falling, at most 1; verdicts go by "
        "it alone",
    ),
    Term("effect", "d_z", "effect size: mean(g) / standard deviation of g (Cohen 1988)"),
    Term(
        "superiority",
        "Superiority",
        "(customers better served + alike / 2) / customers; 50 % is no difference",
    ),
    Term("won", "Won / tied / lost", "customers with g above, at and below 0"),
    Term(
        "overlap", "Jaccard@10", "|A ∩ B| / |A ∪ B| of two models' first 10 products, a mean over customers"
    ),
    Term(
        "seeds",
        "Spread over seeds",
        "lowest and highest mean of single runs, and the standard deviation between them (n − 1)",
    ),
)
TERMS: Mapping[str, Term] = {term.anchor: term for term in STATISTICS}


def slice_name(name: str) -> str:
    """A slice in words; a category or a month is called as it is."""
    return SLICES.get(name, name.removeprefix(CATEGORY).removeprefix(MONTH))


def glossary() -> list[Term]:
    """Every metric, then the statistics."""
    return [metric_term(name) for name in FORMULAS] + list(STATISTICS)


def metric_term(metric: str) -> Term:
    """Of a metric with or without its k, such as ``ndcg@10``. Raises KeyError for no metric."""
    name, at, k = metric.partition("@")
    return Term(name.replace("_", "-"), f"{NAMES.get(name, name)}{at}{k}", FORMULAS[name])
