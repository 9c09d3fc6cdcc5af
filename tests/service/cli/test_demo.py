"""`vitrine demo`: the whole way in one command, and nothing done twice the second time."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from service.demo import DemoRequest, _draw
from service.progress import silent
from tests.service.cli.conftest import Vitrine


@pytest.mark.slow
@pytest.mark.usefixtures("fake_embedder")
def test_the_whole_way_twice(vitrine: Vitrine, tmp_path: Path) -> None:
    shop = tmp_path / "demo"
    words = ("demo", "--shop", shop, "--products", 24, "--customers", 40)
    first = vitrine(*words, "--json")
    assert first.code == 0, first.err
    told = first.json
    assert told["index"]["rows"] == told["index"]["used"] == 24
    assert told["index"]["encoded"] >= 48
    assert told["interactions"]["stored"] > 0
    assert told["interactions"]["rejected"] == 0
    assert len(told["evaluation"]["models"]) >= 4
    assert set(told["seconds"]) == {"draw", "index", "similar", "interactions", "train", "evaluate"}
    for path in told["open_next"].values():
        assert Path(path).stat().st_size > 5000, path
    with Image.open(shop / "reports" / "similar.png") as sheet:
        assert sheet.width > 1000
    again = vitrine(*words)
    assert again.code == 0, again.err
    assert "Open next:" in again.out
    assert f"vitrine serve --shop {shop}" in again.out
    third = vitrine(*words, "--json").json
    assert third["index"]["encoded"] == 0
    assert third["index"]["built"] is False
    assert third["interactions"]["stored"] == 0


def test_another_seed_draws_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def drawn(folder: Path, _products: int, _customers: int, seed: int, *_: object) -> None:
        asked.append(seed)
        folder.mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr("data.demo.make_demo", drawn)
    for seed in (7, 7, 8, 8):
        source = _draw(DemoRequest(tmp_path, seed=seed), silent)
    assert asked == [7, 8]
    assert source.catalogue == tmp_path / "source" / "catalogue.csv"
