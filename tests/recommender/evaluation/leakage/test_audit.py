"""All checks together."""

from __future__ import annotations

import json

import pytest

from data.errors import LeakageFound
from recommender.evaluation.leakage import (
    EmbedderTraining,
    Evidence,
    LearntFrom,
    audit,
    audit_models,
    void,
)
from recommender.evaluation.splits import SPLITS, split
from recommender.models.popularity import Popularity
from recommender.settings import Settings
from tests.recommender.evaluation.leakage.models import ByName
from tests.recommender.evaluation.shops import shop_with_arrivals

DATA = shop_with_arrivals()


@pytest.mark.parametrize("name", SPLITS)
def test_an_honest_evaluation_fails_nothing(name: str) -> None:
    fold = split(DATA, name)
    models = {name: Settings().model(name).fit(fold.fit) for name in ("popularity", "looks", "vitrine")}
    findings = (*audit(fold, Evidence(embedder=EmbedderTraining("toy", False))), *audit_models(fold, models))
    void(findings)
    assert {finding.status for finding in findings} <= {"passed", "flagged", "not possible"}
    told = json.loads(json.dumps([finding.as_json() for finding in findings]))
    assert len({finding["check"] for finding in told}) == len(findings)
    assert all(finding["words"] for finding in told)


def test_evidence_against_an_artefact_voids_the_evaluation() -> None:
    fold = split(DATA, "time")
    findings = audit(fold, Evidence(learnt=(LearntFrom.of("the features", DATA),)))
    with pytest.raises(LeakageFound, match=r"the features: made from .* the evaluation is void"):
        void(findings)


def test_an_oracle_among_the_models_voids_the_evaluation() -> None:
    fold = split(DATA, "time")
    honest = Popularity().fit(fold.fit)
    findings = audit_models(fold, {"popularity": honest, "by name": ByName.of(honest, fold)})
    assert [finding.status for finding in findings].count("failed") == 1
    with pytest.raises(LeakageFound, match="by name"):
        void(findings)
