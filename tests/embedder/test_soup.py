"""Averages as computed by hand, members that do not fit named, and a greedy choice that can say no."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from data.errors import EmptyShop, UsageError
from data.records import CatalogueRow, EncodedPhoto, PhotoRef, Product
from data.shop import Shop
from embedder.embedder import Embedder
from embedder.export import Contents, write_embedder
from embedder.finetuning.examples import read_examples
from embedder.finetuning.holding import held_out
from embedder.finetuning.learner import Head, start_of
from embedder.finetuning.objectives import build_objective
from embedder.finetuning.settings import Goal
from embedder.joining import joined_of
from embedder.jury import Jury
from embedder.made import made_of
from embedder.pipeline import remember_space
from embedder.projection import Projection, unit
from embedder.registry import open_embedder, open_folder
from embedder.soup import aligned, average, average_projection, kinship, opened, soup_of, with_fresh_norms
from embedder.soup_report import Recipe
from embedder.souping import fit_soup
from embedder.trained_on import read_trained_on
from tests.embedder.kit import drawn, jpeg, tiny_config, tiny_folder

DIMS = 6
Relative = Callable[..., Embedder]


def turn(seed: int, size: int) -> np.ndarray:
    """A random rotation."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))
    return q.astype(np.float32)


@pytest.fixture
def relative(tiny: Embedder, tmp_path: Path) -> Relative:
    """Makes embedders that descend from ``tiny``: its weights with noise, a projection of shape."""

    def make(name: str, seed: int, noise: float = 0.02, **change: object) -> Embedder:
        draw = torch.Generator().manual_seed(seed)
        tensors = {}
        for key, tensor in tiny.network.weights.tensors().items():
            if tensor.is_floating_point() and not key.endswith("running_var"):
                spread = tensor.std() if tensor.numel() > 1 else tensor.abs()
                tensor = tensor + noise * spread * torch.randn(tensor.shape, generator=draw)
            tensors[key] = tensor
        width = tiny.layout.dims[0]
        matrix = np.random.default_rng(0).normal(size=(width, DIMS)).astype(np.float32)
        whole = replace(
            Contents.of(tiny, f"# {name}\n"), tensors=tensors, projections={"shape": Projection(None, matrix)}
        )
        write_embedder(tmp_path / "relatives" / name, replace(whole, **change))  # type: ignore[arg-type]
        return open_folder(tmp_path / "relatives" / name, name, "torch")

    return make


@pytest.fixture
def shop(tmp_path: Path, tiny: Embedder) -> Shop:
    """Two photos each of sixty products of two kinds that differ in their shape.

    The vectors that the shop holds are drawn at random, so that no two photos pass for near-duplicates.
    """
    made = Shop.create(tmp_path / "shop")
    photos = tmp_path / "photos"
    photos.mkdir()
    rows, draw = [], np.random.default_rng(0)
    for i in range(60):
        for side in "ab":
            picture = np.full((64, 64, 3), 240, np.uint8)
            x, y = draw.integers(8, 24, 2)
            if i % 2:
                picture[y : y + 8, x : x + 30] = (60, 60, 90)
            else:
                picture[y : y + 30 : 4, x : x + 30] = (60, 60, 90)
            noisy = picture.astype(int) + draw.integers(-12, 12, picture.shape)
            (photos / f"{i:02}{side}.jpg").write_bytes(jpeg(np.clip(noisy, 0, 255).astype(np.uint8)))
        refs = (PhotoRef(f"{i:02}a.jpg"), PhotoRef(f"{i:02}b.jpg"))
        rows.append(CatalogueRow(i + 1, Product(f"p{i:02}", category=("bar", "grid")[i % 2]), refs))
    made.put_rows(rows, photos)
    remember_space(made, tiny)
    made.set_current_space(tiny.space)
    done = []
    for photo in next(made.pending_photos(tiny.space, 1000)):
        sha = hashlib.sha256(photo.path.read_bytes()).hexdigest()
        vector = unit(draw.normal(size=(1, tiny.layout.d)).astype(np.float32))[0]
        done.append(EncodedPhoto(photo.photo_id, sha, photo.size, photo.mtime_ns, vector))
    made.put_vectors(tiny.space, done, [])
    return made


