"""`vitrine similar`: what it finds, prints and draws."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.service.cli.conftest import Vitrine
from tests.service.drawn import COLOURS, SHAPES, draw_photo
from tests.service.fakes import FakeEmbedder


def test_json_is_one_object_with_hits_best_first(vitrine: Vitrine, indexed: Path) -> None:
    done = vitrine("similar", "--shop", indexed, "--product", "disc-red", "-k", 5, "--json")
    assert done.code == 0, done.err
    assert set(done.json) >= {"hits", "space", "generation"}
    hits = done.json["hits"]
    scores = [hit["score"] for hit in hits]
    assert len({hit["product_id"] for hit in hits} - {"disc-red"}) == 5
    assert scores == sorted(scores, reverse=True)
    assert all(-1 <= score <= 1 for score in scores)
    assert set(hits[0]) >= {"product_id", "score", "photo_id", "title", "category", "price", "aspects"}


def test_a_table_for_people(vitrine: Vitrine, indexed: Path) -> None:
    done = vitrine("similar", "--shop", indexed, "--product", "disc-red", "-k", 3)
    assert done.code == 0
    assert "product" in done.out
    assert "shape" in done.out
    assert len([line for line in done.out.splitlines() if "-" in line and "$" not in line]) >= 3


def test_a_photo_finds_its_product(
    vitrine: Vitrine, indexed: Path, tmp_path: Path, fake_embedder: FakeEmbedder
) -> None:
    photo = draw_photo(tmp_path / "street.jpg", "cross", "blue")
    done = vitrine("similar", "--shop", indexed, "--photo", photo, "-k", 3, "--json")
    assert done.code == 0, done.err
    assert done.json["hits"][0]["product_id"] == "cross-blue"
    assert done.json["hits"][0]["score"] > 0.99


def test_aspects_weigh_the_question_anew(vitrine: Vitrine, indexed: Path) -> None:
    by_colour = vitrine(
        "similar", "--shop", indexed, "--product", "disc-red", "-k", 3, "--aspect", "shape=0", "--json"
    )
    by_shape = vitrine(
        "similar", "--shop", indexed, "--product", "disc-red", "-k", 5, "--aspect", "colour=0", "--json"
    )
    assert {h["product_id"] for h in by_colour.json["hits"]} == {f"{s}-red" for s in SHAPES if s != "disc"}
    assert {h["category"] for h in by_shape.json["hits"]} == {"disc"}


def test_a_filter_is_exact_and_full(vitrine: Vitrine, indexed: Path) -> None:
    where = 'colour = "blue" and in_stock and price < 100'
    done = vitrine("similar", "--shop", indexed, "--product", "disc-red", "--where", where, "--json")
    assert {h["product_id"] for h in done.json["hits"]} == {f"{s}-blue" for s in SHAPES}


def test_exclude_and_min_score(vitrine: Vitrine, indexed: Path) -> None:
    words = ["similar", "--shop", indexed, "--product", "disc-red", "-k", 23, "--json"]
    whole = vitrine(*words).json["hits"]
    assert len(whole) == len(SHAPES) * len(COLOURS) - 1
    assert whole[0]["product_id"] not in {
        h["product_id"] for h in vitrine(*words, "--exclude", whole[0]["product_id"]).json["hits"]
    }
    least = vitrine(*words, "--min-score", whole[4]["score"] - 1e-5).json["hits"]
    assert [h["product_id"] for h in least] == [h["product_id"] for h in whole[:5]]


@pytest.mark.parametrize("kind", ["png", "html"])
def test_a_sheet_shows_query_and_hits(kind: str, vitrine: Vitrine, indexed: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / f"sheet.{kind}"
    done = vitrine("similar", "--shop", indexed, "--product", "disc-red", "-k", 4, "--sheet", out, "--json")
    assert done.code == 0, done.err
    assert len(done.json["hits"]) == 4
    if kind == "png":
        with Image.open(out) as sheet:
            sheet.load()
            assert sheet.mode == "RGB"
            assert sheet.width > 4 * 216
    else:
        text = out.read_text(encoding="utf-8")
        assert text.count("data:image/jpeg;base64,") == 5
        assert "http" not in text.replace("http-equiv", "")
        for hit in done.json["hits"]:
            assert hit["product_id"] in text


def test_by_product_torch_is_never_loaded(indexed: Path) -> None:
    code = (
        "import sys; from service.cli import program\n"
        f"words = ['similar', '--shop', {str(indexed)!r}, '--product', 'disc-red', '--json']\n"
        "program()(words, standalone_mode=False)\n"
        "names = 'torch timm openvino pandas scipy sklearn'.split()\n"
        "heavy = [name for name in names if name in sys.modules]\n"
        "sys.stderr.write(','.join(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert '"hits"' in done.stdout
    assert done.stderr == ""


def test_a_damaged_index_is_never_served_silently(vitrine: Vitrine, shop: Path) -> None:
    current = (shop / "index" / "CURRENT").read_text(encoding="utf-8").strip()
    files = [f for f in (shop / "index" / current).iterdir() if f.name != "manifest.json"]
    victim = max(files, key=lambda file: file.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    done = vitrine("similar", "--shop", shop, "--product", "disc-red", "--json")
    assert done.code == 1 or "warning: " in done.err
    assert "Traceback" not in done.err
    assert done.err.strip()
