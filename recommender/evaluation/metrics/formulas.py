"""The formula of every metric, for printing beside its number."""

from __future__ import annotations

from collections.abc import Mapping

SYMBOLS = (
    "h_i is 1 if rank i (from 1) holds a product that the customer chose, n the number of products chosen, "
    "k the length of the list; sums run over the first k ranks; the figure is the mean over customers "
    "unless it says otherwise"
)

FORMULAS: Mapping[str, str] = {
    "recall": "Σ h_i / n",
    "recall_min": "Σ h_i / min(k, n)",
    "precision": "Σ h_i / k",
    "hit_rate": "1 if any h_i is 1, else 0",
    "ndcg": "Σ h_i / log2(i + 1), divided by the same sum for min(k, n) hits at the top",
    "map": "Σ h_i × (hits up to i) / i, divided by n",
    "map_min": "Σ h_i × (hits up to i) / i, divided by min(k, n)",
    "mrr": "1 / rank of the first hit, 0 without one",
    "auc": "share of pairs (chosen product, other candidate) in which the chosen one ranks higher, a tied "
    "pair counting half; over the whole ranking",
    "candidate_recall": "Σ h_i / n over the first k candidates, in the order in which the sources propose "
    "them",
    "coverage": "products in at least one list / all products; one number, no mean",
    "gini": "Σ_j (2 j − N − 1) × c_j / (N × Σ c_j), with c_j how often product j of all N is shown, "
    "rising; 0 all alike, 1 one product only; one number, no mean",
    "novelty": "mean over the list of −log2((customers who liked it before + 1) / (all customers + 1)), in "
    "bits",
    "popularity_lift": "mean over the list of the customers who liked it before, divided by the same mean "
    "over all likes before; 1 is as popular as what customers choose",
    "long_tail": "share of the list outside the head, the fewest products with 80 % of all likes before",
    "serendipity": "Σ h_i over products that are not among the k most popular the customer could be shown, "
    "divided by k (Ge et al. 2010)",
    "ild": "mean of 1 − cosine over all pairs of the list with photos, by the vectors of the evaluation, "
    "the same for all models",
    "ild_category": "share of pairs of the list with different categories, over pairs that both have one",
    "calibration": "Σ_g p_g × ln(p_g / (0.99 q_g + 0.01 p_g)), with p the shares of categories in what the "
    "customer liked, q in the list; 0 is the same shares (Steck 2018)",
}


def formula(metric: str) -> str:
    """The formula of a metric with or without its k, such as ``recall@10``. Raises KeyError for no metric."""
    return FORMULAS[metric.split("@")[0]]