def test_floating_tensors_are_averaged_and_integers_copied() -> None:
    a = {"w": torch.tensor([1.0, 2.0]), "var": torch.tensor([4.0]), "n": torch.tensor(7)}
    b = {"w": torch.tensor([3.0, 0.0]), "var": torch.tensor([1.0]), "n": torch.tensor(9)}
    got = average([a, b])
    assert got["w"].tolist() == [2.0, 1.0]
    assert got["var"].tolist() == [2.5]
    assert got["n"].item() == 7
    assert average([a, a, b])["w"].tolist() == pytest.approx([5 / 3, 4 / 3])


def test_the_members_precision_is_kept() -> None:
    half, single = {"w": torch.tensor([1.0]).half()}, {"w": torch.tensor([2.0])}
    assert average([half, half])["w"].dtype == torch.float16
    assert average([half, single])["w"].dtype == torch.float32


def test_the_file_holds_the_mean_of_the_members_files(relative: Relative, tmp_path: Path) -> None:
    members = [relative(name, seed) for seed, name in enumerate("abc")]
    shop = Shop.create(tmp_path / "plain")
    report = fit_soup(shop, members, "soup")
    got = load_file(report.folder / "model.safetensors")
    files = [load_file(tmp_path / "relatives" / name / "model.safetensors") for name in "abc"]
    assert set(got) == set(files[0])
    for name, tensor in got.items():
        if tensor.is_floating_point():
            wanted = torch.stack([file[name] for file in files]).mean(0)
            torch.testing.assert_close(tensor, wanted, rtol=1e-5, atol=1e-7)
    soup = open_embedder("soup", shop.directory / "models", "torch")
    assert soup.space == report.space
    assert soup.space.startswith("soup-")
    assert (report.values, report.better, report.used) == (None, None, (0, 1, 2))
    assert report.as_json()["members"] == [{"name": n, "used": True, "map_at_r": None} for n in "abc"]
    assert "the average of 3 of 3" in (report.folder / "card.md").read_text()


def test_a_soup_of_one_embedder_with_itself_is_that_embedder(relative: Relative, tmp_path: Path) -> None:
    one = relative("one", 1)
    shop = Shop.create(tmp_path / "plain")
    fit_soup(shop, [one, one], "soup")
    soup = open_embedder("soup", shop.directory / "models", "torch")
    assert soup.digest == one.digest
    np.testing.assert_array_equal(soup.encode(drawn(4)), one.encode(drawn(4)))


def test_a_projection_is_turned_onto_the_first_before_it_is_averaged() -> None:
    draw = np.random.default_rng(3)
    first = draw.normal(size=(20, DIMS)).astype(np.float32)
    x = draw.normal(size=(50, 20)).astype(np.float32)
    turned = (2.5 * first @ turn(1, DIMS)).astype(np.float32)
    np.testing.assert_allclose(aligned(turned, first), first, atol=1e-5)
    other = (first + 0.3 * draw.normal(size=first.shape)).astype(np.float32)
    before, after = unit(x @ other), unit(x @ aligned(3 * other @ turn(2, DIMS), first))
    np.testing.assert_allclose(before @ before.T, after @ after.T, atol=1e-4)
    got = average_projection([Projection(None, first), Projection(None, turned)])
    np.testing.assert_allclose(got.matrix, first, atol=1e-5)
    naive = unit(x @ (first + turned))
    wanted = unit(x @ first)
    assert np.abs(naive @ naive.T - wanted @ wanted.T).max() > 0.2


def test_no_mean_is_a_mean_of_zeros() -> None:
    mean = np.asarray([2.0, 4.0], np.float32)
    assert average_projection([Projection(mean), Projection()]).mean == pytest.approx([1.0, 2.0])
    assert average_projection([Projection(), Projection()]).mean is None


