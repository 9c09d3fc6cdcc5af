"""Embedders joined to one: concatenation and PCA as computed by hand, and usable wherever an embedder is."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.errors import UsageError
from data.records import CatalogueRow, PhotoRef, Product
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.joined import JoinedEmbedder
from embedder.joined_config import JoinedConfig
from embedder.joining import Joining, fit_joined, joined_of
from embedder.packing import Packing
from embedder.pipeline import encode_pending
from embedder.projection import unit
from embedder.reduce import Reduction, fit_projection
from embedder.registry import available, open_embedder, open_folder
from tests.embedder.kit import cosines, drawn, jpeg, tiny_config, tiny_folder

PHOTOS = 30


@pytest.fixture(scope="module")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another network: other weights, a smaller and narrower picture, an aspect of its own, no texture."""
    photo = tiny_config()["pretrained_cfg"] | {"input_size": [3, 40, 48], "interpolation": "bicubic"}  # type: ignore[operator]
    aspects = [
        {"name": "shape", "kind": "deep", "stages": ["final"], "pooling": "max"},
        {"name": "sleeve", "kind": "deep", "stages": [2], "pooling": "avg"},
        {"name": "tint", "kind": "palette"},
    ]
    ours = {"format": 1, "aspects": aspects, "weights": {"shape": 6, "sleeve": 2, "tint": 2}}
    return tiny_folder(
        tmp_path_factory.mktemp("weights") / "other", seed=1, pretrained_cfg=photo, vitrine=ours
    )


@pytest.fixture(scope="module")
def other(other_folder: Path) -> Embedder:
    return open_folder(other_folder, "other", "torch")


@pytest.fixture
def files() -> list[bytes]:
    return [jpeg(picture) for picture in drawn(PHOTOS, 90)]


@pytest.fixture
def shop(tmp_path: Path, files: list[bytes]) -> Shop:
    made = Shop.create(tmp_path / "shop")
    photos = tmp_path / "photos"
    photos.mkdir()
    rows = []
    for i, content in enumerate(files):
        (photos / f"{i:02}.jpg").write_bytes(content)
        rows.append(CatalogueRow(i + 1, Product(f"p{i:02}"), (PhotoRef(f"{i:02}.jpg"),)))
    made.put_rows(rows, photos)
    return made


def blocks_of(embedder: Embedder, files: list[bytes]) -> dict[str, np.ndarray]:
    """Aspect → unit blocks (n, d)."""
    vectors, unusable = embedder.encode_files(files)
    assert not unusable
    named = zip(embedder.layout.names, embedder.layout.slices, strict=True)
    return {name: vectors[:, where] for name, where in named}


def test_blocks_are_the_weighted_concatenation_of_the_members(
    tiny: Embedder, other: Embedder, files: list[bytes]
) -> None:
    joined = joined_of("both", [tiny, other], [3, 1])
    ours, theirs, got = (blocks_of(e, files[:5]) for e in (tiny, other, joined))
    assert joined.layout.names == ("shape", "texture", "colour", "sleeve")
    wanted = np.concatenate([np.sqrt(0.75) * ours["shape"], np.sqrt(0.25) * theirs["shape"]], axis=1)
    np.testing.assert_allclose(got["shape"], wanted, atol=1e-6)
    for name, own in (("texture", ours), ("colour", ours), ("sleeve", theirs)):
        np.testing.assert_allclose(got[name], own[name], atol=1e-6)
    pairs = got["shape"] @ got["shape"].T
    mean = 0.75 * ours["shape"] @ ours["shape"].T + 0.25 * theirs["shape"] @ theirs["shape"].T
    np.testing.assert_allclose(pairs, mean, atol=1e-6)
    np.testing.assert_allclose(joined.config.weights, [0.55, 0.1, 0.35, 0.2])


