"""`vitrine embedders quantise`: JSON for machines, a table for people, 2 for what cannot be quantised."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedder.kit import own_cache, tiny_folder
from tests.service.cli.conftest import Vitrine


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with own_cache(tmp_path_factory.mktemp("cache")):
        yield


def test_quantise(vitrine: Vitrine, shop: Path) -> None:
    tiny_folder(shop / "models" / "tiny")
    words = ("embedders", "quantise", "--shop", shop, "--embedder", "tiny", "--photos", 8, "--keep", 0)
    told = vitrine(*words, "--name", "small", "--json")
    assert told.code == 0, told.err
    assert [form["name"] for form in told.json["forms"]] == ["float32", "as it was", "int8"]
    listed = vitrine("embedders", "--shop", shop, "--json").json["embedders"]
    assert {"spec": "small", "kind": "int8", "space": told.json["space"]}.items() <= next(
        info for info in listed if info["spec"] == "small"
    ).items()
    shown = vitrine(*words, "--name", "other", "--judged", 12)
    assert shown.code == 0, shown.err
    assert "recall@10" in shown.out
    assert "on 12 other photos" in shown.out
    assert f"vitrine index --shop {shop} --embedder other" in shown.out
    filled = vitrine("index", "--shop", shop, "--embedder", "small", "--json")
    assert filled.code == 0, filled.err
    assert filled.json["space"] == told.json["space"]


def test_what_cannot_be_quantised_says_why(vitrine: Vitrine, shop: Path) -> None:
    tiny_folder(shop / "models" / "tiny")
    words = ("embedders", "quantise", "--shop", shop, "--name", "other")
    refused = vitrine(*words, "--embedder", "tiny", "--keep", 99)
    assert refused.code == 2
    assert "keep fewer" in refused.err
    refused = vitrine(*words, "--embedder", "nothing-of-the-kind")
    assert refused.code != 0
    assert "nothing-of-the-kind" in refused.err
    assert not (shop / "models" / "other").exists()