def test_members_that_do_not_fit_are_told_apart(relative: Relative, tiny: Embedder, tmp_path: Path) -> None:
    one = relative("one", 1)

    def refused(other: Embedder, message: str) -> None:
        with pytest.raises(UsageError, match=message):
            soup_of([one, other])

    photo = replace(tiny.config.preprocessing, width=48)
    refused(
        relative("narrow", 1, config=replace(tiny.config, preprocessing=photo)),
        "preprocessings differ: 64×64",
    )
    heavier = replace(tiny.config, weights=(0.9, 0.05, 0.05))
    refused(relative("heavier", 1, config=heavier), "default weights differ")
    aspects = (replace(tiny.config.aspects[0], pooling="max"), *tiny.config.aspects[1:])
    refused(relative("max", 1, config=replace(tiny.config, aspects=aspects)), "aspects differ")
    refused(relative("bare", 1, projections={}), r"projections of 'shape' differ: \d+ → 6 and none")
    stranger = tiny_folder(tmp_path / "stranger", seed=5)
    with pytest.raises(UsageError, match=r"not descend from the same weights \(cosine of their filters 0\.0"):
        soup_of([tiny, open_folder(stranger, "stranger")])
    config = tiny_config("test_vit")
    with pytest.raises(UsageError, match="architectures differ: test_resnet and test_vit"):
        soup_of([tiny, open_folder(tiny_folder(tmp_path / "vit", **config), "vit")])
    refused(joined_of("both", [one, tiny]), "average its members")
    with pytest.raises(UsageError, match="two embedders or more"):
        soup_of([one])


def test_kinship_is_the_cosine_of_all_filters() -> None:
    a = {"f": torch.tensor([[3.0, 0.0]]), "g": torch.tensor([[0.0, 4.0]]), "bias": torch.tensor([9.0])}
    b = {"f": torch.tensor([[1.0, 0.0]]), "g": torch.tensor([[0.0, 0.0]]), "bias": torch.tensor([-9.0])}
    assert kinship(a, a) == pytest.approx(1.0)
    assert kinship(a, b) == pytest.approx(3 / 5)


def test_norms_are_recomputed_on_the_photos_they_are_given(tiny: Embedder) -> None:
    contents = Contents.of(tiny, "")
    photos = drawn(33)
    fresh = with_fresh_norms(contents, photos)
    assert set(fresh) == set(contents.tensors)
    changed = {name for name in fresh if not torch.equal(fresh[name], contents.tensors[name])}
    assert changed
    assert all(name.endswith(("running_mean", "running_var", "num_batches_tracked")) for name in changed)
    # The first norm sees the first convolution of the normalised photos: its mean can be computed by hand.
    size = tiny.config.preprocessing
    mean, std = np.asarray(size.mean, np.float32), np.asarray(size.std, np.float32)
    inputs = torch.from_numpy(((photos / 255 - mean) / std).astype(np.float32).transpose(0, 3, 1, 2).copy())
    model = tiny.network.build().model
    first = next(module for module in model.modules() if isinstance(module, torch.nn.Conv2d))
    halves = [first(part).mean((0, 2, 3)) for part in torch.tensor_split(inputs, 2)]
    torch.testing.assert_close(
        fresh["conv1.1.running_mean"], torch.stack(halves).mean(0), rtol=1e-3, atol=1e-4
    )


