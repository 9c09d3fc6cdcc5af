"""The report: self-contained pages that say what the figures say, and nothing that a catalogue injects."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.errors import BadPhoto
from service.engine import Engine
from service.evaluating.catalogue_map import layout
from service.evaluating.pictures import board, tile, tiles
from service.evaluating.report import told
from service.evaluating.request import EvaluateEmbedderRequest
from service.evaluating.run import evaluated
from service.evaluating.worst import worst_classes, worst_queries
from service.progress import silent

HOSTILE = "</script><script>alert(1)</script>"


def written(engine: Engine, folder: Path) -> dict[str, str]:
    request = EvaluateEmbedderRequest(labels=("colour", "product"), report=folder)
    answer = engine.evaluate_embedder(request)
    assert answer.folder == folder
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_three_files_that_need_no_network(engine: Engine, tmp_path: Path) -> None:
    product = engine.shop.product("disc-red")
    engine.put_product(replace(product, title=HOSTILE, attributes={**product.attributes, "colour": HOSTILE}))
    files = written(engine, tmp_path / "new" / "report")
    assert set(files) == {"evaluate.html", "evaluate.json", "map.html"}
    for name in ("evaluate.html", "map.html"):
        addresses = re.findall(r'\b(?:src|href)="([^"]*)"', files[name])
        outside = {one for one in addresses if not one.startswith(("data:image/jpeg;base64,", "#"))}
        assert outside <= {"map.html", "evaluate.html"}, name
        assert "<script>alert" not in files[name]
        assert "@import" not in files[name]
    assert "&lt;script&gt;alert" in files["evaluate.html"]


def test_the_page_shows_the_figures_of_the_json(engine: Engine, tmp_path: Path) -> None:
    files = written(engine, tmp_path / "report")
    found = json.loads(files["evaluate.json"])
    for one in found["labels"]:
        for interval in one["over_photos"].values():
            shown = f"{interval['mean']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"
            assert shown in files["evaluate.html"]
    assert f"{found['calibration']['cosine']:.3f}" in files["evaluate.html"]
    assert files["evaluate.html"].count("<svg") == 3
    assert "0.1 %" in files["evaluate.html"]
    assert "mathdefault" not in files["evaluate.html"], "a formula that was not set"


def test_a_map_has_every_photo_and_its_words(engine: Engine, tmp_path: Path) -> None:
    page = written(engine, tmp_path / "report")["map.html"]
    text = re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert text
    data = json.loads(text[1])
    assert len(data["photos"]) == 48
    assert len(data["classes"]) == 6
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y, *_ in data["photos"])
    by_id = {photo[3]: photo for photo in data["photos"]}
    assert by_id["disc-red"][4:] == ["red disc", "disc"]
    assert data["classes"][by_id["disc-red"][2]] == "red"
    atlas = re.search(r'id="atlas" src="data:image/jpeg;base64,([^"]+)"', page)
    assert atlas
    with Image.open(io.BytesIO(base64.b64decode(atlas[1]))) as picture:
        assert picture.size == (data["across"] * data["side"], data["across"] * data["side"])


def test_a_large_shop_is_sampled_and_the_page_says_so(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.evaluating.catalogue_map.MOST_PHOTOS", 12)
    page = written(engine, tmp_path / "report")["map.html"]
    assert "12 of 48 photos, whole products drawn at random" in page


def test_a_photo_that_is_gone_leaves_an_empty_place(engine: Engine, tmp_path: Path, catalogue: Path) -> None:
    stays = engine.shop.photos_of("disc-red")[0]
    gone = engine.add_photo("disc-red", (catalogue.parent / "bar-blue.jpg").read_bytes())
    engine.shop.photo_path(gone).unlink()
    first, second, third = tiles(engine.shop, [stays.photo_id, gone.photo_id, "no such photo"], 32)
    assert first is not None
    assert second is third is None
    assert "49" in written(engine, tmp_path / "report")["evaluate.html"]


def test_the_worst_come_first(engine: Engine) -> None:
    request = EvaluateEmbedderRequest(labels=("colour",))
    found = evaluated(engine.parts, request, silent)
    measured = found.measured[0]
    queries = worst_queries(found.material, measured)
    ranks = [one.rank for one in queries]
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[0] == np.nanmax(measured.found.first)
    for one in queries:
        assert all(wrong.label != one.query.label for wrong in one.wrong)
        assert one.right.label == one.query.label
        assert len(one.wrong) <= 6
        cosines = [wrong.cosine for wrong in one.wrong]
        assert cosines == sorted(cosines, reverse=True)
    names = [one.name for one in worst_classes(found.material, measured)]
    assert names == [one.name for one in measured.result.by_class]
    assert told(measured.result.over_photos["mrr"]).count(".") == 3


def test_look_alikes_lie_together_and_the_same_every_time() -> None:
    rng = np.random.default_rng(0)
    kinds = np.repeat(np.arange(3), 20)
    vectors = (4 * np.eye(3, 8)[kinds] + 0.2 * rng.normal(size=(60, 8))).astype(np.float32)
    places = layout(vectors, seed=1)
    np.testing.assert_array_equal(places, layout(vectors, seed=1))
    away = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(away, np.inf)
    assert (kinds[away.argmin(axis=1)] == kinds).all()
    assert places.min() >= 0
    assert places.max() <= 1


@pytest.mark.parametrize("n", [2, 3, 9])
def test_few_photos_have_a_map_too(n: int) -> None:
    places = layout(np.eye(n, 12, dtype=np.float32), seed=0)
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()
    assert len(np.unique(places.round(6), axis=0)) == n


def test_photos_that_are_all_the_same_have_one_place() -> None:
    assert np.isfinite(layout(np.ones((4, 3), np.float32), seed=0)).all()


def test_a_tile_is_the_whole_photo_upright(tmp_path: Path) -> None:
    wide = Image.new("RGB", (200, 100), (200, 0, 0))
    wide.paste((0, 0, 200), (0, 0, 100, 100))
    turned = wide.getexif()
    turned[0x0112] = 6
    wide.save(tmp_path / "turned.jpg", exif=turned, quality=95)
    pixels = np.asarray(tile(tmp_path / "turned.jpg", 40), int)
    assert pixels.shape == (40, 40, 3)
    assert (pixels[:, :8] > 240).all(), "a tall photo has white at its sides"
    assert pixels[5, 20, 2] > 150, "its left half is on top now"
    assert pixels[35, 20, 0] > 150


def test_what_is_no_photo_has_no_tile(tmp_path: Path) -> None:
    (tmp_path / "no.jpg").write_text("no picture")
    with pytest.raises(BadPhoto):
        tile(tmp_path / "no.jpg", 40)


def test_a_board_leaves_what_is_absent_white() -> None:
    red = Image.new("RGB", (4, 4), (200, 0, 0))
    whole = np.asarray(board([red, None, red], 4, 2))
    assert whole.shape == (8, 8, 3)
    assert (whole[:4, 4:] == 255).all()
    assert (whole[4:, :4] == (200, 0, 0)).all()
