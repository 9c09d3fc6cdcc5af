"""Fine-tuning a head: better on held-out products of a label that the frozen vectors hide, honest about the
split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.errors import EmptyShop, UsageError
from data.records import CatalogueRow, EncodedPhoto, PhotoRef, Product
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.finetune import finetune
from embedder.labelled import labelled_photos
from embedder.pipeline import remember_space
from embedder.registry import available, open_embedder
from embedder.split import groups_of, split_by_group
from tests.embedder.kit import drawn


def fill(shop: Shop, photos: Path, embedder: Embedder, n: int = 90) -> None:
    """Products whose stored shape block hides their label ``kind`` under six stronger directions; two photos
    each."""
    photos.mkdir()
    rows, draw = [], np.random.default_rng(0)
    for i in range(n):
        for side in "ab":
            (photos / f"{i}{side}.jpg").write_bytes(b"never read: its vector is stored below")
        kind = f"k{i % 3}" if i < n - 4 else (None, "", "single", None)[i - n + 4]
        refs = (PhotoRef(f"{i}a.jpg"), PhotoRef(f"{i}b.jpg"))
        rows.append(CatalogueRow(i + 1, Product(f"p{i:03}", category="all", attributes={"kind": kind}), refs))
    shop.put_rows(rows, photos)
    remember_space(shop, embedder)
    shop.set_current_space(embedder.space)
    width, layout = embedder.layout.dims[0], embedder.layout
    done = []
    for photo in next(shop.pending_photos(embedder.space, 1000)):
        i = int(photo.product_id[1:])
        shape = draw.normal(0, 0.05, width)
        shape[2:8] = draw.normal(0, 2, 6)
        shape[:2] = np.array([(0, 1), (0.87, -0.5), (-0.87, -0.5)][i % 3]) + draw.normal(0, 0.2, 2)
        parts = [shape, *(draw.normal(size=d) for d in layout.dims[1:])]
        vector = np.concatenate([part / np.linalg.norm(part) for part in parts]).astype(np.float32)
        done.append(EncodedPhoto(photo.photo_id, photo.photo_id * 4, photo.size, photo.mtime_ns, vector))
    shop.put_vectors(embedder.space, done, [])


@pytest.fixture
def shop(tmp_path: Path, tiny: Embedder) -> Shop:
    made = Shop.create(tmp_path / "shop")
    fill(made, tmp_path / "photos", tiny)
    return made


def test_the_hidden_label_is_found_and_the_result_opens(shop: Shop, tiny: Embedder) -> None:
    told: list[str] = []
    report = finetune(shop, tiny, label="kind", name="by-kind", epochs=60, progress=told.append)
    shown = report.comparison
    assert shown.tuned.recall_at_1.mean > shown.frozen.recall_at_1.mean + 0.1
    assert shown.tuned.map_at_r.mean > shown.frozen.map_at_r.mean + 0.05
    assert shown.tuned_vector.map_at_r.mean > shown.frozen_vector.map_at_r.mean
    assert (report.classes, report.unlabelled, report.rare) == (3, 6, 2)
    assert report.train_photos + report.held_out_photos == 2 * 90 - 8
    assert "epoch 60 of 60" in " ".join(told)
    models = shop.directory / "models"
    opened = open_embedder("by-kind", models, "torch")
    assert opened.space == report.space != tiny.space
    block = tiny.encode(drawn(4))[:, tiny.layout.slices[0]]
    matrix = opened.projections[0].matrix
    assert matrix is not None
    wanted = block @ matrix
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(opened.encode(drawn(4))[:, opened.layout.slices[0]], wanted, atol=1e-5)
    np.testing.assert_allclose(
        opened.encode(drawn(4))[:, opened.layout.slices[2]], tiny.encode(drawn(4))[:, tiny.layout.slices[2]]
    )
    text = (report.folder / "card.md").read_text()
    assert f"{shown.tuned.recall_at_1.mean:.3f}" in text
    assert "by-kind" in [info.spec for info in available(models)]


def test_the_same_seed_gives_the_same_space(shop: Shop, tiny: Embedder) -> None:
    first = finetune(shop, tiny, label="kind", name="a", epochs=2, seed=3)
    second = finetune(shop, tiny, label="kind", name="b", epochs=2, seed=3)
    other = finetune(shop, tiny, label="kind", name="c", epochs=2, seed=4)
    digest = [r.space.split("-", 1)[1] for r in (first, second, other)]
    assert digest[0] == digest[1] != digest[2]


def test_held_out_photos_never_share_a_product_with_training(shop: Shop, tiny: Embedder) -> None:
    found = labelled_photos(shop, tiny.space, "kind")
    split = split_by_group(found.labels, found.groups, 0.2, seed=1)
    assert not set(found.groups[split.train]) & set(found.groups[split.held_out])
    for label in found.classes:
        of_label = np.asarray([value == label for value in found.labels])
        assert split.held_out[of_label].mean() == pytest.approx(0.2, abs=0.04)


def test_products_that_share_a_picture_stay_together() -> None:
    groups = groups_of(["a", "a", "b", "c", "d"], [b"1", b"2", b"2", b"3", b"4"])
    assert groups[0] == groups[1] == groups[2]
    assert len(set(groups.tolist())) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"label": "colour"},
            "no product has a label in column 'colour'; columns with values: category, kind",
        ),
        ({"label": "category"}, "only one"),
        ({"label": "kind", "aspect": "colour"}, "only what the network gives can be tuned: shape, texture"),
        ({"label": "kind", "strategy": "full"}, "strategy 'full' is none of fixed"),
        ({"label": "kind", "name": "../x"}, "cannot name an embedder"),
        ({"label": "kind", "name": "bundled"}, "cannot name an embedder"),
        ({"label": "kind", "epochs": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_done_says_why(
    shop: Shop, tiny: Embedder, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        finetune(shop, tiny, **({"name": "x"} | arguments))  # type: ignore[arg-type]
    assert not (shop.directory / "models" / "x").exists()


def test_a_name_that_is_taken(shop: Shop, tiny: Embedder) -> None:
    (shop.directory / "models" / "x").mkdir(parents=True)
    with pytest.raises(UsageError, match="already"):
        finetune(shop, tiny, label="kind", name="x")


def test_too_few_photos(tmp_path: Path, tiny: Embedder) -> None:
    few = Shop.create(tmp_path / "few")
    fill(few, tmp_path / "photos", tiny, n=10)
    with pytest.raises(UsageError, match="too few"):
        finetune(few, tiny, label="kind", name="x")


def test_an_empty_shop(tmp_path: Path) -> None:
    with pytest.raises(EmptyShop):
        finetune(Shop.create(tmp_path / "none"), label="kind", name="x")
