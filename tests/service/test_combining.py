"""Several embedders as one, end to end: made from a shop, indexed, and searched with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from data.errors import UsageError
from embedder.export import Contents, write_embedder
from embedder.joined import JoinedEmbedder
from embedder.jury import Jury
from embedder.registry import open_embedder, open_folder
from embedder.soup_report import Recipe
from embedder.trained_on import TRAINED_ON_NAME, TrainedOn
from service.combining import JoinRequest, SoupRequest
from service.engine import Engine
from service.progress import Step
from service.requests import IndexRequest, Look, SimilarRequest
from tests.embedder.kit import own_cache, tiny_config, tiny_folder


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is read from or left in the user's cache; torch stays on one thread."""
    with own_cache(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_folder(tmp_path_factory.mktemp("weights") / "base")


@pytest.fixture
def relatives(base: Path, tmp_path: Path) -> Path:
    """A folder of embedders: ``a`` and ``b``, relatives of the base, and ``other``, a smaller one."""
    import torch

    models = tmp_path / "models"
    whole = Contents.of(open_folder(base), "")
    for seed, name in enumerate("ab"):
        draw = torch.Generator().manual_seed(seed)
        tensors = {
            key: t + 0.02 * torch.randn(t.shape, generator=draw) if t.ndim > 1 else t
            for key, t in whole.tensors.items()
        }
        files = TrainedOn((), None, 0.0).files()
        write_embedder(models / name, replace(whole, tensors=tensors, files=files))
    tiny_folder(models / "other", seed=9, pretrained_cfg=tiny_config(side=48)["pretrained_cfg"])
    return models


@pytest.fixture
def engine(request: pytest.FixtureRequest, shop: Path, relatives: Path) -> Iterator[Engine]:
    """A shop that was indexed with the fake embedder, and has the relatives among its models."""
    shutil.copytree(relatives, shop / "models")
    with Engine.open(shop, runtime=getattr(request, "param", "torch")) as opened:
        yield opened


def own_photo(catalogue: Path) -> Path:
    return catalogue.parent / "cross-blue.jpg"


@pytest.mark.parametrize("engine", ["torch", "openvino"], indirect=True)
def test_a_joined_embedder_is_indexed_and_searched_with(engine: Engine, catalogue: Path) -> None:
    told: list[Step] = []
    made = engine.join(JoinRequest(("a", "other"), "both", dims=24), told.append)
    assert made["aspects"] == {"shape": 24, "texture": 24, "colour": 64}
    assert [member["name"] for member in made["members"]] == ["a", "other"]  # type: ignore[attr-defined]
    assert told
    runtime = engine.parts.runtime
    report = engine.index_catalogue(IndexRequest(catalogue, embedder="both", runtime=runtime, switch=True))
    assert (report.space, report.encoded) == (made["space"], 48)
    embedder = engine.parts.embedder(report.space)
    assert isinstance(embedder, JoinedEmbedder)
    hit = engine.similar(SimilarRequest((Look(photo=own_photo(catalogue)),), k=1)).hits[0]
    assert hit["product_id"] == "cross-blue"
    assert hit["score"] > 0.98
    near = engine.similar(SimilarRequest((Look("cross-blue"),), k=3, aspects={"texture": 0.0})).hits
    assert len(near) == 3
    again = engine.index_catalogue(IndexRequest(catalogue, runtime=runtime))
    assert (again.space, again.encoded) == (report.space, 0)
    listed = {info["spec"]: info for info in engine.embedders()}["both"]
    assert (listed["kind"], listed["in_use"]) == ("joined", True)


def test_a_soup_is_indexed_and_searched_with(engine: Engine, catalogue: Path) -> None:
    request = SoupRequest(("a", "b"), "soup", label="tone", greedy=True, fresh_norms=True)
    made = engine.soup(request)
    assert [member["name"] for member in made["members"]] == ["a", "b"]  # type: ignore[attr-defined]
    assert isinstance(made["map_at_r"], float)
    assert made["warnings"] == []
    runtime = engine.parts.runtime
    report = engine.index_catalogue(IndexRequest(catalogue, embedder="soup", runtime=runtime, switch=True))
    assert report.space == made["space"]
    hit = engine.similar(SimilarRequest((Look(photo=own_photo(catalogue)),), k=1)).hits[0]
    assert hit["product_id"] == "cross-blue"


def test_a_member_that_may_know_the_photos_is_named(engine: Engine) -> None:
    member = open_embedder("a", engine.parts.models, runtime="torch")
    jury = Jury.seat(engine.shop, member, Recipe("tone"), "tone")
    same = {"split": "stratified", "settings": {"seed": 7, "goal": {"labels": ["tone"]}}}

    def taught(member: str, products: Iterable[str], record: dict[str, object]) -> None:
        learnt = TrainedOn(tuple(sorted(products)), None, 0.0)
        (engine.parts.models / member / TRAINED_ON_NAME).write_bytes(learnt.as_bytes())
        (engine.parts.models / member / "finetuning.json").write_text(json.dumps(record))

    def warnings(name: str) -> list[str]:
        return engine.soup(SoupRequest(("a", "b"), name, label="tone"))["warnings"]  # type: ignore[return-value]

    judged = sorted(set(jury.products))
    taught("a", jury.taught, same)
    taught("b", jury.taught - set(judged), {**same, "split": "time"})
    assert warnings("neither") == []
    taught("a", jury.taught - {judged[0]}, same)  # the shop has grown by one since
    taught("b", jury.taught, {**same, "split": "time"})
    first, second = warnings("both")
    assert first.startswith(f"a learnt from {len(judged) - 1} of the {len(judged)} products measured here")
    assert second.startswith(f"b learnt from {len(judged)} of the {len(judged)} products measured here")
    assert engine.soup(SoupRequest(("a", "b"), "unjudged"))["warnings"] == []


def test_nothing_is_left_of_what_cannot_be_made(engine: Engine) -> None:
    with pytest.raises(UsageError, match="preprocessings differ"):
        engine.soup(SoupRequest(("a", "other"), "x"))
    with pytest.raises(UsageError, match="'a' and 'a' are the same; average different embedders"):
        engine.soup(SoupRequest(("a", "b", "a"), "x"))
    with pytest.raises(UsageError, match="too few"):
        engine.join(JoinRequest(("a", "other"), "x", dims=100))
    with pytest.raises(UsageError, match="already"):
        engine.join(JoinRequest(("a", "other"), "b"))
    with pytest.raises(UsageError):
        open_embedder("x/y", engine.parts.models)
    assert sorted(f.name for f in engine.parts.models.iterdir()) == ["a", "b", "other"]
