"""How good vectors are: retrieval, verification, a look-alike threshold, geometry; all with intervals.

``docs/measures.md`` has every definition.
"""

from embedder.measures.geometry import alignment, uniformity
from embedder.measures.intervals import (
    Interval,
    Resampling,
    bootstrap,
    class_means,
    over_classes,
    over_queries,
)
from embedder.measures.retrieval import (
    Retrieval,
    map_at_r,
    recall_at_k,
    recall_between,
    retrieve,
)
from embedder.measures.similarity import Values, ranked, unit_rows
from embedder.measures.threshold import (
    Threshold,
    look_alike_threshold,
    nearest_other,
    same_product_threshold,
)
from embedder.measures.verification import Pairs, Roc, Verification, pairs, roc, verify

__all__ = [
    "Interval",
    "Pairs",
    "Resampling",
    "Retrieval",
    "Roc",
    "Threshold",
    "Values",
    "Verification",
    "alignment",
    "bootstrap",
    "class_means",
    "look_alike_threshold",
    "map_at_r",
    "nearest_other",
    "over_classes",
    "over_queries",
    "pairs",
    "ranked",
    "recall_at_k",
    "recall_between",
    "retrieve",
    "roc",
    "same_product_threshold",
    "uniformity",
    "unit_rows",
    "verify",
]
