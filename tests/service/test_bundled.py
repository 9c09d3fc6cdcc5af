"""The whole chain with the bundled embedder: what is drawn is found by its looks, and can be fine-tuned."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.cli.conftest import Vitrine, vitrine
from tests.service.drawn import SHAPES, draw_photo

__all__ = ["vitrine"]  # the fixture


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundled") / "shop"


@pytest.mark.slow
def test_index_search_finetune(vitrine: Vitrine, catalogue: Path, directory: Path, tmp_path: Path) -> None:
    first = vitrine("index", catalogue, "--shop", directory, "--json")
    assert first.code == 0, first.err
    assert first.json["encoded"] == 48
    assert first.json["space"].startswith("bundled-")

    own = catalogue.parent / "cross-blue.jpg"
    hits = vitrine("similar", "--shop", directory, "--photo", own, "-k", 1, "--json").json["hits"]
    assert hits[0]["product_id"] == "cross-blue"
    assert hits[0]["score"] > 0.98
    fresh = draw_photo(tmp_path / "turned.jpg", "bar", "yellow", shift=7)
    words = ("similar", "--shop", directory, "--photo", fresh, "-k", 4, "--json")
    tint = vitrine(*words, "--aspect", "shape=0", "--aspect", "texture=0").json["hits"]
    assert {hit["product_id"] for hit in tint} == {f"{shape}-yellow" for shape in SHAPES}

    tuned = vitrine("finetune", "--shop", directory, "--label", "tone", "--epochs", 5, "--json")
    assert tuned.code == 0, tuned.err
    assert tuned.json["name"] == "finetuned-tone"
    assert tuned.json["counts"]["classes"] == {"tone": 2}
    names = {info["spec"] for info in vitrine("embedders", "--shop", directory, "--json").json["embedders"]}
    assert {"bundled", "finetuned-tone"} <= names
    words = ("index", catalogue, "--shop", directory, "--embedder", "finetuned-tone", "--switch", "--json")
    second = vitrine(*words)
    assert second.code == 0, second.err
    assert second.json["space"] == tuned.json["space"]
    assert second.json["generation"] > first.json["generation"]
    hits = vitrine("similar", "--shop", directory, "--photo", own, "-k", 1, "--json").json["hits"]
    assert hits[0]["product_id"] == "cross-blue"
    again = vitrine("index", catalogue, "--shop", directory, "--json").json
    assert (again["space"], again["encoded"]) == (tuned.json["space"], 0)


@pytest.mark.slow
def test_a_narrower_embedder_is_fitted_on_the_catalogue(
    vitrine: Vitrine, catalogue: Path, tmp_path: Path
) -> None:
    shop = tmp_path / "shop"
    assert vitrine("index", catalogue, "--shop", shop, "--json").code == 0
    made = vitrine("reduce", "--shop", shop, "--name", "narrow", "--dims", 12, "--whiten", "--json")
    assert made.code == 0, made.err
    assert made.json["dims"] < made.json["dims_before"]
    words = ("index", "--shop", shop, "--embedder", "narrow", "--switch", "--json")
    narrow = vitrine(*words).json
    assert (narrow["space"], narrow["encoded"]) == (made.json["space"], 48)
    words = ("similar", "--shop", shop, "--photo", catalogue.parent / "disc-red.jpg", "-k", 1, "--json")
    assert vitrine(*words).json["hits"][0]["product_id"] == "disc-red"
    taken = vitrine("reduce", "--shop", shop, "--name", "narrow", "--dims", 12)
    assert (taken.code, "narrow" in taken.err) == (2, True)