def test_a_wide_aspect_becomes_its_principal_components(
    shop: Shop, tiny: Embedder, other: Embedder, files: list[bytes]
) -> None:
    folder = fit_joined(shop, [tiny, other], "both", Joining(dims=7))
    joined = open_embedder("both", shop.directory / "models", "torch")
    assert joined.layout.dims == (7, *tiny.layout.dims[1:], other.layout.dims[1])
    ours, theirs = blocks_of(tiny, files)["shape"], blocks_of(other, files)["shape"]
    whole = np.sqrt(0.5) * np.concatenate([ours, theirs], axis=1)
    centred = whole - whole.mean(0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    wanted = unit(centred @ directions[:7].T)
    got = blocks_of(joined, files)["shape"]
    np.testing.assert_allclose(got @ got.T, wanted @ wanted.T, atol=2e-4)
    card = (folder / "card.md").read_text()
    assert f"| shape | 1, 2 | {whole.shape[1]} | 7 |" in card
    assert f"fitted on {PHOTOS} photos" in card
    assert tiny.space in card


def test_opened_again_it_is_the_same(shop: Shop, tiny: Embedder, other: Embedder, files: list[bytes]) -> None:
    fit_joined(shop, [tiny, other], "both", Joining(dims=7, weights=(2.0, 1.0)))
    models = shop.directory / "models"
    first, second = (open_embedder("both", models, "torch") for _ in range(2))
    assert isinstance(first, JoinedEmbedder)
    assert first.space == second.space
    assert first.space.startswith("both-")
    np.testing.assert_array_equal(first.encode_files(files)[0], second.encode_files(files)[0])
    assert [member.digest for member in first.members] == [tiny.digest, other.digest]
    info = {info.spec: info for info in available(models)}["both"]
    assert (info.kind, info.space, info.note) == ("joined", first.space, "joined of tiny, other")
    assert info.architecture == "test_resnet+test_resnet"


def test_nothing_to_project_needs_no_photos_and_keeps_the_space(
    tmp_path: Path, tiny: Embedder, other: Embedder
) -> None:
    empty = Shop.create(tmp_path / "empty")
    fit_joined(empty, [tiny, other], "wide", Joining(dims=4096))
    opened = open_embedder("wide", empty.directory / "models", "torch")
    assert opened.space == joined_of("wide", [tiny, other]).space


def test_the_space_names_members_shares_and_projection(tiny: Embedder, other: Embedder, shop: Shop) -> None:
    spaces = [joined_of("x", [tiny, other], weights).space for weights in (None, [1, 1], [2, 1])]
    assert spaces[0] == spaces[1] != spaces[2]
    assert joined_of("x", [other, tiny]).space not in spaces
    fit_joined(shop, [tiny, other], "x", Joining(dims=7))
    path = shop.directory / "models" / "x" / "config.json"
    before = open_embedder("x", shop.directory / "models").space
    assert before not in spaces
    value = json.loads(path.read_text())
    value["vitrine"]["weights"]["shape"] = 0.5
    path.write_text(json.dumps(value))
    assert open_embedder("x", shop.directory / "models").space != before


@pytest.mark.parametrize("runtime", ["torch", "openvino"])
def test_one_by_one_equals_the_batch(
    folder: Path, other_folder: Path, runtime: str, files: list[bytes]
) -> None:
    joined = joined_of("both", [open_folder(f, f.name, runtime) for f in (folder, other_folder)])
    together, _ = joined.encode_files(files)
    single = np.concatenate([joined.encode_files([file])[0] for file in files])
    wanted = joined_of("both", [open_folder(f, f.name, "torch") for f in (folder, other_folder)])
    reference, _ = wanted.encode_files(files)
    for where in joined.layout.slices:
        assert cosines(single[:, where], together[:, where]).min() > 0.9999
        assert cosines(reference[:, where], together[:, where]).min() > 0.999


@pytest.mark.parametrize("runtime", ["torch", "openvino"])
def test_the_pipeline_stores_what_encode_gives(
    shop: Shop, folder: Path, other_folder: Path, runtime: str, files: list[bytes]
) -> None:
    """torch streams through the members, OpenVINO computes side by side."""
    members = [open_folder(f, f.name, runtime) for f in (folder, other_folder)]
    fit_joined(shop, members, "both", Joining(dims=7))
    joined = open_embedder("both", shop.directory / "models", runtime)
    assert joined.runtime.side_by_side is (runtime == "openvino")
    report = encode_pending(shop, joined)
    assert (report.encoded, report.rejected) == (PHOTOS, 0)
    wanted, _ = joined.encode_files(files)
    got = {}
    for batch in shop.read_vectors(joined.space):
        got.update(zip(batch.product_ids, batch.matrix, strict=True))
    stored = np.stack([got[f"p{i:02}"] for i in range(PHOTOS)])
    for where in joined.layout.slices:
        assert cosines(stored[:, where], wanted[:, where]).min() > 0.999


def test_streaming_keeps_tokens_with_their_outputs(
    tiny: Embedder, other: Embedder, files: list[bytes]
) -> None:
    joined = joined_of("both", [tiny, other])
    photos = np.stack([joined.prepare(file) for file in files])
    batches = [(start, photos[start : start + 7]) for start in range(0, PHOTOS, 7)]
    wanted = joined.runtime.encode(photos)
    seen = set()
    for start, outputs in joined.runtime.stream(iter(batches)):
        seen.add(start)
        for output, whole in zip(outputs, wanted, strict=True):
            np.testing.assert_allclose(output, whole[start : start + 7], atol=1e-5)
    assert seen == {start for start, _ in batches}


def test_a_joined_embedder_is_reduced_like_any_other(
    shop: Shop, tiny: Embedder, other: Embedder, files: list[bytes]
) -> None:
    fit_joined(shop, [tiny, other], "both", Joining(dims=12))
    models = shop.directory / "models"
    fit_projection(shop, open_embedder("both", models, "torch"), "narrow", Reduction(dims=5))
    narrow = open_embedder("narrow", models, "torch")
    assert isinstance(narrow, JoinedEmbedder)
    fit_joined(shop, [tiny, other], "direct", Joining(dims=5))
    direct = open_embedder("direct", models, "torch")
    ours, theirs = blocks_of(narrow, files)["shape"], blocks_of(direct, files)["shape"]
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=2e-3)


