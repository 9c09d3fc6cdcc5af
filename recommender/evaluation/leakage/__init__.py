"""The leakage audit: nothing that is asked in the test may have been learnt, on any way."""

from recommender.evaluation.leakage.audit import Evidence, audit, audit_models, check
from recommender.evaluation.leakage.embedder import EmbedderTraining, check_embedder
from recommender.evaluation.leakage.finding import Finding, void
from recommender.evaluation.leakage.learnt import LearntFrom, check_learnt
from recommender.evaluation.leakage.oracle import oracle_check, other_future, strangers_check
from recommender.evaluation.leakage.parting import parting
from recommender.evaluation.leakage.photos import check_photos
from recommender.evaluation.leakage.sanity import random_check, shuffled_check

__all__ = [
    "EmbedderTraining",
    "Evidence",
    "Finding",
    "LearntFrom",
    "audit",
    "audit_models",
    "check",
    "check_embedder",
    "check_learnt",
    "check_photos",
    "oracle_check",
    "other_future",
    "parting",
    "random_check",
    "shuffled_check",
    "strangers_check",
    "void",
]
