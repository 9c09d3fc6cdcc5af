"""The leakage audit knows what the shop's embedder learnt from; the leaks are planted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import Damaged, LeakageFound
from embedder.trained_on import TRAINED_ON_NAME, TrainedOn
from recommender.evaluation.evaluate import Plan, carry_out
from recommender.evaluation.leakage.embedder import NAME
from recommender.evaluation.splits import split
from recommender.source import load_dataset
from service.engine import Engine
from service.evaluating.request import EvaluateEmbedderRequest
from service.evaluating.run import evaluated
from service.progress import silent
from service.requests import EvaluateRequest
from service.trainings import training_of
from tests.service.drawn import product_id

CORNERS = (product_id("disc", "red"), product_id("bar", "blue"))


def tuned(engine: Engine, products: tuple[str, ...] | None, spec: str = "ours", **more: bool) -> Path:
    """Let the shop's vectors be of a fine-tuned embedder that learnt from these products."""
    record = engine.shop.current_space()
    assert record is not None
    engine.shop.put_space(replace(record, embedder=spec))
    folder = engine.parts.models / spec
    folder.mkdir(parents=True)
    if products is not None:
        (folder / TRAINED_ON_NAME).write_bytes(TrainedOn(products, None, 0.0, **more).as_bytes())
    return folder


def audited(engine: Engine, **more: object) -> dict[str, object]:
    request = EvaluateRequest(models=("popularity", "looks"), **more)  # type: ignore[arg-type]
    found = engine.evaluate(request).evaluation["audit"]
    return next(one for one in found if one["check"] == NAME)  # type: ignore[attr-defined]


def test_the_bundled_embedder_never_saw_the_shop(engine: Engine) -> None:
    assert audited(engine)["status"] == "passed"


def test_an_embedder_of_products_from_before_the_cut_passes(engine: Engine) -> None:
    tuned(engine, CORNERS)
    found = audited(engine)
    assert (found["status"], found["compared"]) == ("passed", 2)


def test_a_planted_leak_of_cold_products_is_flagged(engine: Engine) -> None:
    data = load_dataset(engine.shop, engine.parts.index())
    fold = split(data, "cold-items", repeat=True)
    cold = data.items.ids[int(fold.test.wanted.indices[0])]
    tuned(engine, (cold, *CORNERS))
    found = audited(engine, split="cold-items", repeat=True)
    assert found["status"] == "flagged"
    assert found["examples"] == [cold]


def test_a_planted_leak_of_products_from_after_the_cut_voids_the_evaluation(engine: Engine) -> None:
    data = load_dataset(engine.shop, engine.parts.index())
    fold = split(data, "time", repeat=True)
    assert fold.until is not None
    late = data.items.ids[int(fold.tested.items[0])]
    parts = engine.parts
    tuned(engine, (late, *CORNERS))
    told = training_of(parts)
    # The shop's products all came in one import; this one is known to have come after the cut.
    arrived = fold.test.items.arrived.copy()
    arrived[fold.test.items.row_of[late]] = fold.until + 1
    items = fold.test.items.arriving(arrived)
    fold = replace(fold, test=replace(fold.test, items=items))
    with pytest.raises(LeakageFound, match=f"came after the cut.*{NAME}"):
        carry_out(Plan("time", ("popularity",)), data, fold, embedder=told)


def test_what_is_not_known_is_said(engine: Engine) -> None:
    folder = tuned(engine, None)
    assert training_of(engine.parts) is not None
    assert audited(engine)["status"] == "not possible"
    (folder / TRAINED_ON_NAME).write_bytes(TrainedOn(CORNERS, None, 0.0, complete=False).as_bytes())
    found = audited(engine)
    assert found["status"] == "not possible"
    assert "began from" in str(found["words"])
    (folder / TRAINED_ON_NAME).write_text("{}")
    with pytest.raises(Damaged):
        engine.evaluate(EvaluateRequest(models=("popularity",)))


@pytest.mark.parametrize(
    ("spec", "finetuned"), [("resnet18", False), ("resnet18.a1_in1k", False), ("lost", None)]
)
def test_names_without_a_folder(engine: Engine, spec: str, finetuned: bool | None) -> None:
    tuned(engine, None, spec).rmdir()
    told = training_of(engine.parts)
    assert told is not None
    assert (told.name, told.finetuned) == (spec, finetuned)


def test_a_copy_that_learnt_from_no_product_passes(engine: Engine) -> None:
    tuned(engine, ())
    assert audited(engine)["status"] == "passed"
    tuned(engine, (), "unsure", complete=False)
    assert audited(engine)["status"] != "passed"


def test_an_embedder_measured_on_what_it_learnt_from_is_told(engine: Engine) -> None:
    request = EvaluateEmbedderRequest(labels=("category",))
    assert evaluated(engine.parts, request, silent).evaluation.warnings == ()
    tuned(engine, (*CORNERS, "gone"))
    (warning,) = evaluated(engine.parts, request, silent).evaluation.warnings
    assert warning.startswith("ours learnt from 2 of the 24 products measured here")
    tuned(engine, None, "silent")
    (warning,) = evaluated(engine.parts, request, silent).evaluation.warnings
    assert warning.startswith("it is not known whether silent learnt from the 24 products")