def test_members_that_prepare_alike_share_one_picture(tiny: Embedder, other: Embedder) -> None:
    alike = Packing.of([tiny.config.preprocessing] * 3)
    assert (alike.length, alike.makers, alike.place) == (64 * 64 * 3, (0,), (0, 0, 0))
    mixed = Packing.of([tiny.config.preprocessing, other.config.preprocessing, tiny.config.preprocessing])
    assert (mixed.length, mixed.makers, mixed.place) == (64 * 64 * 3 + 40 * 48 * 3, (0, 1), (0, 1, 0))
    joined = joined_of("both", [tiny, other])
    source = jpeg(drawn(1, 90)[0])
    packed = joined.prepare(source)[None]
    packing = Packing.of([tiny.config.preprocessing, other.config.preprocessing])
    np.testing.assert_array_equal(packing.pictures(packed, 0)[0], tiny.prepare(source))
    np.testing.assert_array_equal(packing.pictures(packed, 1)[0], other.prepare(source))


def test_photos_that_were_not_prepared_for_it_are_refused(tiny: Embedder, other: Embedder) -> None:
    with pytest.raises(UsageError, match=r"uint8 \(n, 18048\)"):
        joined_of("both", [tiny, other]).encode(drawn(2))


def test_what_cannot_be_joined(tiny: Embedder, other: Embedder, shop: Shop, folder: Path) -> None:
    with pytest.raises(UsageError, match="at least two"):
        fit_joined(shop, [tiny], "x")
    with pytest.raises(UsageError, match="'tiny' and 'twin' are the same"):
        fit_joined(shop, [tiny, open_folder(folder, "twin", "torch")], "x")
    with pytest.raises(UsageError, match="2 numbers above 0"):
        fit_joined(shop, [tiny, other], "x", Joining(weights=(1.0, 0.0)))
    with pytest.raises(UsageError, match="30 photos are too few to fit 40"):
        fit_joined(shop, [tiny, other], "x", Joining(dims=40))
    with pytest.raises(UsageError, match="itself joined"):
        joined_of("x", [joined_of("y", [tiny, other]), tiny])
    with pytest.raises(UsageError, match="has no single network"):
        joined_of("y", [tiny, other]).network.build()
    assert not (shop.directory / "models").exists() or not list((shop.directory / "models").iterdir())


def test_an_aspect_that_no_member_gives_is_refused(tiny: Embedder, other: Embedder) -> None:
    config = joined_of("both", [tiny, other]).joint
    aspects = (*config.aspects, replace(config.aspects[0], name="more"))
    with pytest.raises(UsageError, match="those of its members"):
        replace(config, aspects=aspects, weights=(*config.weights, 0.1))


def test_aspects_of_one_name_must_be_of_one_kind(tiny: Embedder, tmp_path: Path) -> None:
    aspects = [{"name": "colour", "kind": "deep", "stages": ["final"]}]
    clash = open_folder(tiny_folder(tmp_path / "clash", vitrine={"format": 1, "aspects": aspects}))
    for members in ([tiny, clash], [clash, tiny]):
        with pytest.raises(UsageError, match="aspect 'colour'"):
            JoinedConfig.of(["a", "b"], [member.config for member in members])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 9}, "format 9"),
        ({"aspects": [{"name": "shape", "members": [0, 5]}]}, "members 0 to 1"),
        ({"aspects": [{"name": "shape"}]}, "not understood"),
        ({"joined": [{"name": "a", "share": 2}, {"name": "b", "share": 1}]}, "shares must be"),
        ({"joined": [{"name": "a", "share": 1}]}, "members 0 to 0"),
        ({"joined": [{"name": "a", "share": 0.5}] * 3}, "there is no folder"),
    ],
)
def test_a_config_that_makes_no_sense(
    tmp_path: Path, tiny: Embedder, other: Embedder, change: dict[str, object], message: str
) -> None:
    shop = Shop.create(tmp_path / "empty")
    folder = fit_joined(shop, [tiny, other], "wide", Joining(dims=4096))
    value = json.loads((folder / "config.json").read_text())
    value["vitrine"] |= change
    (folder / "config.json").write_text(json.dumps(value))
    with pytest.raises(UsageError, match=message):
        open_embedder("wide", shop.directory / "models")


def test_a_member_that_is_gone_is_listed_as_broken(tmp_path: Path, tiny: Embedder, other: Embedder) -> None:
    shop = Shop.create(tmp_path / "empty")
    folder = fit_joined(shop, [tiny, other], "wide", Joining(dims=4096))
    shutil.rmtree(folder / "members" / "1")
    info = {info.spec: info for info in available(shop.directory / "models")}["wide"]
    assert info.kind == "broken"
    assert "there is no folder" in info.note
