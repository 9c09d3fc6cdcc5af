"""An embedder in int8: near the one it was made from, told what that costs, whole wherever it is copied."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.errors import Damaged, UsageError
from data.records import CatalogueRow, PhotoRef, Product
from data.shop import Shop
from embedder.config import EmbedderConfig
from embedder.embedder import Embedder, Photos
from embedder.export import Contents, write_embedder
from embedder.joined import JoinedEmbedder
from embedder.joining import Joining, fit_joined
from embedder.jury import prepared
from embedder.quantising import Quantisation, QuantiseReport, quantise
from embedder.reduce import Reduction, fit_projection, sampled_paths
from embedder.registry import available, open_embedder, open_folder
from embedder.runtime.graph import INT8_FILES
from tests.embedder.kit import cosines, drawn, jpeg

PHOTOS, RANGES = 40, 16
WANTED = Quantisation(photos=RANGES, keep=1, seed=3)


def shop_of(directory: Path, photos: int) -> Shop:
    made = Shop.create(directory / "shop")
    (directory / "photos").mkdir()
    rows = []
    for i, picture in enumerate(drawn(photos)):
        (directory / "photos" / f"{i}.jpg").write_bytes(jpeg(picture) if i else b"broken")
        rows.append(CatalogueRow(i + 1, Product(f"p{i}"), (PhotoRef(f"{i}.jpg"),)))
    made.put_rows(rows, directory / "photos")
    return made


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop_of(tmp_path_factory.mktemp("quantising"), PHOTOS)


@pytest.fixture(scope="module")
def report(shop: Shop, tiny: Embedder) -> QuantiseReport:
    return quantise(shop, tiny, "small", WANTED)


@pytest.fixture(scope="module")
def judged(shop: Shop, tiny: Embedder) -> Photos:
    """The photos that tell the cost, found as ``quantise`` does."""
    photos, _ = prepared(tiny, sampled_paths(shop, WANTED.photos + WANTED.judged, WANTED.seed))
    return photos[np.random.default_rng(WANTED.seed).permutation(len(photos))][RANGES:]


def small(shop: Shop) -> Embedder:
    return open_embedder("small", shop.directory / "models")


def test_what_the_report_says_is_what_the_embedder_on_disk_gives(
    shop: Shop, tiny: Embedder, report: QuantiseReport, judged: Photos
) -> None:
    made = small(shop)
    assert (report.space, made.runtime.device.split(", ")[-1]) == (made.space, "int8")
    assert made.space.split("-")[1] != tiny.space.split("-")[1]
    assert report.calibrated + report.judged == PHOTOS - 1
    assert report.judged == len(judged)
    exact, mine = (one.layout.scale(one.encode(judged)) for one in (tiny, made))
    near = cosines(exact, mine)
    reference, _, int8 = report.forms
    assert (int8.lowest, int8.mean) == pytest.approx((near.min(), near.mean()), abs=1e-4)
    assert 0.98 < int8.lowest < 0.99999, "int8 is near, and not the same"
    tens = []
    for vectors in (exact, mine):
        scores = vectors @ vectors.T
        np.fill_diagonal(scores, -9)
        tens.append(np.argsort(-scores, axis=1)[:, :10].tolist())
    shared = [len(set(a) & set(b)) / 10 for a, b in zip(*tens, strict=True)]
    assert int8.recall.mean == pytest.approx(np.mean(shared), abs=0.01)
    assert int8.recall.low <= int8.recall.mean <= int8.recall.high
    assert (reference.recall.mean, reference.lowest) == pytest.approx((1.0, 1.0))
    assert all(form.photos_per_second > 0 for form in report.forms)
    assert f"{int8.recall.mean:.3f} [" in (report.folder / "card.md").read_text()


def test_all_convolutions_but_the_kept_are_in_int8(report: QuantiseReport) -> None:
    from embedder.runtime.quiet import openvino

    model = openvino().Core().read_model(report.folder / INT8_FILES[0])
    kinds = []
    for op in model.get_ordered_ops():
        if op.get_type_name() in ("Convolution", "GroupConvolution"):
            node = op.input_value(1).get_node()
            while node.get_type_name() != "Constant":
                node = node.input_value(0).get_node()
            kinds.append(node.get_element_type().get_type_name())
    assert kinds == ["f32"] + ["i8"] * (len(kinds) - 1)
    assert len(kinds) > 5


def test_it_is_listed_as_what_it_is(shop: Shop, report: QuantiseReport) -> None:
    kinds = {info.spec: info.kind for info in available(shop.directory / "models")}
    assert kinds["small"] == "int8"


def test_a_graph_that_changed_is_refused(tmp_path: Path, report: QuantiseReport, judged: Photos) -> None:
    for name in INT8_FILES:
        folder = shutil.copytree(report.folder, tmp_path / name)
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)
        with pytest.raises(Damaged, match="quantise it anew"):
            open_folder(folder).encode(judged)


@pytest.mark.parametrize("told", [["one"], "text", [1, 2], {}])
def test_a_config_that_names_no_two_files_is_refused(
    tmp_path: Path, report: QuantiseReport, told: object
) -> None:
    config = json.loads((report.folder / "config.json").read_text())
    config["vitrine"]["int8"] = told
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match="'int8' of 'vitrine'"):
        EmbedderConfig.load(tmp_path)


@pytest.mark.parametrize("runtime", ["torch", "cuda"])
def test_it_runs_on_openvino_alone(report: QuantiseReport, judged: Photos, runtime: str) -> None:
    with pytest.raises(UsageError, match=f"OpenVINO alone, not on {runtime}"):
        open_folder(report.folder, runtime=runtime).encode(judged)


def test_a_reduction_of_it_keeps_the_graph(shop: Shop, report: QuantiseReport, judged: Photos) -> None:
    fit_projection(shop, small(shop), "narrow", Reduction(dims=4))
    narrow = open_embedder("narrow", shop.directory / "models")
    assert narrow.config.int8 == small(shop).config.int8
    pooled = [one.runtime.encode(judged)[0] for one in (narrow, small(shop))]
    np.testing.assert_array_equal(*pooled)


def test_a_joined_one_keeps_the_graph_of_its_member(
    shop: Shop, tiny: Embedder, report: QuantiseReport
) -> None:
    fit_joined(shop, [small(shop), tiny], "both", Joining(dims=8))
    both = open_embedder("both", shop.directory / "models")
    assert isinstance(both, JoinedEmbedder)
    assert [member.config.int8 is not None for member in both.members] == [True, False]
    assert both.members[0].digest == small(shop).digest


def test_other_weights_are_not_computed_by_its_graph(
    tmp_path: Path, shop: Shop, tiny: Embedder, report: QuantiseReport, judged: Photos
) -> None:
    contents = Contents.of(small(shop), "")
    doubled = {name: tensor * 2 for name, tensor in contents.tensors.items()}
    folder = write_embedder(tmp_path / "other", contents.retrained(doubled))
    assert not any((folder / name).exists() for name in INT8_FILES)
    plain = write_embedder(tmp_path / "plain", replace(Contents.of(tiny, ""), tensors=doubled))
    vectors = [open_folder(one, runtime="torch").encode(judged) for one in (folder, plain)]
    np.testing.assert_array_equal(*vectors)
    assert open_folder(folder).digest == open_folder(plain).digest


def test_what_cannot_be_quantised_says_why(tmp_path: Path, shop: Shop, tiny: Embedder) -> None:
    quantise(shop, tiny, "again", Quantisation(photos=4, judged=12))
    with pytest.raises(UsageError, match="quantised already"):
        quantise(shop, open_embedder("again", shop.directory / "models"), "twice")
    fit_joined(shop, [tiny, open_embedder("again", shop.directory / "models")], "pair", Joining(dims=8))
    with pytest.raises(UsageError, match="joined of several"):
        quantise(shop, open_embedder("pair", shop.directory / "models"), "joint")
    with pytest.raises(UsageError, match="keep fewer"):
        quantise(shop, tiny, "kept", Quantisation(photos=4, judged=12, keep=99))
    with pytest.raises(UsageError, match="already"):
        quantise(shop, tiny, "again")
    with pytest.raises(UsageError, match="8 photos that can be read; quantising takes at least 24"):
        quantise(shop_of(tmp_path, 9), tiny, "few")
    left = {path.name for path in (shop.directory / "models").iterdir()}
    assert not left & {"twice", "joint", "kept", "few"}
    for wrong in ({"photos": 0}, {"judged": 11}, {"keep": -1}):
        with pytest.raises(UsageError):
            Quantisation(**wrong)
