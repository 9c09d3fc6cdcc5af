"""An evaluation of the tiny shop: its figures, what it measures by, and the spaces it fills."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.errors import EmptyShop, UsageError
from data.shop import Shop
from service.engine import Engine
from service.evaluating.request import EvaluateEmbedderRequest
from service.evaluating.run import Evaluated, evaluated
from service.lookalikes import calibration_of
from service.progress import Step, silent
from tests.service.drawn import COLOURS, SHAPES
from tests.service.fakes import FakeEmbedder


def measured(engine: Engine, *labels: str, **options: object) -> Evaluated:
    request = EvaluateEmbedderRequest(labels=labels, **options)  # type: ignore[arg-type]
    return evaluated(engine.parts, request, silent)


def test_by_default_category_and_product(engine: Engine) -> None:
    found = measured(engine).evaluation
    assert [one.label for one in found.labels] == ["category", "product"]
    category, product = found.labels
    assert (found.photos, found.products, found.asked) == (48, 24, 48)
    assert (category.classes, product.classes) == (len(SHAPES), len(SHAPES) * len(COLOURS))
    assert category.queries == product.queries == 48
    assert found.warnings == ()


def test_the_figures_are_those_of_the_photos(engine: Engine) -> None:
    found = measured(engine, "colour", "product")
    material = found.material
    score = material.vectors @ material.vectors.T
    owner = np.asarray(material.product_ids)
    colour = np.asarray([one.rsplit("-", 1)[1] for one in owner])
    # By colour, photos of the same product are no answers; by product, they are the right ones.
    others = np.where(owner[:, None] == owner[None, :], -np.inf, score)
    nearest = np.argsort(-others, axis=1, kind="stable")[:, 0]
    by_colour, by_product = found.evaluation.labels
    assert by_colour.over_photos["recall@1"].mean == (colour[nearest] == colour).mean()
    np.fill_diagonal(score, -np.inf)
    nearest = np.argsort(-score, axis=1, kind="stable")[:, 0]
    assert by_product.over_photos["recall@1"].mean == (owner[nearest] == owner).mean()


def test_the_threshold_is_found_and_kept(engine: Engine) -> None:
    found = measured(engine)
    kept = calibration_of(engine.shop, found.evaluation.space)
    assert kept == found.evaluation.calibration
    assert kept is not None
    # 48 photos: the lowest of their best cosines, which a 49th would miss in one of 49 cases.
    assert kept.cosine == found.best.min()
    assert kept.level == pytest.approx(1 / 49)
    category = found.evaluation.labels[0]
    assert category.kept_without_class is not None
    assert 0.0 <= category.kept_without_class <= 1.0


def test_a_class_says_what_it_is_taken_for(engine: Engine) -> None:
    by_colour = measured(engine, "colour").evaluation.labels[0]
    assert sum(one.queries for one in by_colour.by_class) == 48
    precision = [one.measures["map@r"] for one in by_colour.by_class]
    assert precision == sorted(precision)
    wrong = round(48 * (1 - by_colour.over_photos["recall@1"].mean))
    assert sum(count for one in by_colour.by_class for _, count in one.taken_for) <= wrong
    assert all(name != one.name for one in by_colour.by_class for name, _ in one.taken_for)


def test_each_aspect_is_measured_alone(engine: Engine) -> None:
    category, product = measured(engine, "category", "product").evaluation.labels
    assert set(category.aspects) == {"shape", "colour"}
    assert category.aspects["shape"]["recall@1"].mean == 1.0
    assert category.aspects["colour"]["map@r"].mean < category.aspects["shape"]["map@r"].mean
    assert product.aspects["shape"]["recall@1"].queries == 48


def test_a_sample_asks_whole_products_against_all(engine: Engine) -> None:
    found = measured(engine, "category", "product", sample=10)
    assert found.evaluation.asked == 10
    category, product = found.evaluation.labels
    assert (category.gallery, category.queries) == (48, 10)
    assert product.verification is not None
    assert product.verification.genuine == 5, "both photos of each of five products"
    again = measured(engine, "category", "product", sample=10)
    assert [one.as_json() for one in again.evaluation.labels] == [category.as_json(), product.as_json()]


def test_another_embedder_fills_its_own_space_first(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = engine.parts.space()
    other = FakeEmbedder("2")
    monkeypatch.setattr("embedder.registry.open_embedder", lambda *_, **__: other)
    told: list[Step] = []
    request = EvaluateEmbedderRequest(embedder="other", labels=("category",))
    found = evaluated(engine.parts, request, told.append).evaluation
    assert (found.space, found.photos, found.embedder) == (other.space, 48, "other")
    assert "encoding" in {step.stage for step in told}
    assert engine.parts.space() == before, "the shop goes on with its own"
    assert engine.shop.space(other.space).embedder == "other"
    told.clear()
    evaluated(engine.parts, request, told.append)
    assert "encoding" not in {step.stage for step in told}


@pytest.mark.parametrize(
    ("label", "word"), [("no such column", "columns with values"), ("sku", "no two products share")]
)
def test_a_label_that_sorts_nothing_is_refused(engine: Engine, label: str, word: str) -> None:
    for products in list(engine.shop.all_products()):
        for one in products:
            engine.put_product(replace(one, attributes={"sku": f"no. {one.product_id}"}))
    with pytest.raises(UsageError, match=word):
        measured(engine, label)


def test_a_sample_that_holds_no_answer_is_refused(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    # One product of a category of its own is drawn: no photo of another shares it.
    monkeypatch.setattr("service.evaluating.material.Material.sample", lambda *_: np.array([0, 1]))
    first = engine.shop.product("bar-black")
    engine.put_product(replace(first, category="alone"))
    with pytest.raises(UsageError, match="larger --sample"):
        measured(engine, "category")


def test_a_shop_without_vectors(tmp_path: Path) -> None:
    Shop.create(tmp_path / "bare").close()
    with Engine.open(tmp_path / "bare") as bare, pytest.raises(EmptyShop, match="vitrine index"):
        measured(bare)


@pytest.mark.parametrize("bad", [{"sample": 1}, {"labels": ("category", "category")}, {"labels": (" ",)}])
def test_a_request_checks_itself(bad: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        EvaluateEmbedderRequest(**bad)  # type: ignore[arg-type]


def test_the_values_survive_json(engine: Engine) -> None:
    told = measured(engine).evaluation.as_json()
    again = json.loads(json.dumps(told, allow_nan=False))
    assert again["labels"][0]["over_photos"]["recall@1"]["queries"] == 48
    assert len(again["labels"][0]["cmc"]) == 50
    assert set(again["labels"][1]["verification"]["roc"]) == {"fmr", "fnmr"}
    assert again["calibration"]["photos"] == 48
