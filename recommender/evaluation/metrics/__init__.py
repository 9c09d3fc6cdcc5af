"""What is measured of ranked lists; every formula is in ``formulas.FORMULAS``."""

from recommender.evaluation.metrics.accuracy import ACCURACY, KS, accuracy, auc, auc_of, positions_of
from recommender.evaluation.metrics.backdrop import Backdrop
from recommender.evaluation.metrics.candidates import CANDIDATE_KS, candidate_recall, hits_in
from recommender.evaluation.metrics.diversity import (
    calibration,
    category_diversity,
    category_tastes,
    intra_list_diversity,
)
from recommender.evaluation.metrics.exposure import (
    exposure,
    head,
    long_tail,
    novelty,
    popular_lists,
    popularity_lift,
    serendipity,
)
from recommender.evaluation.metrics.formulas import FORMULAS, SYMBOLS, formula

__all__ = [
    "ACCURACY",
    "CANDIDATE_KS",
    "FORMULAS",
    "KS",
    "SYMBOLS",
    "Backdrop",
    "accuracy",
    "auc",
    "auc_of",
    "calibration",
    "candidate_recall",
    "category_diversity",
    "category_tastes",
    "exposure",
    "formula",
    "head",
    "hits_in",
    "intra_list_diversity",
    "long_tail",
    "novelty",
    "popular_lists",
    "popularity_lift",
    "positions_of",
    "serendipity",
]
