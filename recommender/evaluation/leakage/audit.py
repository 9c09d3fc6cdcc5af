"""The whole audit: what runs with every evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from recommender.evaluation.leakage.embedder import EmbedderTraining, check_embedder
from recommender.evaluation.leakage.finding import Finding, void
from recommender.evaluation.leakage.learnt import LearntFrom, check_learnt
from recommender.evaluation.leakage.oracle import strangers_check
from recommender.evaluation.leakage.parting import parting
from recommender.evaluation.leakage.photos import SAME, check_photos
from recommender.evaluation.leakage.sanity import random_check, shuffled_check
from recommender.evaluation.ranking import rank
from recommender.evaluation.splits import Fold
from recommender.items import Items
from recommender.models.base import Fitted
from recommender.models.random import Random


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the audit cannot read off the fold.

    learnt: what artefacts beside the models were made from (features, popularity, a re-ranker's labels).
    embedder: how the vectors came to be; None: not known. same: the cosine from which two photos are near
    duplicates. looks: the products with the real vectors, where the fold's were changed.
    """

    learnt: tuple[LearntFrom, ...] = ()
    embedder: EmbedderTraining | None = None
    same: float = SAME
    looks: Items | None = None


def audit(fold: Fold, evidence: Evidence | None = None) -> tuple[Finding, ...]:
    """Everything that can be checked before a model is fitted; ``void`` stops at what failed."""
    told = evidence or Evidence()
    made = [
        LearntFrom.of("the models' data, with popularity and IDF", fold.fit, fold.fit.item_counts()),
        *(
            LearntFrom.of(f"validation window {number}'s data", lesson.known, lesson.known.item_counts())
            for number, lesson in enumerate(fold.lessons, 1)
        ),
        *told.learnt,
    ]
    return (
        *parting(fold),
        *(check_learnt(record, fold) for record in made),
        check_embedder(told.embedder, fold),
        check_photos(fold, told.same, told.looks),
    )


def audit_models(fold: Fold, models: Mapping[str, Fitted], seed: int = 7, k: int = 10) -> tuple[Finding, ...]:
    """What is checked of fitted models: that they know nobody by name, and that chance looks like chance.

    Costs two rankings of at most 500 customers per model, and one of all of them for random lists.
    """
    findings = []
    for name, model in models.items():
        findings.append(strangers_check(model, fold.test, seed, k))
        findings.append(shuffled_check(name, partial(rank, model, depth=k), fold.test, seed, k))
    drawn = rank(Random(seed).fit(fold.fit), fold.test, k)
    return (*findings, random_check(drawn, fold.test, k))


def check(fold: Fold) -> dict[str, int]:
    """The split's own checks: name → number of things compared. Raises LeakageFound for what failed."""
    findings = parting(fold)
    void(findings)
    return {finding.name: finding.compared for finding in findings if finding.status == "passed"}