def trained(features: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """A projection (d, DIMS) under which photos of one kind lie together, by some steps of a softmax."""
    torch.manual_seed(0)
    start = start_of(Projection(), features, DIMS)
    head = Head(start)
    objective = build_objective(Goal(), 2, DIMS)
    optimiser = torch.optim.AdamW([*head.parameters(), *objective.parameters()], lr=3e-3)
    for _ in range(160):
        optimiser.zero_grad()
        objective(head(torch.from_numpy(features)), torch.from_numpy(kinds)).backward()
        optimiser.step()
    return head.matrix.detach().numpy()


@pytest.fixture
def mirrored(shop: Shop, tiny: Embedder, relative: Relative) -> list[Embedder]:
    """A trained projection with noise, the same with the noise's sign turned, and one that tells nothing."""
    ids = [f"p{i:02}" for i in range(60)]
    paths = [shop.photo_path(photo) for found in shop.photos_of_products(ids).values() for photo in found]
    vectors, _ = tiny.encode_files(paths)
    kinds = np.asarray([int(path.stem[:2]) % 2 for path in paths])
    features = vectors[:, tiny.layout.slices[0]]
    matrix = trained(features, kinds)
    noise = np.random.default_rng(2).normal(size=matrix.shape).astype(np.float32) * matrix.std() * 1.5
    blind = np.random.default_rng(3).normal(size=matrix.shape).astype(np.float32) ** 9
    made = {"plus": matrix + noise, "minus": matrix - noise, "blind": blind}
    return [relative(name, 1, 0.0, projections={"shape": Projection(None, m)}) for name, m in made.items()]


def test_greedy_takes_what_makes_the_average_better_and_nothing_else(
    shop: Shop, mirrored: list[Embedder]
) -> None:
    told: list[str] = []
    recipe = Recipe(label="category", greedy=True)
    report = fit_soup(shop, mirrored, "soup", recipe, told.append)
    assert report.values is not None
    assert report.value is not None
    assert set(report.used) == {0, 1}
    assert report.value > max(report.values) + 0.1
    assert report.better
    jury = Jury.seat(shop, mirrored[0], recipe, "category")
    assert [jury.value(Contents.of(member, "")) for member in mirrored] == pytest.approx(report.values)
    best, other = report.used
    assert report.values[best] >= report.values[other]
    assert report.value == pytest.approx(jury.value(soup_of([mirrored[best], mirrored[other]])))
    with_all = jury.value(soup_of([mirrored[best], mirrored[other], mirrored[2]]))
    assert with_all <= report.value
    assert report.photos == len(jury.photos) > 5
    verdicts = [line.split(", ")[-1] for line in told if line.startswith("with ")]
    assert sorted(verdicts) == ["better", "no better"]
    assert "chosen greedily" in (report.folder / "card.md").read_text()


def test_a_uniform_soup_takes_all_and_tells_what_it_is_worth(shop: Shop, relative: Relative) -> None:
    members = [relative("good", 1), relative("broken", 3, noise=0.9)]
    report = fit_soup(shop, members, "soup", Recipe(label="category", fresh_norms=True))
    learnt = read_trained_on(report.folder)  # chosen by labels, though its members learnt from none
    assert learnt is not None
    assert learnt.products
    assert not learnt.complete
    assert made_of(report.folder) == "soup"
    assert report.used == (0, 1)
    assert report.values is not None
    assert report.value is not None
    assert report.better is (report.value > max(report.values))
    assert "recomputed" in (report.folder / "card.md").read_text()
    plain = fit_soup(shop, members, "plain", Recipe())
    assert plain.space.split("-")[-1] != report.space.split("-")[-1]


def test_the_jury_sits_on_products_that_were_not_learnt_from(shop: Shop, tiny: Embedder) -> None:
    jury = Jury.seat(shop, tiny, Recipe(label="category"), "category")
    examples = read_examples(shop, tiny.space, ["category"])
    train, validation, test = held_out(examples, tiny.layout, "stratified", 7).rows()
    wanted = np.stack([tiny.prepare(examples.paths[i]) for i in validation])
    np.testing.assert_array_equal(jury.photos, wanted)
    judged = {examples.products[i] for i in validation}
    assert not judged & {examples.products[i] for i in (*train, *test)}


def test_what_cannot_be_judged(shop: Shop, relative: Relative, tmp_path: Path) -> None:
    members = [relative("a", 1), relative("b", 2)]
    with pytest.raises(UsageError, match="--label"):
        Recipe(greedy=True)
    with pytest.raises(UsageError, match="no aspect 'colour'"):
        fit_soup(shop, members, "x", Recipe(label="category", aspect="colour"))
    with pytest.raises(UsageError, match="column 'nothing'"):
        fit_soup(shop, members, "x", Recipe(label="nothing"))
    with pytest.raises(EmptyShop, match="vitrine index"):
        fit_soup(Shop.create(tmp_path / "empty"), members, "x", Recipe(label="category"))
    with pytest.raises(UsageError, match="no photos"):
        fit_soup(Shop.create(tmp_path / "empty2"), members, "x", Recipe(fresh_norms=True))
    assert not (shop.directory / "models" / "x").exists()


def test_an_embedder_in_memory_is_the_one_on_disk(relative: Relative) -> None:
    one = relative("one", 1)
    memory = opened("one", Contents.of(one, ""))
    assert memory.space == one.space
    np.testing.assert_allclose(memory.encode(drawn(3)), one.encode(drawn(3)), atol=1e-6)
